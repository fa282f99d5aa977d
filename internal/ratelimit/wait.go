package ratelimit

import (
	"container/list"
	"context"
	"time"
)

// Slot is one place in the window, to be given back by exactly one call of Done.
type Slot struct {
	// Waited is how long the caller was kept waiting for it.
	Waited time.Duration

	limiter *Limiter
	cost    int
	taken   time.Duration
	probe   *latch // what this request finds out about; mostly nil
}

// waiter is a caller in line.
type waiter struct {
	cost   int
	ready  chan struct{} // closed when slot or err is set
	served time.Duration
	slot   Slot
	err    error
}

// Refused returns the *RefusedError that Wait would return at once, or nil. It spares a caller
// what it would do before Wait.
func (l *Limiter) Refused(cost int) *RefusedError {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, refused := l.latched(l.now(), cost)
	return refused
}

// Wait takes a slot for a call that costs so many tokens of the daily budget. Callers
// are served in the order they come, and wait as long as ctx lasts. It fails with the
// context's error, or with a *RefusedError; how long it waited the Slot tells all the same.
func (l *Limiter) Wait(ctx context.Context, cost int) (Slot, error) {
	if err := ctx.Err(); err != nil {
		return Slot{}, err
	}
	l.mu.Lock()
	start := l.now()
	if l.queue.Len() == 0 {
		slot, pause, err := l.take(start, cost)
		if pause == 0 {
			l.mu.Unlock()
			return slot, err
		}
	}
	w := &waiter{cost: cost, ready: make(chan struct{})}
	place := l.queue.PushBack(w)
	l.serve()
	l.mu.Unlock()

	select {
	case <-w.ready:
		w.slot.Waited = w.served - start
		return w.slot, w.err
	case <-ctx.Done():
		l.leave(place, w)
		return Slot{Waited: l.now() - start}, ctx.Err()
	}
}

// leave takes a caller that gave up out of the line.
func (l *Limiter) leave(place *list.Element, w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-w.ready: // served in the same moment
		if w.err == nil {
			l.giveBack(w.slot)
		}
	default:
		l.queue.Remove(place)
	}
	l.serve()
}

// serve lets the line move up, as far as it goes now.
func (l *Limiter) serve() {
	if l.queue.Len() == 0 {
		return
	}
	now := l.now()
	for place := l.queue.Front(); place != nil; place = l.queue.Front() {
		w := place.Value.(*waiter)
		slot, pause, err := l.take(now, w.cost)
		switch {
		case pause == untilAnswer:
			return
		case pause > 0:
			l.wakeIn(pause)
			return
		}
		w.slot, w.err, w.served = slot, err, now
		l.queue.Remove(place)
		close(w.ready)
	}
}

func (l *Limiter) wakeIn(d time.Duration) {
	if l.timer != nil {
		l.timer.Reset(d)
		return
	}
	l.timer = time.AfterFunc(d, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.serve()
	})
}

// untilAnswer is the pause of a caller that can go on only after an answer.
const untilAnswer = -1

// take is the decision on one call: a slot, a pause before it is to be decided again, or
// a refusal.
func (l *Limiter) take(now time.Duration, cost int) (Slot, time.Duration, error) {
	probe, refusal := l.latched(now, cost)
	if refusal != nil {
		return Slot{}, 0, refusal
	}
	l.cooling.dropUntil(now)
	switch {
	case l.holdUntil > now:
		return Slot{}, l.holdUntil - now, nil
	case l.inFlight >= l.cap:
		return Slot{}, untilAnswer, nil
	case l.inFlight+l.cooling.n >= l.allowed():
		if l.cooling.n == 0 {
			return Slot{}, untilAnswer, nil
		}
		return Slot{}, l.cooling.first() - now, nil
	case probe != nil && probe.probing:
		return Slot{}, untilAnswer, nil
	case probe == nil && l.tokens != unknown && l.tokens-l.pending < cost:
		// The budget may reach no further than the requests in flight; their answers tell.
		return Slot{}, untilAnswer, nil
	}
	if probe != nil {
		probe.probing = true
	}
	l.inFlight++
	l.pending += cost
	return Slot{limiter: l, cost: cost, taken: now, probe: probe}, 0, nil
}

// latched returns a refusal, or else what the call would be a probe of.
func (l *Limiter) latched(now time.Duration, cost int) (*latch, *RefusedError) {
	if l.tokens != unknown && l.tokens < cost {
		l.daily.trip(now, false, l.tokens+1)
	}
	switch {
	case l.blocked.closed() && l.blocked.until > now:
		return nil, &RefusedError{Blocked, l.blocked.until - now}
	case l.daily.closed() && cost >= l.daily.cost && l.daily.until > now:
		return nil, &RefusedError{Daily, l.daily.until - now}
	case l.holdUntil-now > MaxHold:
		return nil, &RefusedError{Burst, l.holdUntil - now}
	case l.blocked.closed():
		return &l.blocked, nil
	case l.daily.closed() && cost >= l.daily.cost:
		return &l.daily, nil
	default:
		return nil, nil
	}
}

// giveBack frees a slot whose request never left.
func (l *Limiter) giveBack(s Slot) {
	l.inFlight--
	l.pending -= s.cost
	if s.probe != nil {
		s.probe.undecided(l.now(), false)
	}
}
