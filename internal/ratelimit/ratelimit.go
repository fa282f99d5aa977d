// Package ratelimit keeps callers within Pipedrive's limits: the burst limit, a rolling
// window of two seconds; the daily budget of tokens; and the block that a proxy puts on
// clients that go on after a 429.
//
// A [Limiter] is a value. Pipedrive limits an installation of an app, so everything in a
// program that calls on behalf of one installation should share one limiter. Other programs of
// that installation need not be known: the limiter finds them.
//
//	slot, err := limiter.Wait(ctx, 10)       // a place in the window, or a *RefusedError
//	…send, read the answer…
//	slot.Done(ratelimit.Answer{Status: resp.StatusCode, Header: resp.Header})
//
// # The window
//
// A server counts a request when it arrives, which is some time between sending it and
// reading its answer. So a slot is held from sending until the answer, and the
// window's length beyond it: however long requests travel, a server never sees more than its
// limit in any window. No rule that starts at the sending can promise that.
//
// # Neighbours
//
// Each answer tells how much of the window remains. What is used and cannot be this program's
// own is used by others: a limiter that sees them takes only its share, spreads its requests
// over the window, and leaves a tenth of what is free for a program that has just begun.
//
// # What is told, and what is guessed
//
// A header outweighs a guess. That the daily budget is used up is only guessed while no answer
// has ever told what is left of it, and never from a 429 whose window is full.
//
// # The numbers
//
// The window and the x-ratelimit headers are documented by Pipedrive. The unit of x-ratelimit-reset
// is not: it is read as seconds, which public clients see. The slow start, the probes, their intervals
// and the share among neighbours are this project's choice.
package ratelimit

import (
	"container/list"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// Window is the length of the burst limit's rolling window.
	Window = 2 * time.Second
	// DefaultLimit is the smallest burst limit of an OAuth app.
	DefaultLimit = 80
	// MaxLimit bounds what is believed of a server, and so the memory of a limiter, which takes 8
	// bytes or at most 16 for each slot in use.
	MaxLimit = 1 << 20
	// MaxHold is how long a 429 may ask callers to wait; if it asks for more they are refused.
	MaxHold = 10 * time.Second
)

// Config describes a limiter. The zero value is the default.
type Config struct {
	// Limit is the burst limit to begin with, in requests per window; 0 means DefaultLimit. The
	// server's x-ratelimit-limit replaces it with the first answer.
	Limit int
	// Rand returns numbers in [0, 1) for jitter; nil means math/rand.
	Rand func() float64
}

// Limiter is safe for use by many goroutines. It has no goroutine of its own, and
// nothing to close.
type Limiter struct {
	mu     sync.Mutex
	rand   func() float64
	epoch  time.Time // all durations below count from it
	window window
	hold   hold
	daily  budget
	block  block

	queue list.List // of *waiter, first come first served
	timer *time.Timer
}

// New returns a limiter.
func New(c Config) *Limiter {
	l := &Limiter{
		rand:   c.Rand,
		epoch:  time.Now(),
		window: window{limit: DefaultLimit, cap: slowStart},
		hold:   hold{last: -time.Hour},
		daily:  budget{left: unknown},
	}
	if c.Limit > 0 {
		l.window.limit = min(c.Limit, MaxLimit)
	}
	if l.rand == nil {
		l.rand = rand.Float64
	}
	return l
}

func (l *Limiter) now() time.Duration { return time.Since(l.epoch) }

// jitter is at most a part of d, of which each window counts as one at most.
func (l *Limiter) jitter(d time.Duration) time.Duration {
	return time.Duration(l.rand() * float64(min(d, Window)) / 4)
}
