package outbox

// This file keeps a process alive in the eyes of the others. What it works on is its own for a
// tenure: as long as its beats arrive. Beats are counted and watched by monotonic clocks, so that no step of
// a clock ends or stretches a tenure.

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http/httptrace"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	beatEvery = 2 * time.Second
	// A process stops by itself long before the others take over: an attempt may take 15 seconds, and what is
	// in flight has to end in between.
	tenureEnds = 8 * time.Second
	deadAfter  = 30 * time.Second
)

// tenure is a time in which the process may work on lanes, under one name.
type tenure struct {
	id     string
	ctx    context.Context //nolint:containedctx // what is done in the tenure ends with it
	cancel context.CancelFunc
	work   sync.WaitGroup
	lapses atomic.Pointer[time.Time] // nil if it does not lapse
}

// guard returns a context whose requests are not written once the tenure has lapsed. A process that was stopped
// goes on with all its timers due at once, a retry's before or after the one that ends the tenure: so
// the clock is asked at the last moment that there is, when the request has its connection.
func (t *tenure) guard(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		if lapses := t.lapses.Load(); lapses != nil && time.Now().After(*lapses) {
			_ = got.Conn.Close() // what else uses it is of the same tenure
		}
	}})
}

// extend lets the tenure last on from a beat.
func (t *tenure) extend(sent time.Time) {
	lapses := sent.Add(tenureEnds)
	t.lapses.Store(&lapses)
}

func newTenure(ctx context.Context) *tenure {
	ctx, cancel := context.WithCancel(ctx)
	return &tenure{id: rand.Text(), ctx: ctx, cancel: cancel}
}

// serve goes from tenure to tenure until ctx ends.
func (r *run) serve(ctx context.Context) {
	defer close(r.ended)
	for ctx.Err() == nil {
		t := newTenure(ctx)
		if err := r.store.register(ctx, t.id, host()); err != nil {
			t.cancel()
			r.trouble(ctx, "register the process", err)
			pause(ctx, time.Second)
			continue
		}
		r.setTenure(t)
		if r.store.dialect.name == sqlite.name {
			<-t.ctx.Done() // the lock on the file is proof enough of who delivers
		} else {
			r.keep(t)
		}
		r.setTenure(nil)
		t.cancel()
		t.work.Wait()
		// The lanes that could not be let go of are orphans from now on.
		err := r.store.unregister(context.WithoutCancel(ctx), t.id)
		if err != nil {
			r.trouble(ctx, "unregister the process", err)
		}
	}
}

// keep sends beats until they fail for too long, and does the rounds in between.
func (r *run) keep(t *tenure) {
	t.extend(time.Now())
	lapse := time.AfterFunc(tenureEnds, t.cancel)
	defer lapse.Stop()
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-t.ctx.Done():
			return
		case <-tick.C:
		}
		sent := time.Now()
		err := r.store.beat(t.ctx, t.id)
		switch {
		case err == nil && lapse.Stop():
			t.extend(sent)
			lapse.Reset(tenureEnds - time.Since(sent))
		case errors.Is(err, errLost):
			r.config.Logger.WarnContext(t.ctx, "outbox: this process was taken for dead, and begins anew")
			return
		case err != nil:
			r.trouble(t.ctx, "show that the process lives", err)
		}
	}
}

// watch does the rounds, until ctx ends.
func (r *run) watch(ctx context.Context) {
	others := sights{}
	cleaned := time.Time{}
	for ; ctx.Err() == nil; pause(ctx, time.Second) {
		if r.store.dialect.name != sqlite.name { // there are no others, and the one that there is sends no beats
			r.lookAfter(ctx, others)
		}
		r.adoptOrphans(ctx)
		r.rouseSleepers(ctx)
		if time.Since(cleaned) > 30*time.Second {
			cleaned = time.Now()
			r.check(ctx, "remove delivered messages", r.store.clean(ctx, r.config.Keep))
		}
	}
}

// sights are when the beat of each process was seen to change.
type sights map[string]sight

type sight struct {
	beat int64
	at   time.Time
}

// lookAfter buries the processes whose beat has stood still for too long.
func (r *run) lookAfter(ctx context.Context, others sights) {
	asked := time.Now()
	beats, err := r.store.beats(ctx)
	if !r.check(ctx, "look after the other processes", err) {
		return
	}
	for id := range others {
		if _, there := beats[id]; !there {
			delete(others, id)
		}
	}
	for id, beat := range beats {
		if s, known := others[id]; !known || s.beat != beat {
			others[id] = sight{beat, time.Now()}
		} else if asked.Sub(s.at) > deadAfter {
			r.config.Logger.WarnContext(ctx, "outbox: a process is dead", slog.String("process", id))
			r.check(ctx, "bury a process", r.store.bury(ctx, id, beat))
		}
	}
}

func (r *run) adoptOrphans(ctx context.Context) {
	lanes, err := r.store.orphans(ctx)
	r.check(ctx, "look for orphans", err)
	for _, lane := range lanes {
		if r.check(ctx, "take over", r.store.adopt(ctx, lane)) {
			r.config.Logger.WarnContext(ctx, "outbox: taken over from a dead process", slog.String("installation", lane))
			r.config.Observer.takenOver(ctx, lane)
		}
	}
}

func (r *run) rouseSleepers(ctx context.Context) {
	lanes, err := r.store.sleepers(ctx)
	r.check(ctx, "look for sleepers", err)
	for _, lane := range lanes {
		r.check(ctx, "wake an installation", r.store.rouse(ctx, lane))
	}
}

// check logs an error and reports whether there was none.
func (r *run) check(ctx context.Context, what string, err error) bool {
	if err != nil {
		r.trouble(ctx, what, err)
	}
	return err == nil
}

func (r *run) trouble(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		r.config.Logger.ErrorContext(ctx, "outbox: trouble with the database", slog.String("cannot", what), slog.Any("error", err))
	}
}

// pause waits, no longer than ctx lasts.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func host() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}
