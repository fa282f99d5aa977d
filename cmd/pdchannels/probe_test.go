package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	html := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { answer(w, status, "<html><title>Hello</title></html>") }
	}
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		verdict string
		code    int
		says    string
	}{
		"the refusal":     {refusal(400, "INVALID_RECEIVE_MESSAGE_PAYLOAD"), "alive", exitDone, "alive and open to this credential"},
		"no token":        {refusal(401, ""), "refused", exitNotAllowed, "alive, but refuses this credential"},
		"forbidden":       {refusal(403, ""), "refused", exitNotAllowed, "alive, but not open to this credential"},
		"limited":         {refusal(429, ""), "limited", exitNotAllowed, "a limit is used up"},
		"no such path":    {refusal(404, ""), "gone", exitFailed, "withdrawn, or the base URL is wrong"},
		"gone for good":   {refusal(410, ""), "gone", exitFailed, "withdrawn, or the base URL is wrong"},
		"another refusal": {refusal(400, "INVALID_BODY"), "something_else", exitFailed, "not as the Channels API does"},
		"a login page":    {html(401), "something_else", exitFailed, "not as the Channels API does"},
		"a busy proxy":    {html(429), "something_else", exitFailed, "not as the Channels API does"},
		"a wrong path":    {html(404), "gone", exitFailed, "withdrawn, or the base URL is wrong"},
		"a proxy":         {html(403), "something_else", exitFailed, "not as the Channels API does"},
		"a web site":      {html(200), "something_else", exitFailed, "not as the Channels API does"},
		"accepted":        {func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, `{"success":true}`) }, "something_else", exitFailed, "without any content was accepted"},
		"redirected": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusMovedPermanently)
		}, "something_else", exitFailed, "elsewhere.example"},
		"broken there": {html(502), "no_answer", exitUnsure, "a server error"},
		"hung up":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "no_answer", exitUnsure, "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := scripted(t, c.answer)
			r := pdchannels(t, env, "probe", "--attempts", "1")
			r.wants(t, c.code, c.says, "")
			if !strings.HasPrefix(r.stdout, env["PIPEDRIVE_BASE_URL"]+" ") || (c.code == exitDone) == strings.Contains(r.stdout, "What it saw: ") {
				t.Errorf("stdout: %s", r.stdout)
			}
			r = pdchannels(t, env, "probe", "--attempts", "1", "--json")
			if got := field(r.object(t), "probe", "verdict"); r.code != c.code || got != c.verdict {
				t.Errorf("exit code %d, %s", r.code, r.stdout)
			}
		})
	}
}

func TestProbeOfTheEmulator(t *testing.T) {
	t.Parallel()
	server, env := pipedrive(t)
	pdchannels(t, env, "probe").wants(t, exitDone, "alive and open to this credential", "")
	pdchannels(t, env, "probe", "--base-url", server.URL+"/v9").wants(t, exitFailed, "withdrawn, or the base URL is wrong", "")
	pdchannels(t, env.with("PIPEDRIVE_ACCESS_TOKEN", "wrong"), "probe").wants(t, exitNotAllowed, "refuses this credential", "")
	if got := server.Channels(); len(got) != 0 {
		t.Errorf("a probe left %v", got)
	}
}
