package ratelimit

import "time"

// neighbours is what other programs use of the window, as far as answers tell. It is the most that
// was seen in two buckets of a window or more: the latest value would give all to who asks first.
type neighbours struct {
	peak, before int
	ends         time.Duration // of the bucket that peak is of
	told         bool          // an answer said that something remains, so that zero means something

	guess   int // after a 429 of a server that never tells
	guessed time.Duration
}

// see is told what others use at least. Its bucket lasts until a window after then or longer: now, or after a
// 429 the end of the hold, during which nothing can be seen.
func (n *neighbours) see(others int, now, then time.Duration) {
	if now >= n.ends {
		n.before, n.peak, n.ends = n.peak, 0, then+Window
	}
	if then > now {
		n.ends = max(n.ends, then+Window)
	}
	n.peak = max(n.peak, others)
}

// suspect is told of a 429 where no answer tells what remains.
func (n *neighbours) suspect(others int, now time.Duration) { n.guess, n.guessed = others, now }

// most is what others use of the limit.
func (n *neighbours) most(now time.Duration, limit int) int {
	if n.told {
		return max(n.peak, n.before)
	}
	return n.guess - int(now-n.guessed)*limit/int(40*Window)
}
