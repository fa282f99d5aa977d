// Faults, time and limits, for tests in Go.

package emulator

import (
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

// Advance moves the emulator's clock, which tokens, reply_by, avatars, the burst limit and the day's
// budget follow; back if d is negative.
func (e *Emulator) Advance(d time.Duration) { e.clockMoved(e.clock.Advance(d)) }

// SetTime makes the clock say t. It goes on from there, unless it is frozen.
func (e *Emulator) SetTime(t time.Time) { e.clockMoved(e.clock.Set(t)) }

// Freeze makes the clock stand still, or run on from where it stands.
func (e *Emulator) Freeze(frozen bool) { e.clockMoved(e.clock.Freeze(frozen)) }

// Now is what the clock says.
func (e *Emulator) Now() time.Time { return e.clock.Now() }

// SetProfile chooses how the service behaves as a whole. It fails if the profile is unknown.
func (e *Emulator) SetProfile(p Profile) error {
	if err := p.check(); err != nil {
		return err
	}
	e.behave(p)
	e.told(emulatorserver.EventKindProfile)
	return nil
}

func (e *Emulator) behave(p Profile) {
	e.profile.Store(string(p))
	e.limits.share(p == BusyNeighbour)
}

// ExpireTokens ends all access tokens that the token endpoint has given out, and the refresh tokens as well if
// that is wanted. The tokens of [Config].Users stay.
func (e *Emulator) ExpireTokens(refreshTokens bool) {
	if err := e.oauth.expire(refreshTokens); err != nil {
		e.cfg.Logger.Error("the end of the tokens could not be written", "error", err)
	}
}
