// Proof that the recorder writes no secret down: a server gives back every credential it
// gets, and others of its own, wherever it can. With scrubbing off all of them are found.
package contract

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/tests/recordings"
)

// canaries are the secrets. The session knows the first alone; the others are the server's
// own, or belong to the token endpoint.
const (
	canaryAccess  = "canary:access/+&=1"
	canaryCookie  = "canary-cookie-2"
	canaryUnknown = "canary-unknown-3"
	canaryRefresh = "canary-refresh-4"
	canaryIssued  = "canary-issued-5"
	canaryCode    = "canary-code-6"
	canaryClient  = "canary-client-7"
)

// parrot is a server that keeps nothing to itself.
func parrot(t *testing.T, contentType, body string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("X-Debug", r.Header.Get("Authorization"))
		h.Set("X-Ratelimit-Limit", "80 for "+token)
		h.Set("Set-Cookie", "session="+canaryCookie)
		h.Set("Location", "https://elsewhere.example/?token="+token+"&own="+canaryUnknown)
		h.Set("X-Correlation-Id", canaryUnknown)
		if strings.HasSuffix(r.URL.Path, "/oauth/token") {
			_, _ = fmt.Fprintf(w, `{"access_token": %q, "refresh_token": %q, "token_type": "Bearer", "expires_in": 3599, "scope": "base", "echo": %q}`,
				canaryIssued, canaryRefresh, sent)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, strings.NewReplacer( //nolint:gosec // a careless server is the point
			"TOKEN", token,
			"BASE64", base64.StdEncoding.EncodeToString([]byte(token)), "OWN", canaryUnknown).Replace(body))
	}))
	t.Cleanup(server.Close)
	return server
}

const parrotJSON = `{"success": false, "error": "not TOKEN", "error_info": "BASE64", "own": "OWN", "deep": [{"own": "OWN"}],
	"additional_data": {"code": "TOKEN", "own": "OWN"}}`

func TestRecorderWritesNoSecretDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		contentType, body string
		found             []string // with scrubbing off
	}{
		"JSON":      {"application/json; charset=utf-8; own=" + canaryUnknown, parrotJSON, []string{canaryAccess, canaryCookie, canaryUnknown}},
		"HTML":      {"text/html", "<title>Not TOKEN</title> OWN", []string{canaryAccess, canaryCookie, canaryUnknown}},
		"text":      {"text/plain", "TOKEN and OWN", []string{canaryAccess, canaryCookie, canaryUnknown}},
		"malformed": {"application/json", `{"error": "TOKEN", "own": "OWN"`, []string{canaryAccess, canaryCookie, canaryUnknown}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := parrot(t, c.contentType, c.body)
			if text := recorded(t, server, false); strings.Contains(strings.ToLower(text), "canary") ||
				strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(canaryAccess))) {
				t.Errorf("a secret is in what was written:\n%s", text)
			}
			text := recorded(t, server, true)
			for _, canary := range c.found {
				if !strings.Contains(text, canary) {
					t.Errorf("with scrubbing off %s should be in what was written, or this test proves nothing:\n%s", canary, text)
				}
			}
		})
	}
}

// recorded plays one call against the server and returns the file that was written.
func recorded(t *testing.T, server *httptest.Server, off bool) string {
	t.Helper()
	s := &session{
		baseURL: server.URL + "/v1", dir: filepath.Join(t.TempDir(), "new"),
		tokens: map[string]string{recordings.AccessToken: canaryAccess},
	}
	var err error
	if s.scrub, err = newScrubber(s.baseURL, s.tokens); err != nil {
		t.Fatal(err)
	}
	s.scrub.off = off
	done, err := s.recordAll(t.Context(), []*recordings.Recording{named(t, "addChannel-200")})
	if err != nil || len(done.written) != 1 {
		t.Fatalf("recorded %v, %v", done, err)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, done.written["addChannel-200"]+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Neither body of a token endpoint may be written down, should one ever pass the recorder.
func TestRecorderWritesNoTokenBodyDown(t *testing.T) {
	t.Parallel()
	server := parrot(t, "application/json", "")
	tap := &wiretap{base: http.DefaultTransport}
	app := oauth2.Config{ClientID: "app", ClientSecret: canaryClient, Endpoint: oauth2.Endpoint{
		TokenURL: server.URL + "/oauth/token", AuthStyle: oauth2.AuthStyleInHeader,
	}}
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: tap})
	if _, err := app.Exchange(ctx, canaryCode); err != nil {
		t.Fatal(err)
	}
	s := &session{origin: recordings.Emulator}
	var err error
	if s.scrub, err = newScrubber(server.URL, nil); err != nil { // it knows no secret at all
		t.Fatal(err)
	}
	source := &recordings.Recording{Name: "token-200", Operation: "token", Given: recordings.Given{User: "admin"}}
	text := string(s.recording(source, *tap.last).Format())
	basic := base64.StdEncoding.EncodeToString([]byte("app:" + canaryClient))
	if strings.Contains(text, "canary") || strings.Contains(text, basic) {
		t.Errorf("a secret is in what was written:\n%s", text)
	}
	if !strings.Contains(text, "grant_type=authorization_code") || !strings.Contains(text, `"expires_in": 3599`) {
		t.Errorf("what is harmless should stay:\n%s", text)
	}
	s.scrub.off = true
	text = string(s.recording(source, *tap.last).Format())
	for _, canary := range []string{canaryIssued, canaryRefresh, canaryCode, basic} {
		if !strings.Contains(text, canary) {
			t.Errorf("with scrubbing off %s should be in what was written, or this test proves nothing:\n%s", canary, text)
		}
	}
}

// The last look refuses a file that a mistake in the scrubbing has left a credential in.
func TestRecorderRefusesAFileWithACredential(t *testing.T) {
	t.Parallel()
	s, err := newScrubber("http://127.0.0.1/v1", map[string]string{recordings.AccessToken: canaryAccess})
	if err != nil {
		t.Fatal(err)
	}
	for _, spelling := range spellings(canaryAccess) {
		if s.leak([]byte("before "+spelling+" after")) == nil {
			t.Errorf("%s was not found", spelling)
		}
	}
	if err := s.leak([]byte("nothing")); err != nil {
		t.Errorf("refused a file without a credential: %v", err)
	}
}

// Whose account it was is not told either; unknown properties keep their shape alone.
func TestRecorderTellsNobodysAccount(t *testing.T) {
	t.Parallel()
	s, err := newScrubber("https://acme.pipedrive.com/api/v1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r := named(t, "addChannel-200")
	_, response := s.exchange(r, exchange{
		method: "POST", path: "/api/v1/channels", status: http.StatusOK,
		header: http.Header{"Content-Type": {"application/json"}},
		body: []byte(`{"success":true,"data":{"id":"9f0c-Z","name":"Desk","pd_company_id":777,"pd_user_id":888,
			"marketplace_client_id":"7ab","created_at":"2026-03-01 07:58:00","plan":"Gold 7","see":"https://acme.pipedrive.com/x"}}`),
	})
	want := `{
  "data": {
    "created_at": "2026-03-01 07:58:00",
    "id": "0x0x-x",
    "marketplace_client_id": "0xx",
    "name": "Desk",
    "pd_company_id": 0,
    "pd_user_id": 0,
    "plan": "xxxx 0",
    "see": "xxxxx://xxxx.xxxxxxxxx.xxx/x"
  },
  "success": true
}`
	if response.Body != want {
		t.Errorf("got\n%s\nwant\n%s", response.Body, want)
	}
	if got := s.text("See https://acme.pipedrive.com/docs."); got != "See https://company.pipedrive.com/docs." {
		t.Errorf("got %q", got)
	}
}
