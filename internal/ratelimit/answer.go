package ratelimit

import (
	"net/http"
	"slices"
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
	if a.Unsent {
		l.giveBack(s)
		return
	}
	now := l.now()
	l.inFlight--
	l.pending -= s.cost
	l.cooling.push(now + Window + guard)
	if a.Status != 0 {
		if n := count(a.Header, headerLimit); n > 0 {
			l.limit = min(n, MaxLimit)
		}
		l.tokens = count(a.Header, headerDailyLeft)
	}
	switch {
	case a.Status == http.StatusTooManyRequests:
		l.refused(now, s, a)
	case a.Status == http.StatusForbidden && a.NotFromAPI:
		l.page(now, s, a.Key)
	case a.Status == 0, a.Status >= 500, a.Status == http.StatusRequestTimeout:
		if s.probe != nil { // it told nothing
			s.probe.undecided(now, true)
		}
	default:
		l.served(s)
	}
}

// served is the answer of an API that works, whatever it thinks of the request.
func (l *Limiter) served(s Slot) {
	l.strikes, l.pages = 0, nil
	l.cap = min(l.cap+1, maxInFlight)
	if s.probe != nil {
		s.probe.open()
	}
}

// refused is a 429. It holds all callers. Nothing documented tells a burst limit from a
// daily one, so a limit that three full waits have not ended is taken for the daily one.
func (l *Limiter) refused(now time.Duration, s Slot, a Answer) {
	reset := RetryAfter(a.Status, a.Header, l.epoch.Add(now))
	if reset == 0 {
		reset = Window
	}
	afterWait := s.taken >= l.holdUntil
	jitter := time.Duration(l.rand() * float64(min(reset, Window)) / 4)
	l.holdUntil = max(l.holdUntil, now+min(reset, lastProbe)+jitter)
	l.refusedAt = now
	l.cap = 1
	if afterWait {
		l.strikes++
	}
	switch {
	case l.tokens != unknown && l.tokens < s.cost:
		l.daily.trip(now, s.probe == &l.daily, l.tokens+1)
	case l.strikes > 3, s.probe == &l.daily:
		l.daily.trip(now, s.probe == &l.daily, 0)
	}
	if s.probe == &l.blocked { // whoever blocks let it through
		l.blocked.open()
	}
}

// page is a 403 with an HTML page: a proxy's block, if it follows a 429 or meets several
// calls in a row. One alone can be about what one message says.
func (l *Limiter) page(now time.Duration, s Slot, key string) {
	if !slices.Contains(l.pages, key) && len(l.pages) < 3 {
		l.pages = append(l.pages, key)
	}
	if now-l.refusedAt <= time.Minute || len(l.pages) == 3 || s.probe == &l.blocked {
		l.blocked.trip(now, s.probe == &l.blocked, 0)
	}
	if s.probe == &l.daily {
		l.daily.undecided(now, true)
	}
}
