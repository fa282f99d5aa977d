package storetest

// This file checks the locks: that there is one, that it ends, and what a save is worth without it.

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func (s *suite) panicFreesLock() {
	func() {
		defer func() { _ = recover() }()
		_ = s.Open().Update(s.ctx, key, func(context.Context, auth.Record, func(auth.Record) error) error {
			panic("f panics")
		})
	}()
	s.within(inBackground(func() { s.save(s.Open(), key, "next") }), "Update after one that panicked")
}

// hold begins an Update of the key and returns when its function runs; release lets it end.
func (s *suite) hold(store auth.Store, f func(ctx context.Context, save func(auth.Record) error)) (release func()) {
	s.Helper()
	running, end := make(chan struct{}), make(chan struct{})
	done := inBackground(func() {
		err := store.Update(s.ctx, key, func(ctx context.Context, _ auth.Record, save func(auth.Record) error) error {
			close(running)
			<-end
			f(ctx, save)
			return nil
		})
		if err != nil {
			s.Errorf("Update: %v", err)
		}
	})
	release = sync.OnceFunc(func() {
		close(end)
		<-done
	})
	s.Cleanup(release)
	s.within(running, "Update of a free key")
	return release
}

func (s *suite) exclusive() {
	same := s.Open()
	for name, second := range map[string]auth.Store{"the same store": same, "another store on the same storage": s.Open()} {
		release := s.hold(same, func(_ context.Context, save func(auth.Record) error) {
			if err := save(auth.Record("by the first")); err != nil {
				s.Errorf("save: %v", err)
			}
		})
		entered := make(chan struct{})
		ended := inBackground(func() {
			_ = second.Update(s.ctx, key, func(_ context.Context, r auth.Record, _ func(auth.Record) error) error {
				close(entered)
				if string(r) != "by the first" {
					s.Errorf("the second Update began with %.60q: it was not kept out by the first", []byte(r))
				}
				return nil
			})
		})
		select {
		case <-entered:
			s.Errorf("two Updates of one key run at once, by %s", name)
		case <-time.After(aMoment):
		}
		release()
		s.within(ended, "Update by "+name+" after the first has ended")
	}
}

func (s *suite) noneLost() {
	const stores, each = 4, 5
	var all sync.WaitGroup
	for range stores {
		store := s.Open()
		all.Go(func() {
			for range each {
				err := store.Update(s.ctx, key, func(_ context.Context, r auth.Record, save func(auth.Record) error) error {
					n, _ := strconv.Atoi(string(r))
					<-time.After(time.Millisecond) // long enough for another to come in
					return save(auth.Record(strconv.Itoa(n + 1)))
				})
				if err != nil {
					s.Errorf("Update: %v", err)
				}
			}
		})
	}
	all.Wait()
	s.want(s.load(s.Open(), key), strconv.Itoa(stores*each), "after Updates that each counted one on")
}

func (s *suite) waitingEnds() {
	release := s.hold(s.Open(), func(context.Context, func(auth.Record) error) {})
	ctx, cancel := context.WithTimeout(s.ctx, aMoment)
	defer cancel()
	done := inBackground(func() {
		err := s.Open().Update(ctx, key, func(context.Context, auth.Record, func(auth.Record) error) error {
			s.Errorf("the function ran while another Update did")
			return nil
		})
		if err == nil {
			s.Errorf("Update, waiting for the lock when its context ended, returned no error")
		}
	})
	s.within(done, "Update whose context ended")
	release()
}

func (s *suite) savesAfterContext() {
	store := s.Open()
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	err := store.Update(ctx, key, func(ctx context.Context, _ auth.Record, save func(auth.Record) error) error {
		cancel()
		if ctx.Err() == nil {
			s.Errorf("the function's context is not derived from Update's")
		}
		return save(auth.Record("paid for"))
	})
	if err != nil {
		s.Errorf("save after the context had ended, with the lock held: %v", err)
	}
	s.want(s.load(store, key), "paid for", "Load")
}

func (s *suite) lateSave() {
	store := s.Open()
	var late func(auth.Record) error
	err := store.Update(s.ctx, key, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error {
		late = save
		return save(auth.Record("in time"))
	})
	if err != nil {
		s.Fatalf("Update: %v", err)
	}
	if late(auth.Record("late")) == nil {
		s.Errorf("save returned no error after its Update had ended")
	}
	s.want(s.load(store, key), "in time", "Load after a late save")
}

// lease lets a lock expire under a function that takes no notice.
func (s *suite) lease() {
	if s.Lease == 0 {
		return // a lock that lasts as long as the process is checked by exclusive
	}
	began := time.Now()
	release := s.hold(s.Open(), func(ctx context.Context, save func(auth.Record) error) {
		if ctx.Err() == nil {
			s.Errorf("the function's context has not ended when its lock was given to another")
		}
		if save(auth.Record("by the first")) == nil {
			s.Errorf("save returned no error when the lock had been given to another")
		}
	})
	err := s.Open().Update(s.ctx, key, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error {
		if held := time.Since(began); held < s.Lease {
			s.Errorf("the lock was given to another after %v, before the lease of %v was over", held, s.Lease)
		}
		return save(auth.Record("by the second"))
	})
	if err != nil {
		s.Errorf("Update after the lease: %v", err)
	}
	release()
	s.want(s.load(s.Open(), key), "by the second", "Load after a save without the lock")

	err = s.Open().Update(s.ctx, key, func(ctx context.Context, _ auth.Record, save func(auth.Record) error) error {
		select {
		case <-ctx.Done():
		case <-time.After(s.Lease):
			return errors.New("the function's context goes on beyond the lease")
		}
		return save(auth.Record("in time"))
	})
	if err != nil {
		s.Errorf("Update until the context ended, and one save: %v", err)
	}
}
