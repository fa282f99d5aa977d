package channels

import (
	"fmt"
	"time"

	"github.com/pdchannels/pdchannels/internal/ratelimit"
)

// Limiter keeps calls within Pipedrive's limits: the burst limit, a rolling window of two
// seconds; the daily budget; and the block that a proxy puts on clients that go on after a 429.
// Each client has its own unless [WithLimiter] gives it one. Pipedrive limits the installation of an
// app, so all clients of a program for one installation should share a limiter. Limiters in different
// programs need no setting: the answers tell how much of the window remains, and each limiter
// takes its share. It is safe for concurrent use, and has nothing to close.
type Limiter struct{ inner *ratelimit.Limiter }

// LimiterConfig describes a [Limiter]. The zero value is the default.
type LimiterConfig struct {
	// Limit is the burst limit to begin with, in requests per two seconds; 0 means 80, the
	// smallest of an OAuth app. The first answer that tells another replaces it.
	Limit int
}

// NewLimiter returns a limiter, or an error if the limit is negative.
func NewLimiter(config LimiterConfig) (*Limiter, error) {
	if config.Limit < 0 {
		return nil, fmt.Errorf("channels: new limiter: limit %d is negative", config.Limit)
	}
	return newLimiter(config), nil
}

func newLimiter(config LimiterConfig) *Limiter {
	return &Limiter{ratelimit.New(ratelimit.Config{Limit: config.Limit})}
}

// LimiterState is what a limiter knows at one moment.
type LimiterState struct {
	Limit         int // requests per two seconds, of all programs of the installation together
	Neighbours    int // of these, used by other programs: at least so many, as recent answers show
	InUse         int // of these, used by this limiter: in flight, or answered less than two seconds ago
	InFlight      int // sent and not answered
	InFlightLimit int // grows from 8 to 64 with each answer, and is 1 after a 429
	Waiting       int // calls in line for a place

	// HeldUntil is when the hold after a 429 ends; zero if there is none.
	HeldUntil time.Time
	// Refusing is why calls fail without being sent: ErrRateLimited, ErrDailyLimit or ErrBlocked; nil
	// if they are sent.
	Refusing error
	// NextProbe is when one call is sent again to find out whether that is over; zero if Refusing is nil.
	NextProbe time.Time
	// DailyTokens is what is left of the daily budget, according to the last answer; -1 if it did not tell.
	DailyTokens int
}

// State returns a snapshot. A limiter that [NewLimiter] did not make knows nothing.
func (l *Limiter) State() LimiterState {
	if l == nil || l.inner == nil {
		return LimiterState{DailyTokens: -1}
	}
	s := l.inner.State()
	state := LimiterState{
		Limit: s.Limit, Neighbours: s.Neighbours, InUse: s.InUse, InFlight: s.InFlight, InFlightLimit: s.InFlightLimit, Waiting: s.Waiting,
		HeldUntil: s.HeldUntil, NextProbe: s.NextProbe, DailyTokens: s.DailyTokens,
	}
	if s.Refusing {
		state.Refusing = heldKind(s.Reason)
	}
	return state
}
