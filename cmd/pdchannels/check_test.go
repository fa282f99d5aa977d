package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// theApp is an app with a history of one conversation, whose answers a test may change. The text of
// an answer may have terminal control in it.
func theApp(t *testing.T, change func(w http.ResponseWriter, r *http.Request) (done bool)) (url string, env vars) {
	t.Helper()
	const conversation = `{"id":"c1","link":"","status":"open","seen":true,"messages":[],"participants":[` +
		`{"id":"shop","name":"S","role":"source_user"},{"id":"ada","name":"A","role":"end_user"}]}`
	posted := 0
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		switch route := r.Method + " " + r.URL.Path; {
		case change != nil && change(w, r):
		case id != "the-app" || secret != "canary-secret":
			answer(w, 401, `{"success":false,"data":{"message":"no","code":"UNAUTHORIZED"}}`)
		case route == "GET /channels/sample-channel/conversations" && r.URL.Query().Get("after") == "":
			answer(w, 200, `{"success":true,"data":[`+conversation+`],"additional_data":{}}`)
		case route == "GET /channels/sample-channel/conversations/c1" && r.URL.Query().Get("after") == "":
			answer(w, 200, `{"success":true,"data":`+conversation+`,"additional_data":{}}`)
		case route == "POST /channels/sample-channel/messages" && r.FormValue("conversationId") == "c1":
			posted++
			answer(w, 200, fmt.Sprintf(`{"success":true,"data":{"id":"p%d"}}`, posted))
		default:
			answer(w, 404, `{"success":false,"data":{"message":"no","code":"NOT_FOUND"}}`)
		}
	}))
	t.Cleanup(app.Close)
	return app.URL, vars{"PIPEDRIVE_CLIENT_ID": "the-app", "PIPEDRIVE_CLIENT_SECRET": "canary-secret"}
}

func manifestOf(url string) string {
	channel := url + "/channels/:providerChannelId"
	return `{"version":"v202101","endpoints":{"getConversations":"` + channel + `/conversations","getConversationById":"` + channel +
		`/conversations/:sourceConversationId","postMessage":"` + channel + `/messages"}}`
}

func TestCheck(t *testing.T) {
	t.Parallel()
	url, env := theApp(t, nil)
	// One conversation without messages does not show whether limits are kept to.
	r := pdchannels(t, env, "check", "--provider", url)
	r.wants(t, exitUnsure, "not all was checked: there is one conversation with no more than one message", "test messages are written")
	for _, part := range []string{"✓ the history", "GET /channels/sample-channel/conversations?", "→ 200 application/json", "0 violations\n0 risks\n", "written into the conversation c1."} {
		if !strings.Contains(r.stdout, part) {
			t.Errorf("no %q in %s", part, r.stdout)
		}
	}
	verbose := pdchannels(t, env, "check", "--provider", url, "--no-messages", "-v")
	if !strings.Contains(verbose.stdout, `got  200 application/json {"success":true`) || strings.Contains(verbose.stdout, "written") || verbose.stderr != "" {
		t.Errorf("stdout %s, stderr %s", verbose.stdout, verbose.stderr)
	}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, manifestOf(url)) }))
	t.Cleanup(served.Close)
	pdchannels(t, env, "check", "--manifest", served.URL, "--no-messages").wants(t, exitUnsure, "✓ the history", "")
	pdchannels(t, env, "check", "--manifest", url+"/none").wants(t, exitUsage, "", "status 401")
	object := piped(t, env, manifestOf(url), "check", "--manifest", "-", "--json").object(t)
	if field(object, "check", "verdict") != "not_checked" || field(object, "check", "conversation") != "c1" || field(object, "check", "violations") != 0.0 {
		t.Errorf("%v", object)
	}
}

func TestCheckTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	url, env := theApp(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "" && !strings.Contains(r.URL.Path, "c1") {
			return false
		}
		_, secret, _ := r.BasicAuth()
		answer(w, 200, `"`+secret+"\x1b[2J\u202e evil\"")
		return true
	})
	r := pdchannels(t, env, "check", "--provider", url)
	r.wants(t, exitFailed, "auth-missing: compare the Authorization header", "test messages")
	if whole := r.stdout + r.stderr; strings.Contains(whole, "canary") || strings.ContainsAny(whole, "\x1b\u202e") {
		t.Errorf("%s", whole)
	}
	first, _, _ := strings.Cut(strings.SplitN(r.stdout, "To fix, in this order:", 2)[1], " 2. ")
	if !strings.Contains(first, " 1. violation ") || !strings.Contains(first, "sent GET ") {
		t.Errorf("first to fix: %s", first)
	}
	only := pdchannels(t, env, "check", "--provider", url, "--only", "auth-missing")
	only.wants(t, exitFailed, "1. violation auth-missing · ", "test messages")
	if strings.Contains(only.stdout, " 2. ") || !strings.Contains(only.stdout, "1 violation\n0 risks\n") {
		t.Errorf("only one rule: %s", only.stdout)
	}
	object := pdchannels(t, env, "check", "--provider", url, "--json").object(t)
	if field(object, "check", "verdict") != "violation" || field(object, "check", "violations") == 0.0 {
		t.Errorf("%v", object)
	}
}

func TestCheckWrongUse(t *testing.T) {
	t.Parallel()
	url, env := theApp(t, func(_ http.ResponseWriter, r *http.Request) bool {
		t.Errorf("%s was called", r.URL)
		return false
	})
	bad := writeFile(t, "manifest.json", `{"version":"v1","endpoints":{"getConversations":"/x"}}`)
	for want, args := range map[string][]string{
		"say which app":        {},
		"by --provider URL or": {"--provider", url, "--manifest", bad},
		"Channel: it is empty": {"--provider", url, "--channel", ""},
		"above zero":           {"--provider", url, "--pages", "0"},
		"no such file":         {"--manifest", bad + "x"},
		"postMessage: it is missing, and every app needs it": {"--manifest", bad},
		"not https":            {"--provider", "http://messenger.example"},
		"unexpected argument ": {"--provider", url, "whatsapp-1"},
		"there is no rule \"auth\"; the rules are no-answer, ": {"--provider", url, "--only", "auth"},
		"set one": {"--provider", url, "--no-messages", "--conversation", "c1"},
	} {
		pdchannels(t, env, append([]string{"check"}, args...)...).wants(t, exitUsage, "", want)
	}
	pdchannels(t, env.with("PIPEDRIVE_CLIENT_ID", ""), "check", "--provider", url).wants(t, exitUsage, "", "set PIPEDRIVE_CLIENT_ID")
	pdchannels(t, env.with("PIPEDRIVE_CLIENT_SECRET", ""), "check", "--provider", url).wants(t, exitUsage, "", "the app's secret is missing")
}

func TestCheckInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url, env := theApp(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "c1") {
			cancel()
		}
		return false
	})
	var stdout, stderr strings.Builder
	code := run(ctx, []string{"check", "--provider", url}, env.getenv, nil, &stdout, &stderr)
	result{code, stdout.String(), stderr.String()}.wants(t, exitUnsure, "The run ended early: it was interrupted.", "test messages")
	if !strings.Contains(stdout.String(), "✓ the history") {
		t.Errorf("what was found until then is missing: %s", stdout.String())
	}
	r := pdchannels(t, env, "check", "--provider", url, "--max-time", "1ns")
	r.wants(t, exitUnsure, "The run ended early: its time was up.", "test messages")
}
