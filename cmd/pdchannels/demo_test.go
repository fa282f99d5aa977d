package main

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func playDemo(t *testing.T, network demoNetwork) (string, error) {
	t.Helper()
	var screen bytes.Buffer
	env := &environment{getenv: vars{}.getenv, stdout: &output{to: &screen}, stderr: &output{to: io.Discard}}
	err := runDemo(t.Context(), env, network)
	return screen.String(), err
}

func TestTheDemoRuns(t *testing.T) {
	t.Parallel()
	r := pdchannels(t, nil, "demo")
	r.wants(t, exitDone, "30 exchanges and 18 checks in ", "")
	for _, want := range []string{
		`(?m)^   GET    /oauth/callback → 302  \d+\.\d ms  browser$`,
		`(?m)^   POST   /oauth/authorize → 303  \d+\.\d ms  browser$`,
		`(?m)^   DELETE /oauth/callback → 204  \d+\.\d ms  Pipedrive to the app$`,
		`(?m)^   POST   /oauth/token → 200  \d+\.\d ms$`,
		`(?m)^   POST   /api/v1/channels → 200  \d+\.\d ms$`,
		`(?m)^   POST   /api/v1/channels → 409 CHANNEL_ALREADY_EXISTS  \d+\.\d ms$`,
		`(?m)^   POST   /api/v1/channels → 403 ADMIN_ONLY  \d+\.\d ms$`,
		`(?m)^   DELETE /api/v1/channels/sample-channel → 200  \d+\.\d ms$`,
		`(?m)^   ✓ message m-6 is read`,
		`(?m)^   GET    /channels/sample-channel/conversations\?after=dora → 200  \d+\.\d ms  Pipedrive to the app$`,
		`(?m)^   POST   /channels/sample-channel/messages → 200  \d+\.\d ms  Pipedrive to the app$`,
		`(?m)^   GET    /files/… → 200  \d+\.\d ms  the customer's phone$`,
		`(?m)^   ✓ message nils.36 is sent(.*\n){2}   ✓ message nils.36 is delivered(.*\n){2}   ✓ message nils.36 is read`,
	} {
		if !regexp.MustCompile(want).MatchString(r.stdout) {
			t.Errorf("the demo does not show %s:\n%s", want, r.stdout)
		}
	}
	if strings.Contains(r.stdout, "✗") || strings.Contains(r.stdout, "\x1b") || strings.Contains(r.stdout, "emulator-") {
		t.Errorf("the demo shows a failure, a colour or a secret:\n%s", r.stdout)
	}
}

// liar hands on all exchanges but one, which it answers itself as if all were well.
type liar struct {
	lie, n int
	silent bool // it does not answer at all instead
	again  bool // what it did not answer may be sent again: a message, a deletion
}

func (l *liar) RoundTrip(r *http.Request) (*http.Response, error) {
	l.n++
	if l.n != l.lie {
		return http.DefaultTransport.RoundTrip(r)
	}
	if l.silent {
		l.again = r.Method == http.MethodDelete || strings.HasSuffix(r.URL.Path, "/messages/receive")
		return nil, io.ErrUnexpectedEOF
	}
	body := `{"success":true,"data":{"id":"x"},"access_token":"x","refresh_token":"y","expires_in":3600,"api_domain":"http://` + r.URL.Host + `"}`
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// tamperer changes one exchange on its way.
type tamperer struct{ at, n int }

func (c *tamperer) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.n++; c.n == c.at {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		changed := strings.NewReplacer("Rosa's", "Nobody's", `"message":"`, `"message":"No. `).Replace(string(body))
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestTheDemoSeesWhatArrived(t *testing.T) {
	t.Parallel()
	for at := 7; at <= 19; at++ { // the channel, six messages, two updates, and three of Rosa's own
		if at == 16 {
			continue // the customer fetches a file, which has no body to change
		}
		if screen, err := playDemo(t, demoNetwork{&tamperer{at: at}, straight.toApp}); err == nil || !strings.Contains(screen, "✗") {
			t.Errorf("exchange %d: %v\n%s", at, err, screen)
		}
	}
}

// A success that nothing stands behind must be found out, whichever exchange it is of.
func TestTheDemoBelievesNothing(t *testing.T) {
	t.Parallel()
	for lie := 1; lie <= 25; lie++ {
		for _, silent := range []bool{false, true} {
			transport := &liar{lie: lie, silent: silent}
			screen, err := playDemo(t, demoNetwork{transport, straight.toApp})
			if transport.again {
				if err != nil || !strings.Contains(screen, "no answer") || transport.n != 26 {
					t.Errorf("exchange %d was not answered, and not repeated: %v\n%s", lie, err, screen)
				}
				continue
			}
			if err == nil || !strings.Contains(screen, "✗") || strings.Contains(screen, "all is well") {
				t.Errorf("exchange %d, silent %t: %v\n%s", lie, silent, err, screen)
			}
		}
	}
	honest := &liar{}
	if screen, err := playDemo(t, demoNetwork{honest, straight.toApp}); err != nil || honest.n != 25 {
		t.Errorf("nobody lied in %d exchanges: %v\n%s", honest.n, err, screen)
	}
}

// An app that fails Pipedrive once is found out, whichever call it is.
func TestTheDemoSeesWhatTheAppDoes(t *testing.T) {
	t.Parallel()
	for fail := 1; fail <= 6; fail++ {
		n := 0 // the calls come one after another
		failing := func(app http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if n++; n == fail {
					http.Error(w, "not now", http.StatusServiceUnavailable)
					return
				}
				app.ServeHTTP(w, r)
			})
		}
		screen, err := playDemo(t, demoNetwork{straight.outward, failing})
		switch {
		case fail <= 5 && (err == nil || !strings.Contains(screen, "→ 503") || !strings.Contains(screen, "✗")):
			t.Errorf("call %d failed: %v\n%s", fail, err, screen)
		case fail == 6 && (err != nil || n != 5):
			t.Errorf("none failed of %d calls: %v\n%s", n, err, screen)
		}
	}
}
