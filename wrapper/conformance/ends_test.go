// What ends a run, and what it then says of the app: nothing that it did not see.

package conformance_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
)

func TestAStoppedAppIsNoViolation(t *testing.T) {
	t.Parallel()
	a := serveApp(t, fault{})
	a.server.Close()
	report, err := conformance.Run(t.Context(), a.settings())
	if err != nil || report.Verdict != conformance.NotChecked || report.Violations > 0 || report.Calls != 1 || !strings.Contains(report.Ended, "does not answer") {
		t.Error(err, report)
	}
	// It stops under way.
	a = serveApp(t, fault{})
	cfg := a.settings()
	cfg.Progress = func(_ string, calls int) {
		if calls == 30 {
			a.server.CloseClientConnections()
			a.server.Close()
		}
	}
	report, err = conformance.Run(t.Context(), cfg)
	if err != nil || report.Verdict != conformance.NotChecked || report.Violations > 0 || !strings.Contains(report.Ended, "the app stopped after 30 calls") {
		t.Error(err, report)
	}
}

func TestAnUnknownChannelEndsTheRun(t *testing.T) {
	t.Parallel()
	cfg := serveApp(t, fault{}).settings()
	cfg.Channel = "whatsapp-2"
	report, err := conformance.Run(t.Context(), cfg)
	if err != nil || report.Verdict != conformance.NotChecked || report.Violations > 0 || report.Calls != 1 || !strings.Contains(report.Ended, `does it have a channel "whatsapp-2"`) {
		t.Error(err, report)
	}
}

func TestMessagesThatWereRefusedWereNotWritten(t *testing.T) {
	t.Parallel()
	report := checkApp(t, instead("postMessage", func(r *http.Request) bool {
		_, secret, _ := r.BasicAuth()
		return secret == "the-secret"
	}, 400, "application/json", `{"success":false,"data":{"message":"no","code":"INVALID_BODY"}}`))
	if report.Conversation != "" || report.Violations == 0 {
		t.Error(report)
	}
}

// Names of types and their parameters are spelled in several ways that mean the same.
func TestContentTypesAreComparedAsHTTPDoes(t *testing.T) {
	t.Parallel()
	for kind, risky := range map[string]bool{
		"application/json": false, "Application/JSON; Charset=UTF-8": false, "application/json ;charset=utf-8": false, "application/problem+json": false,
		"text/html": true, "": true, "application/jsonx": true, "text/plain; x=json": true,
	} {
		report := checkApp(t, fault{contentType: &kind})
		if got := len(findingsBy(report, conformance.Risk, "content-type")) > 0; got != risky || report.Violations > 0 {
			t.Errorf("%q: %s", kind, report)
		}
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	a := serveApp(t, fault{})
	ctx, cancel := context.WithCancel(t.Context())
	cfg := a.settings()
	cfg.Progress = func(_ string, calls int) {
		if calls == 7 {
			cancel()
		}
	}
	report, err := conformance.Run(ctx, cfg)
	if err == nil || report.Ended != "it was interrupted" || report.Calls < 7 || report.Calls > 9 || report.Verdict != conformance.NotChecked || len(report.Checks) != 24 {
		t.Errorf("%v, %s", err, report)
	}
	called := 0
	for _, c := range report.Checks {
		if called += len(c.Exchanges); called >= 7 && c.Verdict != conformance.NotChecked { // the one that was cut short as well
			t.Errorf("%s: %s after the interruption", c.Name, c.Verdict)
		}
	}
}
