package auth_test

// A scripted OAuth server with GET /users/me, built from Pipedrive's OAuth pages for these tests
// alone, and the ways to reach it: over a pipe in a synctest bubble, or over loopback.

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

const (
	clientID     = "client-id"
	clientSecret = "canary-client-secret"

	otherClientID = "another-app" // with the same secret
)

// alice is who every code of the server belongs to, unless it is said otherwise.
var alice = auth.Installation{CompanyID: 1001, UserID: 42}

// An oauthServer issues tokens. Its fields are set before the first call, or with mu held.
type oauthServer struct {
	mu        sync.Mutex
	repeats   bool // repeats refresh tokens in place of rotating them
	expiresIn int
	apiDomain string
	skew      time.Duration // of its clock
	noDate    bool          // it does not tell the time
	user      auth.Installation
	// override, if not nil, may answer in place of the server.
	override func(w http.ResponseWriter, r *http.Request) (answered bool)
	// spent, if not nil, is called when a refresh token has been spent, before the answer is sent.
	spent func(r *http.Request)
	extra map[string]any // further fields of a token answer

	issued   int
	codes    map[string]bool
	refresh  map[string]bool
	owner    map[string]string // which app a refresh token was given to
	access   map[string]time.Time
	calls    map[string]int // by grant type or path
	refusals int            // answers invalid_grant
}

func newServer() *oauthServer {
	return &oauthServer{
		expiresIn: 3600, apiDomain: "http://127.0.0.1:8484", user: alice, codes: map[string]bool{}, owner: map[string]string{},
		refresh: map[string]bool{}, access: map[string]time.Time{}, calls: map[string]int{},
	}
}

// code returns a new authorization code.
func (s *oauthServer) code() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issued++
	code := fmt.Sprintf("canary-code-%d", s.issued)
	s.codes[code] = true
	return code
}

func (s *oauthServer) count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[what]
}

func (s *oauthServer) do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// credentials returns every credential there is, and the client secret.
func (s *oauthServer) credentials() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Concat([]string{clientSecret}, slices.Collect(maps.Keys(s.codes)), slices.Collect(maps.Keys(s.refresh)), slices.Collect(maps.Keys(s.access)))
}

func (s *oauthServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	override, spent := s.override, s.spent
	s.mu.Unlock()
	what := r.URL.Path
	if what == "/oauth/token" {
		what = r.PostFormValue("grant_type")
	}
	s.do(func() { s.calls[what]++ })
	if override != nil && override(w, r) {
		return
	}
	if id, secret, _ := r.BasicAuth(); what != "/api/v1/users/me" && (id != clientID && id != otherClientID || secret != clientSecret) {
		answer(w, 401, map[string]any{"error": "invalid_client"})
		return
	}
	switch what {
	case "authorization_code":
		var ok bool
		s.do(func() { ok, s.codes[r.PostFormValue("code")] = s.codes[r.PostFormValue("code")], false })
		s.issue(w, r, ok && r.PostFormValue("redirect_uri") != "", "", nil)
	case "refresh_token":
		var ok bool
		old := r.PostFormValue("refresh_token")
		id, _, _ := r.BasicAuth()
		s.do(func() { ok = s.refresh[old] && s.owner[old] == id })
		s.issue(w, r, ok, old, func() {
			if spent != nil {
				spent(r)
			}
		})
	case "/oauth/revoke":
		s.do(func() { delete(s.refresh, r.PostFormValue("token")); delete(s.access, r.PostFormValue("token")) })
	case "/api/v1/users/me":
		s.mu.Lock()
		defer s.mu.Unlock()
		var token string
		_, _ = fmt.Sscanf(r.Header.Get("Authorization"), "Bearer %s", &token)
		if !time.Now().Before(s.access[token]) {
			answer(w, 401, map[string]any{"success": false, "error": "unauthorized access"})
			return
		}
		answer(w, 200, map[string]any{"success": true, "data": map[string]any{"id": s.user.UserID, "company_id": s.user.CompanyID}})
	default:
		http.NotFound(w, r)
	}
}

func (s *oauthServer) issue(w http.ResponseWriter, r *http.Request, ok bool, old string, spent func()) {
	s.mu.Lock()
	if !ok {
		s.refusals++
		s.mu.Unlock()
		answer(w, 400, map[string]any{"error": "invalid_grant", "error_description": "canary-echo"})
		return
	}
	s.issued++
	access, refresh := fmt.Sprintf("canary-access-%d", s.issued), fmt.Sprintf("canary-refresh-%d", s.issued)
	if old != "" && s.repeats {
		refresh = old
	} else {
		delete(s.refresh, old)
	}
	s.refresh[refresh] = true
	s.owner[refresh], _, _ = r.BasicAuth()
	s.access[access] = time.Now().Add(time.Duration(s.expiresIn) * time.Second)
	w.Header().Set("Date", time.Now().Add(s.skew).UTC().Format(http.TimeFormat))
	if s.noDate {
		w.Header()["Date"] = nil
	}
	body := map[string]any{
		"access_token": access, "token_type": "bearer", "expires_in": s.expiresIn, "refresh_token": refresh,
		"scope": "base,messengers-integration", "api_domain": s.apiDomain,
	}
	maps.Copy(body, s.extra)
	s.mu.Unlock()
	if spent != nil {
		spent()
	}
	answer(w, 200, body)
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// httpServer serves the server over loopback, for tests with processes.
func (s *oauthServer) httpServer(t testing.TB) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.do(func() { s.apiDomain = server.URL })
	return server
}
