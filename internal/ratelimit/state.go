package ratelimit

import "time"

// State is what a limiter knows at one moment.
type State struct {
	Limit         int // requests per window, of all programs of the installation together
	Neighbours    int // of these, used by other programs: at least so many, as recent answers show
	InUse         int // of these, used by this limiter: in flight, or answered less than a window ago
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
	s := State{
		Limit:         l.window.limit,
		Neighbours:    max(0, l.window.neighbours.most(now, l.window.limit)),
		InUse:         l.window.inUse(now),
		InFlight:      l.window.inFlight,
		InFlightLimit: l.window.cap,
		Waiting:       l.queue.Len(),
		DailyTokens:   l.daily.left,
	}
	if l.hold.until > now {
		s.HeldUntil = l.epoch.Add(l.hold.until)
	}
	for _, refusal := range []struct {
		closed bool
		until  time.Duration
		reason Reason
	}{
		{l.hold.told-now > MaxHold, l.hold.told, Burst},
		{l.daily.gone.closed(), l.daily.gone.until, Daily},
		{l.block.closed(), l.block.until, Blocked},
	} {
		if refusal.closed {
			s.Refusing, s.Reason, s.NextProbe = true, refusal.reason, l.epoch.Add(refusal.until)
		}
	}
	return s
}
