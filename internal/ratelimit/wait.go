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
	ours    int    // what window.take returned
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
// context's error, or with a *RefusedError; the Slot tells how long it waited all the same.
func (l *Limiter) Wait(ctx context.Context, cost int) (Slot, error) {
	if err := ctx.Err(); err != nil {
		return Slot{}, err
	}
	l.mu.Lock()
	start := l.now()
	if l.queue.Len() == 0 {
		if t := l.ask(start, cost); t.now {
			l.mu.Unlock()
			return t.slot, t.err
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
	select {
	case <-w.ready: // served in the same moment
		l.mu.Unlock()
		if w.err == nil {
			w.slot.Done(Answer{Unsent: true})
		}
		return
	default:
		l.queue.Remove(place)
		l.serve()
		l.mu.Unlock()
	}
}

// serve lets the line move up, as far as it goes now.
func (l *Limiter) serve() {
	now := l.now()
	for place := l.queue.Front(); place != nil; place = l.queue.Front() {
		w := place.Value.(*waiter)
		t := l.ask(now, w.cost)
		if !t.now {
			if t.again > 0 {
				l.wakeIn(t.again - now)
			}
			return
		}
		w.slot, w.err, w.served = t.slot, t.err, now
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

// turn is what the first in line gets.
type turn struct {
	now  bool // either slot or err
	slot Slot
	err  error

	again time.Duration // not now: ask again then, or if it is zero when a request has been answered
}

// ask asks for the turn of a call, and takes it if it is now.
func (l *Limiter) ask(now time.Duration, cost int) turn {
	probe, refusal := l.latched(now, cost)
	if refusal != nil {
		return turn{now: true, err: refusal}
	}
	if l.hold.until > now {
		return turn{again: l.hold.until}
	}
	if ok, again := l.window.next(now); !ok {
		return turn{again: again}
	}
	switch {
	case probe != nil && probe.probing, probe == nil && !l.daily.reaches(cost):
		return turn{} // the answers to the requests in flight tell more
	case probe != nil:
		probe.probing = true
	}
	l.daily.pending += cost
	return turn{now: true, slot: Slot{limiter: l, cost: cost, taken: now, ours: l.window.take(now), probe: probe}}
}

// latched returns a refusal, or else what the call would be a probe of.
func (l *Limiter) latched(now time.Duration, cost int) (*latch, *RefusedError) {
	l.daily.check(now, cost)
	daily := l.daily.gone.closed() && cost >= l.daily.gone.cost
	switch {
	case l.block.closed() && l.block.until > now:
		return nil, &RefusedError{Blocked, l.block.until - now}
	case daily && l.daily.gone.until > now:
		return nil, &RefusedError{Daily, l.daily.gone.until - now}
	case l.hold.told-now > MaxHold:
		return nil, &RefusedError{Burst, l.hold.told - now}
	case l.block.closed():
		return &l.block.latch, nil
	case daily:
		return &l.daily.gone, nil
	default:
		return nil, nil
	}
}
