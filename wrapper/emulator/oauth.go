// The state of OAuth: who installed the app, and which codes and tokens are out.

package emulator

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	tokenPath       = "/oauth/token"
	tokenScope      = "base,messengers-integration"
	codeLifetime    = 5 * time.Minute
	refreshLifetime = 60 * 24 * time.Hour
)

// installation is the app installed by one user.
//
// Our choice: it begins when the code is exchanged; a user who agrees once more keeps it, and
// the tokens given before live on.
type installation struct {
	user        User
	redirectURL string    // of the latest code
	since       time.Time // when the latest code was exchanged
	endedBy     int64     // the exchange that uninstalled it
}

// oauth knows the installations, and whose the codes and tokens are that were given out.
type oauth struct {
	clock                  func() time.Time
	mode                   RefreshMode
	accessLifetime         time.Duration
	clientID, clientSecret digest

	mu            sync.Mutex
	installations []*installation // in the order of their beginning
	codes         *grants
	refresh       *grants
	access        *grants // access tokens and API tokens
	exchanged     *grants // codes and refresh tokens that have had their use
	calls         TokenCalls
}

func newOAuth(cfg Config) *oauth {
	o := &oauth{
		clock:          cfg.Clock,
		mode:           cfg.RefreshMode,
		accessLifetime: cfg.AccessTokenLifetime,
		clientID:       digestOf(cfg.ClientID),
		clientSecret:   digestOf(cfg.ClientSecret.Reveal()),
		codes:          newGrants(),
		refresh:        newGrants(),
		access:         newGrants(),
		exchanged:      newGrants(),
	}
	for _, u := range cfg.Users {
		o.access.put(digestOf(bearerKind+u.AccessToken.Reveal()), grant{user: u})
		o.access.put(digestOf(apiKind+u.APIToken.Reveal()), grant{user: u})
	}
	return o
}

// isClient tells whether these are the app's credentials.
func (o *oauth) isClient(id, secret string) bool {
	gotID, gotSecret := digestOf(id), digestOf(secret)
	return subtle.ConstantTimeCompare(gotID[:], o.clientID[:])&subtle.ConstantTimeCompare(gotSecret[:], o.clientSecret[:]) == 1
}

// user finds whose access token or API token this is.
func (o *oauth) user(token digest) (User, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g, ok := o.access.byDigest[token]
	return g.user, ok && g.liveAt(o.clock())
}

// newCode makes a code for a user who has agreed.
func (o *oauth) newCode(u User, redirectURL string) string {
	code := "emulator-code-" + rand.Text()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.codes.put(digestOf(code), grant{user: u, redirectURL: redirectURL, expires: o.clock().Add(codeLifetime)})
	return code
}

// Why a code or a refresh token is no good. The texts are what the answer says.
var (
	errCodeUnknown      = errors.New("the code is unknown")
	errCodeExpired      = errors.New("the code has expired: it lives 5 minutes")
	errWrongRedirect    = errors.New("redirect_uri is not the one that the code was sent to; the code is spent")
	errRefreshUnknown   = errors.New("the refresh token is unknown, or its app was uninstalled")
	errRefreshExpired   = errors.New("the refresh token has expired: it was not used for 60 days")
	errAlreadyExchanged = errors.New("this was exchanged already: use what came back for it")
)

// redeem exchanges a code.
//
// Our choice: a code is spent whatever comes of it, and one that is used again is refused,
// while the tokens it was exchanged for live on.
func (o *oauth) redeem(code, redirectURL string) (access, refresh string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g, err := o.take(o.codes, code, errCodeUnknown, errCodeExpired)
	if err == nil && g.redirectURL != redirectURL {
		err = errWrongRedirect
	}
	if err != nil {
		o.calls.RefusedCodes++
		return "", "", err
	}
	o.calls.Codes++
	i := o.installed(g.user)
	if i == nil {
		i = &installation{user: g.user}
		o.installations = append(o.installations, i)
	}
	i.redirectURL, i.since = redirectURL, o.clock()
	return o.newAccess(i), o.newRefresh(i), nil
}

// renew exchanges a refresh token.
//
// Our choice: access tokens given before live on until they expire.
func (o *oauth) renew(presented string) (access, refresh string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := digestOf(presented)
	if g := o.refresh.byDigest[key]; o.mode == RepeatingRefresh && g.liveAt(o.clock()) && g.installation != nil {
		o.calls.Refreshes++
		o.refresh.extend(key, o.clock().Add(refreshLifetime))
		return o.newAccess(g.installation), presented, nil
	}
	g, err := o.take(o.refresh, presented, errRefreshUnknown, errRefreshExpired)
	if err != nil {
		o.calls.RefusedRefreshes++
		return "", "", err
	}
	o.calls.Refreshes++
	return o.newAccess(g.installation), o.newRefresh(g.installation), nil
}

// take takes a code or a token that is good for one use.
func (o *oauth) take(from *grants, presented string, unknown, expired error) (grant, error) {
	key := digestOf(presented)
	g, ok := from.byDigest[key]
	if _, before := o.exchanged.byDigest[key]; before {
		o.calls.Reused++
		return g, errAlreadyExchanged
	}
	if !ok {
		return g, unknown
	}
	from.drop(key)
	if !g.liveAt(o.clock()) {
		return g, expired
	}
	o.exchanged.put(key, g)
	return g, nil
}

func (o *oauth) newAccess(i *installation) string {
	token := "emulator-access-" + rand.Text()
	o.access.put(digestOf(bearerKind+token), grant{user: i.user, installation: i, expires: o.clock().Add(o.accessLifetime)})
	return token
}

func (o *oauth) newRefresh(i *installation) string {
	token := "emulator-refresh-" + rand.Text()
	o.refresh.put(digestOf(token), grant{user: i.user, installation: i, expires: o.clock().Add(refreshLifetime)})
	return token
}

// installed returns the installation of a user, or nil.
func (o *oauth) installed(u User) *installation {
	for _, i := range o.installations {
		if i.user.ID == u.ID {
			return i
		}
	}
	return nil
}

// revoke ends an access token, or with a refresh token its whole installation, which it
// then returns. A token it does not know, or one that has expired, changes nothing.
func (o *oauth) revoke(token string) (uninstalled *installation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.access.drop(digestOf(bearerKind + token))
	g, ok := o.refresh.byDigest[digestOf(token)]
	if !ok || !g.liveAt(o.clock()) {
		return nil
	}
	o.uninstall(g.installation)
	return g.installation
}

// uninstall ends an installation and all that it was given.
func (o *oauth) uninstall(i *installation) {
	o.installations = slices.DeleteFunc(o.installations, func(other *installation) bool { return other == i })
	o.access.dropAll(i)
	o.refresh.dropAll(i)
}

// expire ends all access tokens of the token endpoint, and the refresh tokens as well if that is wanted.
func (o *oauth) expire(refreshTokens bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.access.expireAll(o.clock())
	if refreshTokens {
		o.refresh.expireAll(o.clock())
	}
}
