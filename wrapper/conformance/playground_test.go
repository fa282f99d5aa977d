// Pipedrive's published example of a messaging app, as it answers over HTTP.

package conformance_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// playground answers like the messaging app playground in the repository pipedrive/example-apps
// (apps/messaging-app-extn-playground, read as of November 2026): Express, mock answers for whatever is
// asked, no authentication, no deletion, a form parser that takes no files, and a text
// that goes on to WhatsApp, which fails without an account there. It was written anew from its
// behaviour; nothing of its code is in here.
type playground struct {
	whatsApp bool // there is an account: texts are taken
}

func (p playground) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	say := func(status int, kind, body string) {
		w.Header().Set("Content-Type", kind+"; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) //nolint:gosec // no browser reads what the tests answer
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	route := r.Method
	for i, part := range parts {
		if i%2 == 1 {
			part = "*"
		}
		route += " " + part
	}
	id := strings.NewReplacer(`"`, `\"`, "%", "").Replace(parts[len(parts)-1])
	const json = "application/json"
	switch route {
	case "GET channels * conversations":
		say(200, json, `{"success":true,"data":[],"additional_data":{"after":"c-next"}}`)
	case "GET channels * conversations *":
		say(200, json, `{"success":true,"data":{"id":"`+id+`","link":"https://example.com/`+id+`","status":"open","seen":false,"next_messages_cursor":null,"messages":[],`+
			`"participants":[{"id":"sender-pd-1","name":"P","role":"source_user","avatar_url":"https://example.com/p","fetch_avatar":true,"avatar_expires":false},`+
			`{"id":"sender-wa-1","name":"W","role":"end_user","avatar_url":"https://example.com/w","fetch_avatar":true,"avatar_expires":false}]},"additional_data":{"after":"c-next"}}`)
	case "GET channels * messages *", "GET channels * conversations * messages *":
		say(200, json, `{"id":"`+id+`","status":"sent","created_at":"2026-03-01T07:58:00.000Z","message":"M","sender_id":"sender-pd-1","reply_by":"2027-03-01T07:58:00.000Z","attachments":[]}`)
	case "GET channels * senders *":
		say(200, json, `{"success":true,"data":{"id":"`+id+`","name":"S","avatar_url":"https://example.com/s"}}`)
	case "GET channels * templates":
		say(200, json, `{"success":true,"data":{"templates":[{"id":"template-1","name":"N","content":"C","language":"en_US"}]}}`)
	case "POST channels * messages":
		_ = r.ParseMultipartForm(1 << 20)
		switch {
		case r.MultipartForm != nil && len(r.MultipartForm.File) > 0: // the parser's error, as Express shows it
			say(500, "text/html", "<!DOCTYPE html><html><body><pre>MulterError: Unexpected field</pre></body></html>")
		case r.FormValue("recipientIds[]") == "" && r.FormValue("recipientIds") == "": // an exception that nobody catches: no answer
			<-r.Context().Done()
		case p.whatsApp:
			say(200, json, `{"success":true,"data":{"id":"msg-pd-`+time.Now().Format("150405.000000000")+`"}}`)
		default:
			say(500, "text/plain", "Internal Server Error")
		}
	default:
		say(404, "text/html", "<!DOCTYPE html><html><body><pre>Cannot "+r.Method+" "+id+"</pre></body></html>")
	}
}

func TestPipedrivesExampleApp(t *testing.T) {
	t.Parallel()
	manifest := func(url string) emulator.Provider {
		channel := url + "/channels/:providerChannelId"
		return emulator.Provider{Manifest: []byte(`{"version":"v202101","endpoints":{"getConversations":"` + channel + `/conversations","postMessage":"` + channel + `/messages",` +
			`"getConversationById":"` + channel + `/conversations/:sourceConversationId","deleteChannelById":"` + channel + `"}}`)}
	}
	atBase := func(url string) emulator.Provider { return emulator.Provider{BaseURL: url} }
	for name, test := range map[string]struct {
		app      playground
		where    func(url string) emulator.Provider
		deletion conformance.Severity // of what its deletion is
	}{
		"without WhatsApp": {playground{}, atBase, conformance.Risk},
		"with WhatsApp":    {playground{whatsApp: true}, atBase, conformance.Risk},
		"by its manifest":  {playground{}, manifest, conformance.Violation},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.app)
			t.Cleanup(server.Close)
			report, err := conformance.Run(t.Context(), conformance.Config{
				Provider: test.where(server.URL), Channel: channel, CallTimeout: 200 * time.Millisecond,
				ClientID: "the-app", ClientSecret: emulator.NewSecret("the-secret"),
			})
			if err != nil || report.Ended != "" {
				t.Fatal(err, report)
			}
			wants := func(severity conformance.Severity, endpoint, rule string) {
				t.Helper()
				if !slices.ContainsFunc(report.Findings(severity), func(f conformance.Finding) bool { return f.Endpoint == endpoint && f.Rule == rule }) {
					t.Errorf("no %s of %s by %s: %s", severity, rule, endpoint, report)
				}
			}
			wants(conformance.Violation, "getConversations", "auth-missing")
			wants(conformance.Violation, "getConversations", "auth-wrong")
			wants(conformance.Violation, "getConversationById", "auth-missing")
			wants(conformance.Violation, "getConversations", "cursor-endless")
			wants(conformance.Violation, "postMessage", "files-refused")
			wants(conformance.Violation, "postMessage", "no-answer")
			wants(test.deletion, "deleteChannelById", "endpoint-missing")
		})
	}
}
