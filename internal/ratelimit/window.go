package ratelimit

import (
	"net/http"
	"time"
)

const (
	guard       = time.Millisecond // for a clock that runs a little faster over there
	slowStart   = 8                // requests in flight before anything is known
	maxInFlight = 64
	// The smallest limit that is documented, of API tokens. Of a smaller one no slot can be spared.
	smallestLimit = 20
)

// window is what a limiter uses of the burst limit's window, and may use.
type window struct {
	limit      int  // the server's
	inFlight   int  // sent and not answered
	cap        int  // how many may be in flight
	cooling    ring // when the slots of answered requests become free
	sent       int  // requests that were ever sent
	lastSent   time.Duration
	neighbours neighbours
}

// inUse is how many slots are not free.
func (w *window) inUse(now time.Duration) int {
	w.cooling.dropUntil(now)
	return w.inFlight + w.cooling.n
}

// allowed is how many slots may be in use, and how far apart requests are sent.
func (w *window) allowed(now time.Duration) (slots int, apart time.Duration) {
	others := w.neighbours.most(now, w.limit)
	if others <= 0 {
		// A newcomer would starve beside a window that is always full. So one slot stays free for some of the
		// time, and for longer than a 429 keeps callers waiting: one attempt of four meets it.
		if w.limit >= smallestLimit && now%(4*Window) >= 3*Window/2 {
			return w.limit - 1, 0
		}
		return w.limit, 0
	}
	// What is seen of others is a lower bound, and too low by about what is in flight.
	slots = max(9*(w.limit-others)/10-2*w.inFlight, w.limit/20, 1)
	return slots, Window / time.Duration(slots)
}

// next tells whether a request may be sent now, and if not, when to ask again; zero is after the next answer.
func (w *window) next(now time.Duration) (ok bool, again time.Duration) {
	inUse := w.inUse(now)
	slots, apart := w.allowed(now)
	switch {
	case w.inFlight >= w.cap:
		return false, 0
	case inUse >= slots:
		if w.cooling.n == 0 {
			return false, 0
		}
		return false, w.cooling.first()
	case 2*inUse >= slots && now < w.lastSent+apart: // whoever uses little need not wait
		return false, w.lastSent + apart
	default:
		return true, 0
	}
}

// take uses a slot. It returns what look is to know of it: how many were in use, less how many had been sent.
func (w *window) take(now time.Duration) (ours int) {
	ours = w.inUse(now) - w.sent
	w.inFlight++
	w.sent++
	w.lastSent = now
	return ours
}

// done keeps the slot of a request that may have reached the server until it has left every window.
func (w *window) done(now time.Duration) {
	w.inFlight--
	w.cooling.push(now + Window + guard)
}

// look sees what others use in the answer to the request of a slot. It is told until when the answer keeps
// callers waiting.
func (w *window) look(now, until time.Duration, s Slot, a Answer) {
	limited := a.Status == http.StatusTooManyRequests
	ours := s.ours + w.sent // at most: held when it was sent, and sent since
	remaining := count(a.Header, headerRemaining)
	if remaining == unknown && limited {
		remaining = 0
	}
	w.neighbours.told = w.neighbours.told || remaining > 0
	switch {
	case w.neighbours.told && remaining != unknown:
		w.neighbours.see(w.limit-remaining-ours, now, until)
	case limited:
		w.neighbours.suspect(w.limit-ours*3/4, now)
	}
}
