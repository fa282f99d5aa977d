// The state of OAuth: who installed the app, and which codes and tokens are out.

package emulator

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/events"
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
	users                  []User
	log                    *events.Log

	mu            sync.Mutex
	installations []*installation // in the order of their beginning
	codes         *grants
	refresh       *grants
	access        *grants // access tokens and API tokens
	exchanged     *grants // codes and refresh tokens that have had their use
	calls         TokenCalls
}

func newOAuth(cfg Config, log *events.Log) *oauth {
	o := &oauth{
		clock:          cfg.Clock,
		mode:           cfg.RefreshMode,
		accessLifetime: cfg.AccessTokenLifetime,
		clientID:       digestOf(cfg.ClientID),
		clientSecret:   digestOf(cfg.ClientSecret.Reveal()),
		users:          cfg.Users,
		log:            log,
	}
	o.clear()
	return o
}

// clear forgets all but the tokens that the users were made with.
func (o *oauth) clear() {
	o.installations = nil
	o.codes, o.refresh, o.access, o.exchanged = newGrants(), newGrants(), newGrants(), newGrants()
	for _, u := range o.users {
		o.access.put(digestOf(bearerKind+u.AccessToken.Reveal()), grant{user: u})
		o.access.put(digestOf(apiKind+u.APIToken.Reveal()), grant{user: u})
	}
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
	g := grant{user: u, redirectURL: redirectURL, expires: o.clock().Add(codeLifetime)}
	_ = o.record(tokenEvent(emulatorserver.CodeToken, digestOf(code), g)) // a code that is lost is asked for anew
	o.codes.put(digestOf(code), g)
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
	installed := emulatorserver.Installation{UserID: g.user.ID, RedirectURL: redirectURL, Since: o.clock().UTC()}
	err = o.record(emulatorserver.Event{Kind: emulatorserver.EventKindInstalled, Installation: &installed})
	return o.give(o.install(g.user, installed), err)
}

// install makes an installation, or takes up the one that is there.
func (o *oauth) install(u User, as emulatorserver.Installation) *installation {
	i := o.installed(u)
	if i == nil {
		i = &installation{user: u}
		o.installations = append(o.installations, i)
	}
	i.redirectURL, i.since = as.RedirectURL, as.Since
	return i
}

// give makes both tokens, unless something could not be kept before.
func (o *oauth) give(i *installation, before error) (access, refresh string, err error) {
	access, err1 := o.newAccess(i)
	refresh, err2 := o.newRefresh(i)
	return access, refresh, errors.Join(before, err1, err2)
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
		g.expires = o.clock().Add(refreshLifetime)
		err1 := o.record(tokenEvent(emulatorserver.RefreshToken, key, g))
		o.refresh.extend(key, g.expires)
		access, err2 := o.newAccess(g.installation)
		return access, presented, errors.Join(err1, err2)
	}
	g, err := o.take(o.refresh, presented, errRefreshUnknown, errRefreshExpired)
	if err != nil {
		o.calls.RefusedRefreshes++
		return "", "", err
	}
	o.calls.Refreshes++
	return o.give(g.installation, nil)
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
	kind := emulatorserver.RefreshToken
	if from == o.codes {
		kind = emulatorserver.CodeToken
	}
	spent := tokenEvent(kind, key, g)
	spent.Kind = emulatorserver.EventKindTokenSpent
	return g, o.record(spent)
}

func (o *oauth) newAccess(i *installation) (string, error) {
	token := "emulator-access-" + rand.Text()
	g := grant{user: i.user, installation: i, expires: o.clock().Add(o.accessLifetime)}
	o.access.put(digestOf(bearerKind+token), g)
	return token, o.record(tokenEvent(emulatorserver.AccessToken, digestOf(bearerKind+token), g))
}

func (o *oauth) newRefresh(i *installation) (string, error) {
	token := "emulator-refresh-" + rand.Text()
	g := grant{user: i.user, installation: i, expires: o.clock().Add(refreshLifetime)}
	o.refresh.put(digestOf(token), g)
	return token, o.record(tokenEvent(emulatorserver.RefreshToken, digestOf(token), g))
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
