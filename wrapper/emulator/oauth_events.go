// OAuth as events: what was given out, of which only digests are kept.

package emulator

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

// errNotKept is something that was done and could not be written to the file.
var errNotKept = errors.New("it could not be kept")

// record appends an event.
func (o *oauth) record(e emulatorserver.Event) error {
	if _, err := o.log.Append(e, 0); err != nil {
		return fmt.Errorf("%w: %w", errNotKept, err)
	}
	return nil
}

func tokenEvent(kind emulatorserver.TokenKind, key digest, g grant) emulatorserver.Event {
	return emulatorserver.Event{Kind: emulatorserver.EventKindToken, Token: &emulatorserver.Token{
		Kind: kind, Sha256: hex.EncodeToString(key[:]), UserID: g.user.ID, RedirectURL: g.redirectURL, Expires: g.expires.UTC(),
	}}
}

// snapshot returns the events that make up what there is.
func (o *oauth) snapshot() (all []emulatorserver.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, i := range o.installations {
		all = append(all, emulatorserver.Event{
			Kind:         emulatorserver.EventKindInstalled,
			Installation: &emulatorserver.Installation{UserID: i.user.ID, RedirectURL: i.redirectURL, Since: i.since},
		})
	}
	add := func(kind emulatorserver.TokenKind, of *grants, spent bool) {
		for _, key := range of.order {
			e := tokenEvent(kind, key, of.byDigest[key])
			if spent {
				e.Kind = emulatorserver.EventKindTokenSpent
			}
			all = append(all, e)
		}
	}
	add(emulatorserver.CodeToken, o.codes, false)
	add(emulatorserver.AccessToken, o.access, false)
	add(emulatorserver.RefreshToken, o.refresh, false)
	add(emulatorserver.RefreshToken, o.exchanged, true)
	return all
}

// load makes events what there is. What names a user who is not there is passed over.
func (o *oauth) load(list []emulatorserver.Event) {
	o.clear()
	for _, e := range list {
		o.apply(e)
	}
}

func (o *oauth) apply(e emulatorserver.Event) {
	switch {
	case e.Installation != nil:
		u, ok := o.userWithID(e.Installation.UserID)
		if i := o.installed(u); e.Kind == emulatorserver.EventKindInstalled && ok {
			o.install(u, *e.Installation)
		} else if e.Kind == emulatorserver.EventKindUninstalled && i != nil {
			o.end(i)
		}
	case e.Kind == emulatorserver.EventKindTokensExpired:
		o.expireAt(e.Time, e.Token != nil && e.Token.RefreshTokens)
	case e.Token != nil:
		o.applyToken(e)
	}
}

func (o *oauth) applyToken(e emulatorserver.Event) {
	var key digest
	sum, err := hex.DecodeString(e.Token.Sha256)
	u, ok := o.userWithID(e.Token.UserID)
	if err != nil || len(sum) != len(key) || !ok || e.Token.Expires.IsZero() {
		return
	}
	copy(key[:], sum)
	g := grant{user: u, redirectURL: e.Token.RedirectURL, expires: e.Token.Expires}
	if e.Token.Kind != emulatorserver.CodeToken {
		g.installation = o.installed(u)
	}
	kinds := map[emulatorserver.TokenKind]*grants{
		emulatorserver.CodeToken: o.codes, emulatorserver.AccessToken: o.access, emulatorserver.RefreshToken: o.refresh,
	}
	of := kinds[e.Token.Kind]
	switch {
	case of == nil:
	case e.Kind == emulatorserver.EventKindTokenSpent:
		of.drop(key)
		o.exchanged.put(key, g)
	case g.installation != nil || e.Token.Kind == emulatorserver.CodeToken:
		of.drop(key) // a refresh token that is used again
		of.put(key, g)
	}
}

func (o *oauth) userWithID(id int64) (User, bool) {
	for _, u := range o.users {
		if u.ID == id {
			return u, true
		}
	}
	return User{}, false
}
