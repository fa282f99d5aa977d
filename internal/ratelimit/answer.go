package ratelimit

import (
	"net/http"
	"time"
)

// Answer is what became of the request of a slot.
type Answer struct {
	// Unsent says that nothing of it left: the slot is free at once.
	Unsent bool
	// Status is the HTTP status; 0 if no answer came.
	Status int
	// Header is the answer's.
	Header http.Header
	// NotFromAPI says that it is not in the form of the API: a proxy gave it, as an HTML page.
	NotFromAPI bool
	// Key tells one call from another, such as the id of a message.
	Key string
}

// Done gives the slot back and learns from the answer.
func (s Slot) Done(a Answer) {
	l := s.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.serve()
	now := l.now()
	l.daily.pending -= s.cost
	if a.Unsent {
		l.window.inFlight--
		if s.probe != nil {
			s.probe.undecided(now, false)
		}
		return
	}
	l.window.done(now)
	if a.Status != 0 {
		if n := count(a.Header, headerLimit); n > 0 {
			l.window.limit = min(n, MaxLimit)
		}
		l.daily.look(a.Header, s.taken)
	}
	switch {
	case a.Status == http.StatusTooManyRequests:
		l.refused(now, s, a)
	case a.Status == http.StatusForbidden && a.NotFromAPI:
		l.block.page(now, RetryAfter(a.Status, a.Header, l.epoch.Add(now)), s, a.Key, now-l.hold.last <= time.Minute)
		if s.probe == &l.daily.gone {
			s.probe.undecided(now, true)
		}
	case a.Status == 0, a.Status >= 500, a.Status == http.StatusRequestTimeout:
		if s.probe != nil { // it told nothing
			s.probe.undecided(now, true)
		}
	default:
		l.served(now, s, a)
	}
}

// served is the answer of an API that works, whatever it thinks of the request.
func (l *Limiter) served(now time.Duration, s Slot, a Answer) {
	l.window.look(now, now, s, a)
	l.window.cap = min(l.window.cap+1, maxInFlight)
	l.daily.strikes, l.block.pages = 0, nil
	switch s.probe {
	case nil:
	case &l.daily.gone:
		l.daily.open()
	default:
		s.probe.open()
	}
}

// refused is a 429. It holds all callers.
func (l *Limiter) refused(now time.Duration, s Slot, a Answer) {
	wait := RetryAfter(a.Status, a.Header, l.epoch.Add(now))
	if wait == 0 {
		wait = Window
	}
	wait = min(wait, lastProbe)
	afterWait := s.taken >= l.hold.until
	l.hold.begin(now, wait, l.jitter(wait))
	l.window.cap = 1
	l.window.look(now, l.hold.until, s, a)
	l.daily.refused(now, s, count(a.Header, headerRemaining) == 0, afterWait)
	if s.probe == &l.block.latch { // whoever blocks let it through
		s.probe.open()
	}
}
