package outbox

// This file is the life of a delivering process: lock, workers, marker, rounds, and their orderly end.

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

var (
	// ErrRunning is a second process that would deliver from one SQLite file.
	ErrRunning = errors.New("another process delivers from this file")
)

// Run delivers until ctx ends. Then it finishes the requests in flight, gives its installations to the other
// processes and returns nil. It returns an error only if it cannot begin: from then on it
// outlasts whatever happens to the database.
func (o *Outbox) Run(ctx context.Context) error {
	if err := o.run(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("outbox: run: %w", err)
	}
	return nil
}

func (o *Outbox) run(ctx context.Context) error {
	if o.config.Client == nil {
		return errors.New("Config.Client is missing")
	}
	r := &run{
		Outbox: o, process: rand.Text(), clients: map[string]*clientEntry{}, begun: make(chan struct{}), ended: make(chan struct{}),
		marker: &marker{store: o.store, keep: o.config.Keep >= 0, news: make(chan struct{}, 1)},
	}
	r.marker.failed = func(err error) { r.trouble(context.WithoutCancel(ctx), "mark what was delivered", err) }
	if o.file != "" {
		lock := flock.New(o.file + ".lock")
		locked, err := lock.TryLock()
		if err != nil {
			return err
		}
		if !locked {
			return fmt.Errorf("%w: %s", ErrRunning, o.file)
		}
		defer func() { _ = lock.Unlock() }()
	}
	if o.store.dialect.name == sqlite.name {
		if err := r.inherit(ctx); err != nil {
			return err
		}
	}
	// What ends the work is the end of the tenure; River's own contexts outlive it, so that the last results are written.
	alive := context.WithoutCancel(ctx)
	stop, err := o.engine.start(alive, quiet(o.config.Logger), r.work)
	if err != nil {
		return err
	}
	var rounds, marks sync.WaitGroup
	marking, marked := context.WithCancel(alive)
	marks.Go(func() { r.marker.run(marking) })
	rounds.Go(func() { r.watch(ctx) })
	serving, served := context.WithCancel(alive)
	rounds.Go(func() { r.serve(serving) })

	<-ctx.Done()
	// River stops fetching first, so that what is handed over goes elsewhere.
	stopped := make(chan error, 1)
	go func() { stopped <- stop(alive) }()
	pause(alive, 20*time.Millisecond)
	served()
	rounds.Wait()
	err = <-stopped
	marked()
	marks.Wait()
	return err
}

// inherit takes over what the last process on an SQLite file has left: the lock proves that it is dead.
func (r *run) inherit(ctx context.Context) error {
	beats, err := r.store.beats(ctx)
	if err != nil {
		return err
	}
	for id, beat := range beats {
		if err := r.store.bury(ctx, id, beat); err != nil {
			return err
		}
	}
	return r.store.fillWindows(ctx, r.config.Keep >= 0)
}

// run is what a delivering process has in memory.
type run struct {
	*Outbox
	process string // for its whole life, unlike a tenure's
	marker  *marker

	mu      sync.Mutex
	tenure  *tenure       // nil while there is none
	begun   chan struct{} // closed while there is one
	clients map[string]*clientEntry

	ended chan struct{} // closed when there will be none any more
}

func (r *run) setTenure(t *tenure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tenure = t
	if t != nil {
		close(r.begun)
	} else {
		r.begun = make(chan struct{})
	}
}

// enter waits for a tenure and begins a piece of work in it; nil if there will be none.
func (r *run) enter() *tenure {
	for {
		r.mu.Lock()
		t, begun := r.tenure, r.begun
		if t != nil {
			t.work.Add(1)
		}
		r.mu.Unlock()
		if t != nil {
			return t
		}
		select {
		case <-begun:
		case <-r.ended:
			return nil
		}
	}
}

// work is a job of River's. After an error it runs again, here or elsewhere.
func (r *run) work(ctx context.Context, args drainArgs) error {
	t := r.enter()
	if t == nil {
		return r.store.passOn(ctx, args)
	}
	defer t.work.Done()
	c, wait, ok, err := r.store.claim(ctx, args, t.id, r.process)
	if err != nil || !ok {
		return err
	}
	d := &drain{run: r, tenure: t, claim: c, began: time.Now()}
	d.deliver(wait)
	return nil
}
