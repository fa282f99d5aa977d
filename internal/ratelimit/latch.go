package ratelimit

import (
	"fmt"
	"time"
)

// Reason is why a call is refused without being sent.
type Reason int

// The reasons.
const (
	Burst   Reason = iota // a 429 told a wait beyond MaxHold
	Daily                 // the daily budget is used up
	Blocked               // a proxy before the API answers 403 with a page of its own
)

// String returns a sentence of what is the matter.
func (r Reason) String() string {
	switch r {
	case Burst:
		return "the burst limit is used up for longer than callers are kept waiting"
	case Daily:
		return "the daily budget is used up"
	case Blocked:
		return "a proxy before the API blocks this client"
	default:
		return fmt.Sprintf("Reason(%d)", int(r))
	}
}

// RefusedError is the error of a call that is better not sent.
type RefusedError struct {
	Reason Reason
	// RetryAfter is how long calls are refused; one of those after it finds out whether it is over.
	RetryAfter time.Duration
}

func (r *RefusedError) Error() string {
	return fmt.Sprintf("held back, since %s; try again in %v", r.Reason, r.RetryAfter.Round(time.Millisecond))
}

// latch refuses calls for an interval, then lets one through as a probe. A probe that
// fails doubles the interval; one that succeeds opens the latch.
type latch struct {
	interval time.Duration // 0: open
	since    time.Duration // when it closed
	until    time.Duration
	probing  bool // a probe is in flight
	cost     int  // only calls that cost as much are refused
}

func (t *latch) closed() bool { return t.interval > 0 }

// trip closes the latch for calls of at least this cost. If it is closed already, by the answer
// to another request of the same moment, it may only become stricter.
func (t *latch) trip(now, interval time.Duration, cost int) {
	if t.closed() {
		t.cost = min(t.cost, cost)
		return
	}
	*t = latch{interval: interval, since: now, until: now + interval, cost: cost}
}

// again keeps the latch closed for twice as long after a probe that failed.
func (t *latch) again(now time.Duration) {
	t.interval = min(2*t.interval, lastProbe)
	t.until, t.probing = now+t.interval, false
}

// undecided ends a probe that found nothing out. If it reached the server, the next one
// waits its turn.
func (t *latch) undecided(now time.Duration, reached bool) {
	t.probing = false
	if reached {
		t.until = now + t.interval
	}
}

func (t *latch) open() { *t = latch{} }
