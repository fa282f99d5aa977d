package storetest

// The suite itself on trial: it must pass stores that are right, and fail each store that is
// broken in one way, in the check that is about it.

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func TestMemoryStorePasses(t *testing.T) {
	t.Parallel()
	Run(t, func(testing.TB) Storage {
		store := new(auth.MemoryStore)
		return Storage{Open: func() auth.Store { return store }}
	})
}

func TestLeasedStorePasses(t *testing.T) {
	t.Parallel()
	Run(t, func(testing.TB) Storage { return storage(faults{lease: time.Second}) })
}

func TestEachBrokenStoreFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		broken string
		faults faults
		check  string // that has to notice; others may as well
	}{
		{"an error in place of nothing", faults{absentIsError: true}, "nothing stored"},
		{"long records are cut off", faults{cut: 4096}, "every byte is kept"},
		{"records are cut off", faults{cut: 300}, "two apps share it"},
		{"saves reach the storage when the update ends", faults{savesAtEnd: true}, "a save is seen at once"},
		{"loads wait for updates", faults{loadLocks: true}, "a save is seen at once"},
		{"each handle caches what it read", faults{caches: true}, "updates read afresh"},
		{"saved slices are not copied", faults{aliasesSaved: true}, "records are copies"},
		{"loaded slices are not copied", faults{aliasesLoaded: true}, "records are copies"},
		{"ids are joined without a separator", faults{joinsIDs: true}, "keys are apart"},
		{"one lock for all keys", faults{oneLock: true}, "keys are apart"},
		{"a failed update is rolled back", faults{rollsBack: true}, "an error is passed on and undoes nothing"},
		{"the function's error is swallowed", faults{swallows: true}, "an error is passed on and undoes nothing"},
		{"an error keeps the lock", faults{errorKeepsLock: true}, "an error is passed on and undoes nothing"},
		{"a panic keeps the lock", faults{panicKeepsLock: true}, "a panic frees the lock"},
		{"no lock", faults{noLock: true}, "updates exclude each other"},
		{"a lock for each handle", faults{handleLock: true}, "updates exclude each other"},
		{"no lock, seen by its lost updates", faults{noLock: true}, "no update is lost"},
		{"waiting goes on without the context", faults{waitsForever: true}, "waiting ends with the context"},
		{"saving stops with the context", faults{saveNeedsContext: true}, "an ended context does not keep from saving"},
		{"saves work after the update", faults{lateSaves: true}, "a late save fails"},
		{"a lease without a fence", faults{lease: 200 * time.Millisecond, unfenced: true}, "a lease ends after its context"},
		{"a lease that the context outlives", faults{lease: 200 * time.Millisecond, contextGoesOn: true}, "a lease ends after its context"},
	} {
		t.Run(c.broken, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(checks, func(ch check) bool { return ch.name == c.check })
			if i < 0 {
				t.Fatalf("there is no check %q", c.check)
			}
			synctest.Test(t, func(t *testing.T) {
				life, end := context.WithCancel(t.Context())
				c.faults.life = life
				r := &recorder{TB: t, ctx: life}
				r.run(func() { checks[i].run(newSuite(r, storage(c.faults))) })
				end()
				synctest.Wait() // for what a broken store has blocked
				if len(r.failures) == 0 {
					t.Fatalf("the check %q passes a store of which this is true: %s", c.check, c.broken)
				}
				t.Logf("says: %s", strings.Join(r.failures, "; "))
			})
		})
	}
}

// A recorder is the test that a broken store fails.
type recorder struct {
	testing.TB
	ctx      context.Context //nolint:containedctx // of the test that is running
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Cleanup(f func())         { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// run runs a check until it ends or gives up, and then its cleanups.
func (r *recorder) run(check func()) {
	cleanup := func() {
		for _, f := range slices.Backward(r.cleanups) {
			f()
		}
	}
	for _, f := range []func(){check, cleanup} {
		done := make(chan struct{})
		go func() { // Fatalf ends the goroutine
			defer close(done)
			f()
		}()
		<-done
	}
}

// faults says in which way a store is broken. The zero value is not.
type faults struct {
	life                                                             context.Context //nolint:containedctx // of the test that is running
	lease                                                            time.Duration
	cut                                                              int
	absentIsError, savesAtEnd, loadLocks, caches, joinsIDs, oneLock  bool
	aliasesSaved, aliasesLoaded, rollsBack, swallows, errorKeepsLock bool
	panicKeepsLock, noLock, handleLock, waitsForever                 bool
	saveNeedsContext, lateSaves, unfenced, contextGoesOn             bool
}

// table is the storage that several stores share, like a table of a database.
type table struct {
	mu      sync.Mutex
	records map[string]auth.Record
	holders map[string]*int      // who has the lock of a key; the pointer is the fence
	expire  map[string]time.Time // when its lease is over
}

type store struct {
	faults
	*table
	own   map[string]*int // the locks, if they are the store's alone
	cache map[string]auth.Record
}

func storage(f faults) Storage {
	t := &table{records: map[string]auth.Record{}, holders: map[string]*int{}, expire: map[string]time.Time{}}
	return Storage{Lease: f.lease, Open: func() auth.Store {
		return &store{faults: f, table: t, own: map[string]*int{}, cache: map[string]auth.Record{}}
	}}
}

func (s *store) name(key auth.Installation) string {
	if s.joinsIDs {
		return fmt.Sprint(key.CompanyID) + fmt.Sprint(key.UserID)
	}
	return key.String()
}

func (s *store) locks() map[string]*int {
	if s.handleLock {
		return s.own
	}
	return s.holders
}

func (s *store) lockName(key auth.Installation) string {
	if s.oneLock {
		return ""
	}
	return s.name(key)
}

func (s *store) tryLock(name string, me *int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locks()[name] != nil && (s.lease == 0 || time.Now().Before(s.expire[name])) && !s.noLock {
		return false
	}
	s.locks()[name], s.expire[name] = me, time.Now().Add(s.lease)
	return true
}

func (s *store) lock(ctx context.Context, name string, me *int) error {
	for !s.tryLock(name, me) {
		if s.waitsForever {
			ctx = s.life
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

func (s *store) unlock(name string, me *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locks()[name] == me {
		delete(s.locks(), name)
	}
}

func (s *store) Load(ctx context.Context, key auth.Installation) (auth.Record, error) {
	if s.loadLocks {
		me := new(int)
		if err := s.lock(ctx, s.name(key), me); err != nil {
			return nil, err
		}
		defer s.unlock(s.name(key), me)
	}
	return s.read(key)
}

func (s *store) read(key auth.Installation) (auth.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[s.name(key)]
	if !ok && s.absentIsError {
		return nil, errors.New("no such record")
	}
	if cached, ok := s.cache[s.name(key)]; ok && s.caches {
		return slices.Clone(cached), nil
	}
	s.cache[s.name(key)] = r
	if s.aliasesLoaded {
		return r, nil
	}
	return slices.Clone(r), nil
}

func (s *store) Update(ctx context.Context, key auth.Installation, f func(context.Context, auth.Record, func(auth.Record) error) error) (err error) {
	name, me := s.lockName(key), new(int)
	if err := s.lock(ctx, name, me); err != nil {
		return err
	}
	var ended, panicked bool
	before, err := s.read(key)
	if err != nil {
		return err
	}
	panicked = true
	defer func() {
		s.mu.Lock()
		ended = true
		s.mu.Unlock()
		if (!panicked || !s.panicKeepsLock) && (err == nil || !s.errorKeepsLock) {
			s.unlock(name, me)
		}
	}()
	outer := ctx
	if s.lease > 0 && !s.contextGoesOn {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.lease/2)
		defer cancel()
	}
	var atEnd auth.Record
	err = f(ctx, before, func(r auth.Record) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case ended && !s.lateSaves,
			s.saveNeedsContext && outer.Err() != nil,
			s.lease > 0 && !s.unfenced && s.locks()[name] != me:
			return errors.New("not saved")
		case s.savesAtEnd:
			atEnd = slices.Clone(r)
			return nil
		}
		if s.cut > 0 && len(r) > s.cut {
			r = r[:s.cut]
		}
		if !s.aliasesSaved {
			r = slices.Clone(r)
		}
		s.records[s.name(key)], s.cache[s.name(key)] = r, r
		return nil
	})
	panicked = false
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.savesAtEnd {
		s.records[s.name(key)] = atEnd
	}
	if err != nil && s.rollsBack {
		s.records[s.name(key)] = before
	}
	if s.swallows {
		return nil
	}
	return err
}
