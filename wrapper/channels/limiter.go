package channels

import (
	"fmt"
	"time"

	"github.com/pdchannels/pdchannels/internal/ratelimit"
)

// Limiter keeps calls within Pipedrive's limits: the burst limit, a rolling window of two
// seconds; the daily budget; and the block by a proxy of those who go on after a 429. Each
// client has one of its own unless [WithLimiter] gives it one. What Pipedrive limits is an
// installation of an app, so all clients of one installation should share one. It is safe
// for concurrent use, and has nothing to close.
type Limiter struct{ inner *ratelimit.Limiter }

// LimiterConfig describes a [Limiter]. The zero value is right for one process.
type LimiterConfig struct {
	// Limit is the burst limit to begin with, in requests per two seconds; 0 means 80, the
	// smallest of an OAuth app. The first answer that tells another replaces it.
	Limit int
	// Sharing is how many processes share the installation, each with a limiter that uses an
	// equal part of the limit; 0 means 1.
	Sharing int
}

// NewLimiter returns a limiter, or an error if a number is negative.
func NewLimiter(config LimiterConfig) (*Limiter, error) {
	if config.Limit < 0 || config.Sharing < 0 {
		return nil, fmt.Errorf("channels: new limiter: limit %d and processes %d: neither may be negative", config.Limit, config.Sharing)
	}
	return newLimiter(config), nil
}

func newLimiter(config LimiterConfig) *Limiter {
	return &Limiter{ratelimit.New(ratelimit.Config{Limit: config.Limit, Share: config.Sharing})}
}

// LimiterState is what a limiter knows at one moment.
type LimiterState struct {
	Limit         int // requests per two seconds that this limiter allows itself
	InUse         int // of these in use: in flight, or answered less than two seconds ago
	InFlight      int // sent and not answered
	InFlightLimit int // grows from 8 to 64 with each answer, and is 1 after a 429
	Waiting       int // calls in line for a place

	// HeldUntil is until when a 429 holds all calls; zero if none does.
	HeldUntil time.Time
	// Refusing says why calls fail without being sent: it is ErrRateLimited, ErrDailyLimit or
	// ErrBlocked, and nil if they do not.
	Refusing error
	// NextProbe is when one call is sent again, to find out whether that is over.
	NextProbe time.Time
	// DailyTokens is what the last answer told to be left of the daily budget; -1 if it did not.
	DailyTokens int
}

// State returns a snapshot.
func (l *Limiter) State() LimiterState {
	s := l.inner.State()
	state := LimiterState{
		Limit: s.Limit, InUse: s.InUse, InFlight: s.InFlight, InFlightLimit: s.InFlightLimit, Waiting: s.Waiting,
		HeldUntil: s.HeldUntil, NextProbe: s.NextProbe, DailyTokens: s.DailyTokens,
	}
	if s.Refusing {
		state.Refusing = heldKind(s.Reason)
	}
	return state
}
