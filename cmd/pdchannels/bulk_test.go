package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// shop is pipedrive with the channel shop-1.
func shop(t *testing.T) (messages func(conversation string) []string, env vars) {
	t.Helper()
	server, env := pipedrive(t)
	pdchannels(t, env, "channel", "add", "--name", "Shop", "--id", "shop-1").wants(t, exitDone, "shop-1", "")
	return func(conversation string) (ids []string) {
		for _, m := range server.Messages("shop-1", conversation) {
			ids = append(ids, m.ID)
		}
		return ids
	}, env
}

func TestAFileOfMessagesIsDelivered(t *testing.T) {
	t.Parallel()
	messages, env := shop(t)
	file := writeFile(t, "in.jsonl", jsonLines("m-1 c-1", "", "m-2 c-2", "m-3 c-1"))
	pdchannels(t, env, "message", "receive", "--file", file).wants(t, exitDone, "3 of 3 messages delivered in ", "")
	if c1, c2 := messages("c-1"), messages("c-2"); strings.Join(c1, " ") != "m-1 m-3" || strings.Join(c2, " ") != "m-2" {
		t.Errorf("Pipedrive has %v and %v", c1, c2)
	}
	if left, _ := filepath.Glob(filepath.Dir(file) + "/*"); len(left) != 1 {
		t.Errorf("there are %v", left)
	}
}

func TestWhatIsNotDeliveredCanBeFedInAgain(t *testing.T) {
	t.Parallel()
	messages, env := shop(t)
	elsewhere := strings.ReplaceAll(jsonLines("m-1 c-1", "m-2 c-1"), "shop-1", "shop-2")
	file := writeFile(t, "in.jsonl", elsewhere+jsonLines("m-3 c-1"))
	r := pdchannels(t, env, "message", "receive", "--file", file)
	kept := filepath.Join(filepath.Dir(file), "in.undelivered.jsonl")
	r.wants(t, exitUnsure, "1 of 3 messages delivered", "line 1, message m-1: receiveMessage: answered 404 NOT_FOUND")
	for _, want := range []string{"  1 refused\n", "  1 held back", "pdchannels message receive --file " + kept} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the summary does not say %q:\n%s", want, r.stdout)
		}
	}
	if got := readFile(t, kept); got != elsewhere {
		t.Errorf("kept:\n%s", got)
	}
	if info, err := os.Stat(kept); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: messages are nobody else's business", info, err)
	}

	pdchannels(t, env, "channel", "add", "--name", "Second shop", "--id", "shop-2").wants(t, exitDone, "shop-2", "")
	again := filepath.Join(filepath.Dir(file), "in.undelivered.undelivered.jsonl")
	pdchannels(t, env, "message", "receive", "--file", kept).wants(t, exitDone, "2 of 2 messages delivered", "")
	if _, err := os.Stat(again); err == nil {
		t.Errorf("%s is left although all was delivered", again)
	}
	if got := messages("c-1"); len(got) != 1 {
		t.Errorf("the first shop has %v", got)
	}
}

func TestMessagesFromStdin(t *testing.T) {
	t.Parallel()
	messages, env := shop(t)
	kept := filepath.Join(t.TempDir(), "later.jsonl")
	r := piped(t, env, jsonLines("m-1 c-1", "not a message"), "message", "receive", "--json", "--file", "-", "--undelivered", kept)
	object := r.object(t)
	for field, want := range map[string]any{"messages": 2.0, "delivered": 1.0, "unreadable": 1.0, "refused": 0.0, "requests": 1.0, "rate_limited": 0.0, "undelivered_file": kept, "stopped": nil} {
		if got := object["summary"].(map[string]any)[field]; got != want {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	problems, _ := object["problems"].([]any)
	if r.code != exitUnsure || len(problems) != 1 || problems[0].(map[string]any)["line"] != 2.0 || readFile(t, kept) != "not a message\n" {
		t.Errorf("exit code %d, problems %v, kept %q", r.code, problems, readFile(t, kept))
	}
	if got := messages("c-1"); len(got) != 1 {
		t.Errorf("Pipedrive has %v", got)
	}
}

func TestNothingIsSentIfNothingCanBeKept(t *testing.T) {
	t.Parallel()
	messages, env := shop(t)
	file := writeFile(t, "in.jsonl", jsonLines("m-1 c-1"))
	earlier := filepath.Join(filepath.Dir(file), "in.undelivered.jsonl")
	if err := os.WriteFile(earlier, []byte("of an earlier run\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pdchannels(t, env, "message", "receive", "--file", file).wants(t, exitUsage, "", earlier+" exists")
	if got := readFile(t, earlier); got != "of an earlier run\n" {
		t.Errorf("the file of an earlier run became %q", got)
	}
	pdchannels(t, env, "message", "receive", "--file", file, "--undelivered", file).wants(t, exitUsage, "", file+" exists")
	pdchannels(t, env, "message", "receive", "--file", os.DevNull).wants(t, exitUsage, "", "is not a regular file")
	pdchannels(t, env, "message", "receive", "--file", file, "--undelivered", filepath.Join(file, "kept")).
		wants(t, exitUsage, "", "cannot create the file for undelivered messages")
	if got := messages("c-1"); got != nil {
		t.Errorf("Pipedrive has %v", got)
	}
}

func TestCheckSendsNothing(t *testing.T) {
	t.Parallel()
	env := vars{} // neither a credential nor a service is needed
	good := writeFile(t, "good.jsonl", jsonLines("m-1 c-1", "", "m-2 c-1"))
	pdchannels(t, env, "message", "receive", "--check", "--file", good).wants(t, exitDone, "2 of 2 messages are well formed. Nothing was sent.", "")
	bad := writeFile(t, "bad.jsonl", jsonLines("m-1 c-1", "what?", strings.Repeat("x", 2*maxLine), "m-2 c-1"))
	r := pdchannels(t, env, "message", "receive", "--check", "--file", bad)
	r.wants(t, exitUsage, "2 of 4 messages are well formed", "line 2: not JSON")
	if !strings.Contains(r.stderr, "line 3: longer than 1048576 bytes") {
		t.Errorf("stderr: %s", r.stderr)
	}
	r = piped(t, env, "what?", "message", "receive", "--check", "--file", "-", "--json")
	if r.code != exitUsage || field(r.object(t), "check", "unreadable") != 1.0 {
		t.Errorf("%+v", r)
	}
	for _, name := range []string{good, bad} {
		if left, _ := filepath.Glob(filepath.Dir(name) + "/*"); len(left) != 1 {
			t.Errorf("there are %v", left)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr strings.Builder
	if code := run(ctx, []string{"message", "receive", "--check", "--file", good}, env.getenv, nil, &stderr, &stderr); code != exitFailed {
		t.Errorf("interrupted: exit code %d, %s", code, stderr.String())
	}
}

func TestAnInterruptIsToldAndCounted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	env := scripted(t, func(w http.ResponseWriter, _ *http.Request) {
		interrupt()
		answer(w, http.StatusOK, `{"success":true,"data":{"id":"m-1"}}`)
	})
	file := writeFile(t, "in.jsonl", jsonLines("m-1 c-1", "m-2 c-1"))
	var stdout, stderr strings.Builder
	code := run(ctx, []string{"message", "receive", "--json", "--file", file}, env.getenv, nil, &stdout, &stderr)
	r := result{code, stdout.String(), stderr.String()}
	r.wants(t, exitUnsure, `"untried":1`, "Interrupted: finishing messages in flight")
	if strings.Count(r.stderr, "Interrupted") != 1 || field(r.object(t), "summary", "stopped") != "interrupted" {
		t.Errorf("%+v", r)
	}
	if kept := readFile(t, filepath.Join(filepath.Dir(file), "in.undelivered.jsonl")); kept != jsonLines("m-2 c-1") {
		t.Errorf("kept %q", kept)
	}
}

func TestTheSummaryCountsRequests(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "in.jsonl", jsonLines("m-1 c-1"))
	for attempts, c := range map[string]struct {
		status            int
		requests, limited float64
	}{
		"1": {http.StatusTooManyRequests, 1, 1},
		"2": {http.StatusInternalServerError, 2, 0},
	} {
		kept := filepath.Join(t.TempDir(), "kept.jsonl")
		r := pdchannels(t, scripted(t, lasting(c.status)), "message", "receive", "--json", "--patience", "0s", "--attempts", attempts, "--file", file, "--undelivered", kept)
		if made, limited := field(r.object(t), "summary", "requests"), field(r.object(t), "summary", "rate_limited"); made != c.requests || limited != c.limited {
			t.Errorf("%d: %v requests, %v limited", c.status, made, limited)
		}
	}
}

func TestAFileThatTheAPIDeniesExitsAsOneMessageDoes(t *testing.T) {
	t.Parallel()
	_, env := shop(t)
	file := writeFile(t, "in.jsonl", jsonLines("m-1 c-1", "m-2 c-2"))
	r := pdchannels(t, env.with("PIPEDRIVE_ACCESS_TOKEN", "wrong"), "message", "receive", "--file", file)
	r.wants(t, exitNotAllowed, "0 of 2 messages delivered", "line 1, message m-1: receiveMessage: answered 401")
	if kept := readFile(t, filepath.Join(filepath.Dir(file), "in.undelivered.jsonl")); kept != jsonLines("m-1 c-1", "m-2 c-2") {
		t.Errorf("kept:\n%s", kept)
	}
}

func TestNamesForWhatIsNotDelivered(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"messages.jsonl": "messages.undelivered.jsonl", "dir.d/messages": "dir.d/messages.undelivered", "-": "stdin.undelivered.jsonl",
		"messages.undelivered.jsonl": "messages.undelivered-2.jsonl", "messages.undelivered-2.jsonl": "messages.undelivered-3.jsonl",
		"messages.undelivered-99.jsonl": "messages.undelivered-100.jsonl", "messages.undelivered-x.jsonl": "messages.undelivered-x.undelivered.jsonl",
		"dir.d/messages.undelivered": "dir.d/messages.undelivered-2", "stdin.undelivered.jsonl": "stdin.undelivered-2.jsonl",
	} {
		if got := undeliveredName(input); got != want {
			t.Errorf("%s: %s, want %s", input, got, want)
		}
	}
}

func TestProgressSaysHowFar(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	counts := [fates]int{delivered: 30, refused: 2}
	for name, c := range map[string]struct {
		size, read int64
		state      channels.LimiterState
		want       string
	}{
		"a file":       {1000, 250, channels.LimiterState{}, "30 delivered · 2 not · 8.0 a second · 25 %, 12s left"},
		"a pipe":       {-1, 250, channels.LimiterState{}, "30 delivered · 2 not · 8.0 a second"},
		"at the limit": {-1, 250, channels.LimiterState{Limit: 20, Waiting: 4}, "30 delivered · 2 not · 8.0 a second of the 10 allowed"},
		"all at once":  {-1, 250, channels.LimiterState{Limit: 10, Waiting: 4}, "30 delivered · 2 not · 5.0 a second of the 5 allowed"},
		"a burst":      {1000, 250, channels.LimiterState{HeldUntil: at(6)}, "30 delivered · 2 not · 25 % · waiting until 07:58:06, as a 429 asks for"},
		"a daily limit": {1000, 250, channels.LimiterState{Refusing: channels.ErrDailyLimit, NextProbe: at(300)},
			"30 delivered · 2 not · 25 % · waiting: the daily budget is used up, next try at 08:03:00; Ctrl-C keeps the rest"},
		"a limit until tomorrow": {-1, 0, channels.LimiterState{Refusing: channels.ErrBlocked, NextProbe: at(86400)},
			"30 delivered · 2 not · waiting: a proxy before the API blocks this client, next try at 07:58 on 2 March; Ctrl-C keeps the rest"},
		"a probe": {-1, 0, channels.LimiterState{Refusing: channels.ErrBlocked, NextProbe: at(3)}, "30 delivered · 2 not · trying again after: a proxy before the API blocks this client"},
	} {
		p := newProgress(nil, nil, c.size, start)
		if got := p.text(counts, sample{at(4), 32, c.read}, c.state); got != c.want {
			t.Errorf("%s: %q\nwant %q", name, got, c.want)
		}
	}
}

// The rate is that of the last ten seconds: nine of them brought 10 messages each, after a pause.
func TestProgressKnowsTheRateOfLate(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC)
	p := newProgress(nil, &output{to: io.Discard}, 4000, start)
	for s := range 60 {
		done := 10 * max(0, s-30)
		p.show([fates]int{delivered: done}, int64(10*done), channels.LimiterState{}, start.Add(time.Duration(s)*time.Second))
	}
	if got := p.text([fates]int{delivered: 300}, sample{start.Add(time.Minute), 300, 3000}, channels.LimiterState{}); got != "300 delivered · 10.0 a second · 75 %, 10s left" {
		t.Errorf("got %q", got)
	}
	if len(p.samples) > samplesKept {
		t.Errorf("%d samples are kept", len(p.samples))
	}
}

func TestProgressIsDrawnOnATerminalAndLoggedElsewhere(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC)
	for terminal, want := range map[bool]string{
		true: "\r\x1b[?7l30 delivered · 3.3 a second\x1b[K\x1b[?7h" + "\r\x1b[?7l30 delivered · 2.5 a second\x1b[K\x1b[?7h" +
			strings.Repeat("\r\x1b[?7l60 delivered · waiting until 07:58:50, as a 429 asks for\x1b[K\x1b[?7h", 2) + "\r\x1b[K",
		false: "30 delivered · 2.5 a second\n60 delivered · waiting until 07:58:50, as a 429 asks for\n",
	} {
		var screen strings.Builder
		to := &output{to: &screen}
		var line *statusLine
		if terminal {
			line = &statusLine{to: to}
		}
		p := newProgress(line, to, -1, start)
		var state channels.LimiterState
		for _, shown := range []struct{ delivered, at int }{{30, 9}, {30, 12}, {60, 23}, {60, 34}} {
			if shown.delivered == 60 {
				state.HeldUntil = start.Add(50 * time.Second)
			}
			p.show([fates]int{delivered: shown.delivered}, 0, state, start.Add(time.Duration(shown.at)*time.Second))
		}
		line.clear()
		line.clear()
		if got := screen.String(); got != want {
			t.Errorf("terminal %v: got %q\nwant %q", terminal, got, want)
		}
	}
}

func TestTheListOfProblemsIsBounded(t *testing.T) {
	t.Parallel()
	r := piped(t, nil, strings.Repeat("what?\n", maxProblems+7), "message", "receive", "--check", "--file", "-", "--json")
	problems, _ := r.object(t)["problems"].([]any)
	if len(problems) != maxProblems || r.object(t)["problems_left_out"] != 7.0 || strings.Count(r.stderr, "\n") != maxProblems+7 {
		t.Errorf("%d problems, %v left out, %d lines", len(problems), r.object(t)["problems_left_out"], strings.Count(r.stderr, "\n"))
	}
}
