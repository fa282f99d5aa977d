// Package ratelimit keeps callers within Pipedrive's limits: the burst limit, a rolling
// window of two seconds; the daily budget of tokens; and the block that a proxy puts on
// those who go on after a 429.
//
// A [Limiter] is a value. What Pipedrive limits is an installation of an app, so
// everything that calls on behalf of one installation should share one limiter; programs that
// cannot share it take a part of the limit each, see [Config.Share].
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
// # The numbers
//
// The window and the headers are Pipedrive's, as documented; the unit of
// x-ratelimit-reset is read as seconds, which public clients see. The slow start, the probes and
// their intervals are this project's choice.
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
	// MaxHold is how long callers are held after a 429; when it lasts longer they are refused.
	MaxHold = 10 * time.Second

	guard       = time.Millisecond // for a clock that runs a little faster over there
	slowStart   = 8                // requests in flight before anything is known
	maxInFlight = 64
	firstProbe  = 5 * time.Minute
	lastProbe   = time.Hour // also the longest that a server's word keeps callers out
	unknown     = -1
)

// Config describes a limiter. The zero value is right for one process.
type Config struct {
	// Limit is the burst limit to begin with, in requests per window; 0 means DefaultLimit. The
	// server's x-ratelimit-limit replaces it with the first answer.
	Limit int
	// Share is the number of processes that share the limit, each of which uses one part; 0 means 1.
	Share int
	// Rand returns numbers in [0, 1) for jitter; nil means math/rand.
	Rand func() float64
}

// Limiter is safe for use by many goroutines. It has no goroutine of its own, and
// nothing to close.
type Limiter struct {
	mu    sync.Mutex
	rand  func() float64
	share int
	epoch time.Time // what all durations below are counted from

	limit    int  // the server's, before the share
	inFlight int  // sent and not answered
	cap      int  // how many may be in flight
	cooling  ring // when the slots of answered requests become free

	holdUntil time.Duration // no sending before, since a 429 said so
	refusedAt time.Duration // the last 429
	strikes   int           // 429s in a row that were sent after a full wait, and the first

	tokens  int // left of the daily budget; unknown if the server does not tell
	pending int // tokens of the requests in flight, which tokens may not know of
	daily   latch

	pages   []string // the keys of the calls in a row that were answered by a proxy's 403
	blocked latch

	queue list.List // of *waiter, first come first served
	timer *time.Timer
}

// New returns a limiter.
func New(c Config) *Limiter {
	l := &Limiter{
		rand:      c.Rand,
		share:     max(c.Share, 1),
		epoch:     time.Now(),
		limit:     DefaultLimit,
		cap:       slowStart,
		refusedAt: -time.Hour,
		tokens:    unknown,
	}
	if c.Limit > 0 {
		l.limit = min(c.Limit, MaxLimit)
	}
	if l.rand == nil {
		l.rand = rand.Float64
	}
	return l
}

// State is what a limiter knows at one moment.
type State struct {
	Limit         int // requests per window that this limiter allows itself: its share
	InUse         int // of these in use: in flight, or answered less than a window ago
	InFlight      int
	InFlightLimit int // grows with each answer, and is 1 after a 429
	Waiting       int // callers in line

	// HeldUntil is when a 429's hold ends; zero if there is none.
	HeldUntil time.Time
	// Refusing says that calls are refused without being sent, and Reason why.
	Refusing bool
	Reason   Reason
	// NextProbe is when a call may go again, to find out whether that is over.
	NextProbe time.Time
	// DailyTokens is what is left of the daily budget, as the last answer told; -1 if it did not.
	DailyTokens int
}

// State returns a snapshot.
func (l *Limiter) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.cooling.dropUntil(now)
	s := State{
		Limit:         l.allowed(),
		InUse:         l.inFlight + l.cooling.n,
		InFlight:      l.inFlight,
		InFlightLimit: l.cap,
		Waiting:       l.queue.Len(),
		DailyTokens:   l.tokens,
	}
	if l.holdUntil > now {
		s.HeldUntil = l.epoch.Add(l.holdUntil)
		if l.holdUntil-now > MaxHold {
			s.Refusing, s.Reason, s.NextProbe = true, Burst, s.HeldUntil
		}
	}
	for _, latch := range []struct {
		*latch
		reason Reason
	}{{&l.daily, Daily}, {&l.blocked, Blocked}} {
		if latch.closed() {
			s.Refusing, s.Reason, s.NextProbe = true, latch.reason, l.epoch.Add(latch.until)
		}
	}
	return s
}

func (l *Limiter) now() time.Duration { return time.Since(l.epoch) }

// allowed is this limiter's part of the limit.
func (l *Limiter) allowed() int { return max(l.limit/l.share, 1) }
