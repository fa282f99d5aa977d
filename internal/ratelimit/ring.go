package ratelimit

import "time"

// ring is a queue of times in ascending order. Its memory grows to the most it ever
// held, which the limit bounds, and is then reused.
type ring struct {
	times   []time.Duration
	head, n int
}

func (r *ring) push(t time.Duration) {
	if r.n == len(r.times) {
		grown := make([]time.Duration, max(2*r.n, 16))
		copied := copy(grown, r.times[r.head:])
		copy(grown[copied:], r.times[:r.head])
		r.times, r.head = grown, 0
	}
	r.times[(r.head+r.n)%len(r.times)] = t
	r.n++
}

// dropUntil removes what is not after t.
func (r *ring) dropUntil(t time.Duration) {
	for r.n > 0 && r.times[r.head] <= t {
		r.head = (r.head + 1) % len(r.times)
		r.n--
	}
}

// first returns the earliest time; there must be one.
func (r *ring) first() time.Duration { return r.times[r.head] }
