package ratelimit

import "time"

// hold keeps all callers waiting after a 429.
type hold struct {
	told  time.Duration // until when, as a 429 told: calls are refused if it is beyond MaxHold
	until time.Duration // until when callers wait, which is a little later
	last  time.Duration // when the last 429 came
}

// begin holds callers for so long, and for the jitter. It does not end a longer hold.
func (h *hold) begin(now, wait, jitter time.Duration) {
	h.last = now
	h.told = max(h.told, now+wait)
	h.until = max(h.until, now+wait+jitter)
}
