// What a test sees of OAuth: installations and the calls of the token endpoint, no secrets.

package emulator

import "time"

// Installation is the app as a user has it installed.
type Installation struct {
	CompanyID   int64
	User        User
	RedirectURL string    // where its latest code was sent, and the uninstall call will go
	Since       time.Time // when its latest code was exchanged
}

// Installations returns the installations that are alive, in the order of their beginning.
// One whose refresh token has expired is alive: only an uninstall ends it.
func (e *Emulator) Installations() []Installation {
	e.oauth.mu.Lock()
	defer e.oauth.mu.Unlock()
	out := make([]Installation, 0, len(e.oauth.installations))
	for _, i := range e.oauth.installations {
		out = append(out, Installation{CompanyID: companyID, User: i.user, RedirectURL: i.redirectURL, Since: i.since})
	}
	return out
}

// TokenCalls counts the requests that POST /oauth/token has answered.
type TokenCalls struct {
	Codes            int // codes exchanged for tokens
	Refreshes        int // refresh tokens exchanged for tokens
	RefusedCodes     int // codes answered invalid_grant
	RefusedRefreshes int // refresh tokens answered invalid_grant
	Reused           int // of the refused: those that had been exchanged before
	Malformed        int // everything else: invalid_client, invalid_request, unsupported_grant_type
}

// TokenCalls returns the counts since the emulator was made.
func (e *Emulator) TokenCalls() TokenCalls {
	e.oauth.mu.Lock()
	defer e.oauth.mu.Unlock()
	return e.oauth.calls
}

func (o *oauth) countMalformed() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls.Malformed++
}
