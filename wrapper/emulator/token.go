// The OAuth token endpoint: codes and refresh tokens in, access tokens out.

package emulator

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	oauthRoute      = "POST /oauth/token"
	tokenScope      = "base,messengers-integration"
	codeLifetime    = 5 * time.Minute
	accessLifetime  = time.Hour
	refreshLifetime = 60 * 24 * time.Hour
	maxForm         = 64 << 10

	// Our choice: 10,000 access tokens from here live at once; a further one ends the oldest, so
	// that refreshing in a loop takes no more memory.
	maxAccessTokens = 10_000
)

// oauth answers POST /oauth/token, and knows whose the tokens are that it gave out.
type oauth struct {
	clock                  func() time.Time
	owner                  User
	clientID, clientSecret digest

	mu      sync.Mutex
	codes   map[digest]grant
	refresh map[digest]grant
	access  map[digest]grant // of access tokens and of API tokens
	issued  []digest         // the access tokens that expire, oldest first
}

// grant is what a code or a token stands for, until it expires; never if that is zero.
type grant struct {
	user    User
	expires time.Time
}

func (g grant) liveAt(now time.Time) bool { return g.expires.IsZero() || now.Before(g.expires) }

func newOAuth(cfg Config) *oauth {
	o := &oauth{
		clock:        cfg.Clock,
		owner:        cfg.Users[0],
		clientID:     digestOf(cfg.ClientID),
		clientSecret: digestOf(string(cfg.ClientSecret)),
		codes:        map[digest]grant{},
		refresh:      map[digest]grant{},
		access:       map[digest]grant{},
	}
	for _, u := range cfg.Users {
		o.access[digestOf(bearerKind+string(u.AccessToken))] = grant{user: u}
		o.access[digestOf(apiKind+string(u.APIToken))] = grant{user: u}
	}
	return o
}

// AuthorizationCode returns a code such as Pipedrive's authorization page sends to an
// app's callback once the owner of the installation has agreed. POST /oauth/token takes it
// once, within five minutes.
func (e *Emulator) AuthorizationCode() string {
	code := "emulator-code-" + rand.Text()
	e.oauth.mu.Lock()
	defer e.oauth.mu.Unlock()
	e.oauth.codes[digestOf(code)] = grant{e.oauth.owner, e.oauth.clock().Add(codeLifetime)}
	return code
}

// user finds whose access token or API token this is.
func (o *oauth) user(token digest) (User, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g, ok := o.access[token]
	return g.user, ok && g.liveAt(o.clock())
}

type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope"`
	APIDomain    string `json:"api_domain"`
}

type tokenError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (o *oauth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	fail := func(kind, description string) {
		writeJSON(w, http.StatusBadRequest, tokenError{kind, description})
	}
	if !o.isClient(r) {
		fail("invalid_client", "send the app's client id and secret by HTTP Basic")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || r.ParseForm() != nil {
		fail("invalid_request", "send a form, application/x-www-form-urlencoded")
		return
	}
	for key, values := range r.PostForm {
		if len(values) > 1 {
			fail("invalid_request", "a parameter comes twice: "+key)
			return
		}
	}
	var table map[digest]grant
	var presented string
	switch grantType := r.PostForm.Get("grant_type"); grantType {
	case "authorization_code":
		// Our choice: redirect_uri is not compared, as no authorization page here was given one.
		table, presented = o.codes, r.PostForm.Get("code")
	case "refresh_token":
		table, presented = o.refresh, r.PostForm.Get("refresh_token")
	case "":
		fail("invalid_request", "grant_type is missing")
		return
	default:
		fail("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")
		return
	}
	if presented == "" {
		fail("invalid_request", "the code or the refresh token is missing")
		return
	}
	answer, ok := o.exchange(table, presented)
	if !ok {
		fail("invalid_grant", "the code or the refresh token is unknown, used or expired")
		return
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	answer.APIDomain = scheme + r.Host
	writeJSON(w, http.StatusOK, answer)
}

// isClient tells whether the request carries the app's credentials.
func (o *oauth) isClient(r *http.Request) bool {
	id, secret, _ := r.BasicAuth()
	// OAuth wants both parts form encoded within Basic; clients differ in whether they do so.
	plainID, err1 := url.QueryUnescape(id)
	plainSecret, err2 := url.QueryUnescape(secret)
	return o.matches(id, secret) || err1 == nil && err2 == nil && o.matches(plainID, plainSecret)
}

func (o *oauth) matches(id, secret string) bool {
	gotID, gotSecret := digestOf(id), digestOf(secret)
	return subtle.ConstantTimeCompare(gotID[:], o.clientID[:])&subtle.ConstantTimeCompare(gotSecret[:], o.clientSecret[:]) == 1
}

// exchange takes a code or a refresh token out of its table, and gives new tokens for it.
//
// Our choice: each refresh brings a new refresh token, and ends the old one; access tokens
// given before live out their hour. The sources disagree on the first.
func (o *oauth) exchange(table map[digest]grant, presented string) (tokenAnswer, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now, key := o.clock(), digestOf(presented)
	g, ok := table[key]
	delete(table, key)
	if !ok || !g.liveAt(now) {
		return tokenAnswer{}, false
	}
	access, refresh := "emulator-access-"+rand.Text(), "emulator-refresh-"+rand.Text()
	o.refresh[digestOf(refresh)] = grant{g.user, now.Add(refreshLifetime)}
	issued := digestOf(bearerKind + access)
	o.access[issued] = grant{g.user, now.Add(accessLifetime)}
	o.issued = append(o.issued, issued)
	for len(o.issued) > maxAccessTokens || !o.access[o.issued[0]].liveAt(now) {
		delete(o.access, o.issued[0])
		o.issued = o.issued[1:]
	}
	return tokenAnswer{
		AccessToken:  access,
		TokenType:    "Bearer",
		ExpiresIn:    int(accessLifetime / time.Second),
		RefreshToken: refresh,
		Scope:        tokenScope,
	}, true
}
