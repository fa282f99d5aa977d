package auth

// This file binds a flow to the browser that began it, so that nobody can make a user's browser
// bring their own code (cross-site request forgery of the callback).

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	stateLifetime = 10 * time.Minute
	maxVisits     = 4096
)

// newState returns a state of at least 128 random bits and its cookie: the time it ends and a MAC
// over both. URLs show the state; only the browser with the cookie can use it. The App keeps
// nothing, so that a flood of flows costs no memory, and a callback may reach another host, or
// this one after a restart.
func (a *App) newState() (state string, cookie *http.Cookie) {
	state = rand.Text()
	ends := strconv.FormatInt(time.Now().Add(stateLifetime).Unix(), 10)
	return state, a.cookie(ends+"."+a.stateMAC(state, ends), int(stateLifetime/time.Second))
}

// fits reports whether the request carries the cookie of the flow with this state, in time.
func (a *App) fits(r *http.Request, state string) bool {
	cookie, err := r.Cookie(a.cookie("", 0).Name)
	if err != nil {
		return false
	}
	ends, mac, _ := strings.Cut(cookie.Value, ".")
	if !hmac.Equal([]byte(mac), []byte(a.stateMAC(state, ends))) {
		return false
	}
	unix, err := strconv.ParseInt(ends, 10, 64)
	return err == nil && time.Now().Unix() < unix
}

// stateMAC is keyed by the client secret, which only the hosts of the app have.
func (a *App) stateMAC(state, ends string) string {
	mac := hmac.New(sha256.New, []byte(a.config.ClientSecret.Reveal()))
	mac.Write([]byte("pdchannels oauth state\x00" + ends + "\x00" + state))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// cookie returns the cookie with a value, or one that removes it if maxAge is negative.
func (a *App) cookie(value string, maxAge int) *http.Cookie {
	c := &http.Cookie{
		Name: "pdchannels-oauth", Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, // Lax: it must be sent when Pipedrive sends the browser back
	}
	if strings.HasPrefix(a.config.RedirectURL, "https:") {
		c.Secure = true
		c.Name = "__Host-" + c.Name // browsers let no other host set it
	}
	return c
}

// A visit is a browser's return with a state, which can be used once.
type visit struct {
	query string
	done  chan struct{}
	page  page // set before done is closed
}

// visits remembers the last maxVisits states that came back. A state that is forgotten within its
// ten minutes still ends at the code, which works only once.
type visits struct {
	mu      sync.Mutex
	byState map[string]*visit
	ring    []string
	next    int
}

// of returns the first visit with a state, or nil.
func (v *visits) of(state string) *visit {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.byState[state]
}

// add returns the first visit with a state, and whether that is this one.
func (v *visits) add(state, query string) (*visit, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if earlier := v.byState[state]; earlier != nil {
		return earlier, false
	}
	if v.byState == nil {
		v.byState, v.ring = make(map[string]*visit), make([]string, maxVisits)
	}
	delete(v.byState, v.ring[v.next])
	this := &visit{query: query, done: make(chan struct{})}
	v.byState[state], v.ring[v.next] = this, state
	v.next = (v.next + 1) % maxVisits
	return this, true
}
