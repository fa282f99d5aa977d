// How tokens and installations end.

package emulator

import (
	"slices"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

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
	_ = o.record(emulatorserver.Event{ // if it is lost, the app is installed after the next start
		Kind: emulatorserver.EventKindUninstalled, Installation: &emulatorserver.Installation{UserID: i.user.ID, RedirectURL: i.redirectURL, Since: i.since},
	})
	o.end(i)
}

func (o *oauth) end(i *installation) {
	o.installations = slices.DeleteFunc(o.installations, func(other *installation) bool { return other == i })
	o.access.dropAll(i)
	o.refresh.dropAll(i)
}

// expire ends all access tokens of the token endpoint, and the refresh tokens as well if that is wanted.
func (o *oauth) expire(refreshTokens bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.expireAt(o.clock(), refreshTokens)
	return o.record(emulatorserver.Event{
		Kind: emulatorserver.EventKindTokensExpired, Token: &emulatorserver.Token{Kind: emulatorserver.AccessToken, RefreshTokens: refreshTokens},
	})
}

func (o *oauth) expireAt(now time.Time, refreshTokens bool) {
	o.access.expireAll(now)
	if refreshTokens {
		o.refresh.expireAll(now)
	}
}
