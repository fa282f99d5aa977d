package auth

// This file binds a flow to the browser that began it, so that nobody can slip a code of theirs
// under a user (cross-site request forgery of the callback).

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
	maxUsedStates = 4096
)

// newState returns a state of at least 128 random bits and the cookie that goes with it: the time
// it ends and a MAC over both. The state is seen in URLs; only the browser with the cookie can
// use it. Nothing is kept here, so that a flood of flows costs no memory and a callback may
// reach another host, or this one after a restart.
func (a *App) newState() (state string, cookie *http.Cookie) {
	state = rand.Text()
	ends := strconv.FormatInt(time.Now().Add(stateLifetime).Unix(), 10)
	return state, a.cookie(ends+"."+a.stateMAC(state, ends), int(stateLifetime/time.Second))
}

// useState reports whether the request carries the state and the cookie of one flow, in time
// and for the first time.
func (a *App) useState(r *http.Request, state string) bool {
	cookie, err := r.Cookie(a.cookie("", 0).Name)
	if err != nil {
		return false
	}
	ends, mac, _ := strings.Cut(cookie.Value, ".")
	if !hmac.Equal([]byte(mac), []byte(a.stateMAC(state, ends))) {
		return false
	}
	unix, err := strconv.ParseInt(ends, 10, 64)
	return err == nil && time.Now().Unix() < unix && a.used.add(state)
}

// stateMAC is keyed by the client secret: all hosts of the app have it, and nobody else.
func (a *App) stateMAC(state, ends string) string {
	mac := hmac.New(sha256.New, []byte(a.config.ClientSecret.Reveal()))
	mac.Write([]byte("pdchannels oauth state\x00" + ends + "\x00" + state))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// cookie returns the cookie of this app with a value, or one that removes it if maxAge is negative.
func (a *App) cookie(value string, maxAge int) *http.Cookie {
	c := &http.Cookie{
		Name: "pdchannels-oauth", Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, // Lax: it has to come along when Pipedrive sends the browser back
	}
	if strings.HasPrefix(a.config.RedirectURL, "https:") {
		c.Secure = true
		c.Name = "__Host-" + c.Name // browsers let no other host set it
	}
	return c
}

// usedStates remembers the states that came back, the last maxUsedStates of them. One that is
// forgotten within its ten minutes still ends at the code, which works only once.
type usedStates struct {
	mu   sync.Mutex
	set  map[string]struct{}
	ring []string
	next int
}

// add reports whether the state is new.
func (u *usedStates) add(state string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, known := u.set[state]; known {
		return false
	}
	if u.set == nil {
		u.set, u.ring = make(map[string]struct{}), make([]string, maxUsedStates)
	}
	delete(u.set, u.ring[u.next])
	u.set[state], u.ring[u.next] = struct{}{}, state
	u.next = (u.next + 1) % maxUsedStates
	return true
}
