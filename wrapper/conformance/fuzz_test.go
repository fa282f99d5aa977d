// Whatever an app answers, it is judged, and the report is JSON and tells no secret.

package conformance

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// oddAnswers are bodies that no app should answer with.
var oddAnswers = []string{
	"", "null", "[]", "7", `"the-secret"`, "<html>", `{"success":true,"data":[],"additional_data":{"after":"c-next"}}`,
	`{"success":true,"data":[{"id":".."},{"id":""},{"id":"a\u0000b"}],"additional_data":{"after":"\ud800"}}`,
	`{"success":true,"data":{"id":"c0","participants":[{"id":"..","role":"end_user","fetch_avatar":true}],"messages":[{"id":"/","attachments":[{"id":"a","url":"http://[","link_expires":true}]}]}}`,
	`{"success":false,"data":{"message":"x","code":"NOT_FOUND"}}`, `{"success":true,"data":{"templates":null}}`, strings.Repeat("[", 20000),
}

func FuzzAnswer(f *testing.F) {
	for _, body := range oddAnswers {
		f.Add(200, body)
		f.Add(404, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		r, err := newRun(t.Context(), Config{
			Provider: emulator.Provider{BaseURL: "http://127.0.0.1:1"}, Channel: "c", ClientID: "the-app", ClientSecret: emulator.NewSecret("the-secret"),
		})
		if err != nil {
			t.Fatal(err)
		}
		r.report.Checks = []Check{{}}
		r.check = &r.report.Checks[0]
		for i, name := range providercall.Names {
			a := answer{came: true, Answer: providercall.Answer{Endpoint: name, StatusCode: status, Body: []byte(body)}}
			a.violations = a.Judge(t.Context())
			var c providerclient.ConversationResponse
			into := []any{new(providerclient.ConversationsResponse), &c, new(providerclient.PostMessageResponse), new(providerclient.SenderResponse),
				new(providerclient.TemplatesResponse), new(providerclient.Message), new(providerclient.DeleteResponse)}[i]
			if r.isGood(a, into) {
				r.consistent(a, "data", c.Data)
			}
			r.answeredUnknown(a, "conversation", "c")
			r.isRefusal(a)
			r.check.Exchanges = append(r.check.Exchanges, Exchange{Answer: r.hide.excerpt(a.Body)})
		}
		r.check.conclude()
		conclude(&r.report)
		text, err := json.Marshal(r.report)
		if err != nil || r.report.Verdict != Violated && r.report.Verdict != Risky || strings.Contains(string(text)+r.report.String(), "the-secret") {
			t.Errorf("%v, %s", err, r.report)
		}
	})
}

// An app that answers the same nonsense to everything is at fault, and the run comes to an end.
func TestNonsenseComesToAnEnd(t *testing.T) {
	t.Parallel()
	for _, body := range oddAnswers {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
			t.Cleanup(server.Close)
			report, err := Run(t.Context(), Config{
				Provider: emulator.Provider{BaseURL: server.URL}, Channel: "c", ClientID: "the-app", ClientSecret: emulator.NewSecret("the-secret"),
			})
			if err != nil || report.Verdict != Violated || report.Ended != "" || len(report.Findings(Violation)) < 5 {
				t.Errorf("%.100s: %v, %s", body, err, report)
			}
		})
	}
}
