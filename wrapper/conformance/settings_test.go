// Settings: those that are refused, and how far a run goes.

package conformance_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestUnusableSettings(t *testing.T) {
	t.Parallel()
	a := serveApp(t, fault{before: func(_ http.ResponseWriter, r *http.Request, _ string) bool {
		t.Errorf("%s was called", r.URL)
		return false
	}})
	for want, change := range map[string]func(*conformance.Config){
		"set either BaseURL or Manifest": func(c *conformance.Config) { c.Provider.Manifest = []byte("{}") },
		"not https":                      func(c *conformance.Config) { c.Provider.BaseURL = "http://messenger.example" },
		"client id and client secret":    func(c *conformance.Config) { c.ClientSecret = emulator.Secret{} },
		"Channel: it is empty":           func(c *conformance.Config) { c.Channel = "" },
		"dots":                           func(c *conformance.Config) { c.Conversation = ".." },
		"negative":                       func(c *conformance.Config) { c.Pages = -1 },
		"set one":                        func(c *conformance.Config) { c.NoMessages, c.Conversation = true, "c1" },
	} {
		cfg := a.settings()
		change(&cfg)
		if report, err := conformance.Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) || report.Checks != nil || strings.Contains(err.Error(), "the-secret") {
			t.Errorf("want %q: %v, %s", want, err, report)
		}
	}
}

// seen notes what an app is called for.
func seen(t *testing.T, change func(*conformance.Config)) (calls []string, report conformance.Report) {
	t.Helper()
	var log []string
	a := serveApp(t, fault{before: func(_ http.ResponseWriter, r *http.Request, e string) bool {
		log = append(log, e+" "+r.PathValue("channel")+" "+r.FormValue("conversationId"))
		return false
	}})
	cfg := a.settings()
	change(&cfg)
	report, err := conformance.Run(t.Context(), cfg)
	if err != nil || report.Violations > 0 {
		t.Error(err, report)
	}
	return log, report
}

func TestEffects(t *testing.T) {
	t.Parallel()
	deletion, message := "deleteChannelById "+channel+" ", "postMessage "+channel+" c"
	count := func(calls []string, prefix string) (n int) {
		for _, call := range calls {
			if strings.HasPrefix(call, prefix) {
				n++
			}
		}
		return n
	}
	calls, report := seen(t, func(*conformance.Config) {})
	if count(calls, deletion) != 0 || count(calls, message+"0") != 6 || count(calls, message) != 6 || report.Conversation != "c0" {
		t.Errorf("by default: %q", calls)
	}
	calls, _ = seen(t, func(c *conformance.Config) { c.Conversation = "c3" })
	if count(calls, message+"3") != 6 || count(calls, message) != 6 {
		t.Errorf("into a conversation: %q", calls)
	}
	calls, report = seen(t, func(c *conformance.Config) { c.NoMessages = true })
	if count(calls, "postMessage") != 0 || report.Conversation != "" || report.Verdict == conformance.NotChecked {
		t.Errorf("without messages: %q", calls)
	}
	calls, _ = seen(t, func(c *conformance.Config) { c.DeleteChannel = true })
	if count(calls, deletion) != 1 || calls[len(calls)-1] != deletion {
		t.Errorf("with the end of the channel: %q", calls[len(calls)-1])
	}
}

// An app that repeats what it is called with, in whatever spelling, does not make the report tell it.
func TestCredentialsStayOutOfTheReport(t *testing.T) {
	t.Parallel()
	const secret = `s3cr"t<&>/ä canary`
	a := serveApp(t, fault{before: func(w http.ResponseWriter, r *http.Request, _ string) bool {
		_, got, _ := r.BasicAuth()
		spelt, _ := json.Marshal(got)
		w.Header().Set("Content-Type", "text/plain; got="+got)
		w.WriteHeader(http.StatusTeapot)
		for _, s := range []string{r.Header.Get("Authorization"), strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "), got, string(spelt), url.QueryEscape(got), url.PathEscape(got), html.EscapeString(got)} {
			_, _ = w.Write([]byte(s + "\n")) //nolint:gosec // that it repeats everything is the point
		}
		return true
	}})
	cfg := a.settings()
	cfg.ClientSecret = emulator.NewSecret(secret)
	report, err := conformance.Run(t.Context(), cfg)
	text, _ := json.Marshal(report)
	whole := string(text) + report.String()
	if err != nil || report.Calls < 50 || !strings.Contains(whole, "[redacted]") {
		t.Fatal(err, report)
	}
	for _, part := range []string{"canary", "canar", "Y2FuYX", "s3cr"} {
		if i := strings.Index(whole, part); i >= 0 {
			t.Errorf("%q is in the report: …%s…", part, whole[max(0, i-100):i+20])
		}
	}
}

// An app may use its secret as an id, which the run then sends.
func TestCredentialsStayOutOfWhatWasSent(t *testing.T) {
	t.Parallel()
	const secret = "the-secret" // of the app
	a := serveApp(t, fault{answer: func(_ *http.Request, _ string, body object) {
		conversations, _ := body["data"].([]any)
		for _, c := range conversations {
			for _, p := range c.(object)["participants"].([]any) {
				p.(object)["id"] = secret
			}
		}
	}})
	report, err := conformance.Run(t.Context(), a.settings())
	text, _ := json.Marshal(report)
	if err != nil || strings.Contains(string(text), secret) || !strings.Contains(string(text), "senderId") {
		t.Errorf("%v: %.3000s", err, text)
	}
}
