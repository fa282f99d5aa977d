package conformance

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// An app that takes two seconds a call: the report says so, and what was left out for it.
func TestASlowApp(t *testing.T) {
	t.Parallel()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }))
	t.Cleanup(app.Close)
	r, err := newRun(t.Context(), Config{Provider: emulator.Provider{BaseURL: app.URL}, Channel: "c", ClientID: "the-app", ClientSecret: emulator.NewSecret("the-secret")})
	if err != nil {
		t.Fatal(err)
	}
	r.answers, r.took, r.empty = 1000, 2000*time.Second, true
	begin := func() {
		r.report.Checks = append(r.report.Checks, Check{})
		r.check = &r.report.Checks[len(r.report.Checks)-1]
	}
	begin()
	r.hostileIDs(t.Context())
	if n := len(r.check.Exchanges); n != len(hostiles) || r.check.Verdict != NotChecked || !strings.Contains(r.check.Reason, "the app takes 1.96s a call") {
		t.Errorf("%d calls, and then: %s", n, r.check.Reason)
	}
	begin()
	r.alive(t.Context())
	if found := r.check.Findings; len(found) != 1 || found[0].Rule != "slow" || found[0].Severity != Risk {
		t.Errorf("found %v", found)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if !r.over(ctx) || !strings.Contains(r.report.Ended, "its time was up; the app takes 1.96s a call") {
		t.Errorf("it ended since %q", r.report.Ended)
	}
}
