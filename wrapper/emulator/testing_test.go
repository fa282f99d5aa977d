// What a test in Go has of the emulator: waiting, walking, and a log that tells what happened.

package emulator_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// witness is a test that fails when it is told to, and remembers what it was told.
type witness struct {
	testing.TB
	mu      sync.Mutex
	log     strings.Builder
	failed  bool
	cleanup []func()
}

func (w *witness) Helper()          {}
func (w *witness) Cleanup(f func()) { w.cleanup = append(w.cleanup, f) }
func (w *witness) Failed() bool     { return w.failed }

func (w *witness) Logf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(&w.log, format+"\n", args...)
}

type fatal struct{}

func (w *witness) Fatalf(format string, args ...any) {
	w.Logf(format, args...)
	w.failed = true
	panic(fatal{})
}

// end runs the cleanups as a test does.
func (w *witness) end() string {
	for _, f := range slices.Backward(w.cleanup) {
		f()
	}
	return w.log.String()
}

func TestATestThatFailsTellsWhatHappened(t *testing.T) {
	t.Parallel()
	w := &witness{TB: t}
	a := api{Server: emulator.Start(w, emulator.Config{}), tb: t}
	a = a.as(a.Users()[0])
	a.receive(message())
	w.failed = true
	log := w.end()
	for _, want := range []string{
		"path=/v1/channels/messages/receive status=404 code=NOT_FOUND reason=\"Channel not found.\"", "channel.unknown (documented)",
		"what happened at the emulator:\n→ #1 receiveMessage \"m1\" 404 refused NOT_FOUND: Channel not found.",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %q:\n%s", want, log)
		}
	}
	if strings.Contains(log, a.AccessToken()) || strings.Contains(log, "Hello") {
		t.Errorf("the log holds a token or a text:\n%s", log)
	}
}

func TestATestThatPassesTellsNoTree(t *testing.T) {
	t.Parallel()
	w := &witness{TB: t}
	a := api{Server: emulator.Start(w, emulator.Config{BurstLimit: 10_000, DailyBudget: 1_000_000}), tb: t}
	a = a.as(a.Users()[0])
	for range 1100 {
		a.receive(message())
	}
	if log := w.end(); strings.Contains(log, "what happened") || strings.Count(log, "\n") > 1010 || !strings.Contains(log, "not logged") {
		t.Errorf("the log has %d lines", strings.Count(log, "\n"))
	}
}

func TestWaitingInATest(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	a.addChannel(channel())
	go a.receive(message("message", "the blue one"))
	if got := a.WaitForMessage(t, emulator.MessageQuery{ProviderChannelID: "c1", Text: "blue"}); got.ID != "m1" {
		t.Errorf("got %+v", got)
	}
	got := a.WaitForExchange(t, emulator.ExchangeQuery{Operation: "receiveMessage", Status: 200})
	if got.About != "m1" || got.Verdict != emulator.VerdictOK || !strings.Contains(got.RequestBody, "the blue one") || len(got.Rules) == 0 {
		t.Errorf("got %+v", got)
	}
	a.receive(message("created_at", "2026-03-01 07:58:00"))
	all := a.Exchanges(emulator.ExchangeQuery{})
	if len(all) != 3 || all[0].Operation != "addChannel" || len(all[2].Findings) != 1 || all[2].Verdict != emulator.VerdictLenient {
		t.Errorf("got %+v", all)
	}
}

// walker is an app that binds the flow to a browser by a cookie.
func walker(t *testing.T, pipedrive func() *emulator.Server) *httptest.Server {
	t.Helper()
	var app *httptest.Server
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "flow", Value: "mine", Path: "/"})
		http.Redirect(w, r, pipedrive().URL+"/oauth/authorize?"+url.Values{
			"client_id": {pipedrive().ClientID()}, "redirect_uri": {app.URL + "/callback"}, "state": {"mine"},
		}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("flow")
		switch {
		case err != nil || cookie.Value != r.FormValue("state"):
			http.Error(w, "another browser", http.StatusForbidden)
		case r.FormValue("error") != "":
			http.Error(w, r.FormValue("error"), http.StatusForbidden)
		default:
			fmt.Fprint(w, "installed by ", r.FormValue("code")[:len("emulator-code-")])
		}
	})
	app = httptest.NewServer(mux)
	t.Cleanup(app.Close)
	return app
}

func TestAllowAndDeny(t *testing.T) {
	t.Parallel()
	var pipedrive *emulator.Server
	app := walker(t, func() *emulator.Server { return pipedrive })
	pipedrive = emulator.Start(t, emulator.Config{})
	if got := pipedrive.Allow(t, app.URL+"/login"); got.Status != http.StatusOK || got.Body != "installed by emulator-code-" {
		t.Errorf("got %+v", got)
	}
	if got := pipedrive.Deny(t, app.URL+"/login"); got.Status != http.StatusForbidden || got.Body != "user_denied\n" {
		t.Errorf("got %+v", got)
	}
	w := &witness{TB: t}
	func() {
		defer func() { _ = recover() }()
		pipedrive.Allow(w, app.URL+"/nowhere")
	}()
	if !w.failed || !strings.Contains(w.log.String(), "before the page on which a user decides") {
		t.Errorf("got %s", w.log.String())
	}

	// A script does the same by the control.
	a := api{Server: pipedrive, tb: t}
	authorize := pipedrive.URL + "/oauth/authorize?client_id=" + pipedrive.ClientID() + "&redirect_uri=" + url.QueryEscape(app.URL+"/callback") + "&state=x"
	for body, want := range map[string]string{
		fmt.Sprintf(`{"url":%q}`, authorize):             app.URL + "/callback?code=emulator-code-",
		fmt.Sprintf(`{"url":%q,"deny":true}`, authorize): app.URL + "/callback?error=user_denied&state=x",
	} {
		if got := a.control("POST", "/authorizations", body); got.status != http.StatusOK || !strings.HasPrefix(got.body["location"].(string), want) {
			t.Errorf("%s: got %d %s", body, got.status, got.raw)
		}
	}
	for _, body := range []string{`{"url":"http://127.0.0.1/?client_id=x"}`, fmt.Sprintf(`{"url":%q,"user_id":9}`, authorize)} {
		if got := a.control("POST", "/authorizations", body); got.status != http.StatusBadRequest {
			t.Errorf("%s: got %d %s", body, got.status, got.raw)
		}
	}
}
