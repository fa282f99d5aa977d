package outbox

// This file delivers what waits for one installation, slice by slice, until there is nothing, the
// installation has to sleep, or the process has to let go of it.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

const (
	window     = 2 * time.Second // Pipedrive's, for the burst limit
	sliceTime  = 30 * time.Second
	afterError = 2 * time.Second // a slice ends so long after a failure: its conversation may be tried in the next
	maxInRow   = 8               // failures, after which the trouble is not a message's
)

type drain struct {
	*run
	tenure *tenure
	claim  claim
	began  time.Time
	entry  *clientEntry // nil before there is a client
	done   int          // messages delivered
}

func (d *drain) leave() leave {
	l := leave{process: d.process, delivered: d.done}
	if d.entry != nil {
		l.window = d.entry.windowLeft()
	}
	return l
}

// deliver works until the lane is let go of, or lost.
func (d *drain) deliver(wait time.Duration) {
	ctx := d.tenure.ctx
	defer func() {
		if p := recover(); p != nil { // in a function of the caller's
			d.sleep(ctx, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	entry, err := d.client(ctx, d.claim.installation)
	if err != nil {
		d.sleep(ctx, fmt.Errorf("no client: %w", err))
		return
	}
	d.entry = entry
	defer d.leaveClient(entry)
	pause(ctx, wait)
	for ctx.Err() == nil && time.Since(d.began) < jobTime/2 {
		until, reason := d.slice(ctx)
		switch {
		case ctx.Err() != nil:
		case reason != nil:
			d.sleepUntil(ctx, reason, until)
			return
		default:
			more, err := d.store.finish(ctx, d.claim, d.leave())
			if err == nil && !more || errors.Is(err, errLost) {
				return
			}
			if err != nil {
				d.trouble(ctx, "let go of an installation", err)
				pause(ctx, time.Second)
			} else if more {
				pause(ctx, time.Millisecond)
			}
		}
	}
	d.write(func(ctx context.Context) error { return d.store.handOver(ctx, d.claim, d.leave()) })
}

// slice delivers until nothing waits, for a while, or until something concerns the whole installation: then
// it returns the reason, and when to go on if that is known.
func (d *drain) slice(ctx context.Context) (until time.Time, reason error) {
	ctx, cancel := context.WithTimeout(ctx, sliceTime+time.Minute)
	defer cancel()
	held, err := d.store.held(ctx, d.claim.installation)
	if err != nil {
		d.trouble(ctx, "read messages", err)
		pause(ctx, time.Second)
		return time.Time{}, nil
	}
	f := newFeed(held, func(ctx context.Context, after int64, limit int) ([]row, error) {
		return d.store.page(ctx, d.claim.installation, after, limit)
	})
	end := time.AfterFunc(sliceTime, f.close)
	defer end.Stop()
	go d.haltWhenRefused(ctx, cancel)
	inRow := 0
	for delivery := range d.entry.client.Deliver(d.tenure.guard(ctx), f.messages(ctx)) {
		r := f.row(delivery.Index)
		switch judge(delivery.Err, r, ctx.Err() != nil) {
		case delivered:
			inRow = 0
			d.done++
			d.entry.answered(time.Now())
			d.marker.mark(r.seq, func() { f.settled(delivery.Index, false) })
			d.config.Observer.delivered(ctx, d.claim.installation, r)
		case refused:
			inRow = 0
			d.park(ctx, r, delivery.Err)
			f.settled(delivery.Index, true)
		case failed:
			end.Reset(afterError)
			d.postpone(ctx, r, delivery.Err)
			f.settled(delivery.Index, true)
			if inRow++; inRow >= maxInRow && reason == nil {
				reason = delivery.Err
				cancel()
			}
		case everyone:
			if reason == nil {
				reason = delivery.Err
			}
			f.settled(delivery.Index, true)
		case untouched:
			f.settled(delivery.Index, true)
		}
	}
	if f.err != nil && ctx.Err() == nil {
		d.trouble(ctx, "read messages", f.err)
		pause(ctx, time.Second)
	}
	f.drained(d.tenure.ctx) // what is marked late must not be read again
	if state := d.entry.client.Limiter().State(); state.Refusing != nil {
		return state.NextProbe, state.Refusing
	} else if time.Until(state.HeldUntil) > time.Second {
		return state.HeldUntil, channels.ErrRateLimited
	}
	if reason == nil {
		d.entry.sound()
	}
	return time.Time{}, reason
}

// haltWhenRefused ends a delivery that waits for a limit which will not end soon.
func (d *drain) haltWhenRefused(ctx context.Context, halt func()) {
	limiter := d.entry.client.Limiter()
	for ctx.Err() == nil {
		state := limiter.State()
		if state.Refusing != nil && time.Until(state.NextProbe) > time.Second || time.Until(state.HeldUntil) > 10*time.Second {
			halt()
		}
		pause(ctx, 250*time.Millisecond)
	}
}

// park keeps a refused message for an operator.
func (d *drain) park(ctx context.Context, r row, err error) {
	d.config.Logger.WarnContext(ctx, "outbox: a message was refused and is parked", slog.String("installation", d.claim.installation),
		slog.Int64("number", r.seq), slog.Any("error", err))
	d.config.Observer.parked(ctx, d.claim.installation, r, err)
	d.write(func(ctx context.Context) error { return d.store.park(ctx, d.claim, r.seq, err.Error()) })
}

// postpone lets a conversation wait whose message failed.
func (d *drain) postpone(ctx context.Context, r row, err error) {
	wait := backoff(time.Second, r.attempts)
	d.config.Logger.InfoContext(ctx, "outbox: a message has to wait", slog.String("installation", d.claim.installation),
		slog.Int64("number", r.seq), slog.Duration("wait", wait), slog.Any("error", err))
	d.write(func(ctx context.Context) error { return d.store.postpone(ctx, d.claim, r.seq, wait, err.Error()) })
}

// sleep lets go of the lane because of an error that is the installation's.
func (d *drain) sleep(ctx context.Context, reason error) { d.sleepUntil(ctx, reason, time.Time{}) }

func (d *drain) sleepUntil(ctx context.Context, reason error, until time.Time) {
	wait := time.Until(until)
	if until.IsZero() {
		wait = backoff(2*time.Second, d.failures())
	}
	wait = min(max(wait, 100*time.Millisecond), time.Hour)
	d.config.Logger.WarnContext(ctx, "outbox: an installation sleeps", slog.String("installation", d.claim.installation),
		slog.Duration("wait", wait), slog.Any("error", reason))
	d.config.Observer.sleeps(ctx, d.claim.installation, reason, wait)
	d.write(func(ctx context.Context) error {
		return d.store.sleep(ctx, d.claim, d.leave(), wait, reason.Error())
	})
}

// write retries a change of the database for as long as the tenure lasts, and once more after it. What then
// is not let go of is an orphan, which others see to.
func (d *drain) write(f func(context.Context) error) {
	for {
		last := d.tenure.ctx.Err() != nil
		ctx, cancel := context.WithTimeout(context.WithoutCancel(d.tenure.ctx), 5*time.Second)
		err := f(ctx)
		cancel()
		if err == nil || errors.Is(err, errLost) || last {
			return
		}
		d.trouble(d.tenure.ctx, "write down what became of a message", err)
		pause(d.tenure.ctx, 200*time.Millisecond)
	}
}

// backoff doubles from the first pause to five minutes.
func backoff(first time.Duration, before int) time.Duration {
	return min(first<<min(before, 20), 5*time.Minute)
}
