// Package storetest tests implementations of [auth.Store]. The test of a store is a few lines:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t testing.TB) storetest.Storage {
//			dir := t.TempDir()
//			return storetest.Storage{Open: func() auth.Store { return open(t, dir) }}
//		})
//	}
//
// A store that passes loses no token that an [auth.TokenSource] saves, as long as what it is built
// on keeps its promises: a process cannot test whether a record outlives a crash.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// Storage is one place for records, empty at first.
type Storage struct {
	// Open returns a store on this storage, as another process or host would open it. A store
	// for one process may return the same one each time.
	Open func() auth.Store

	// Lease is how long a lock is held for an Update that does not end: long enough for its
	// function's context to end first, short enough to wait for, such as a second. Zero means
	// that a lock is held as long as the process lives.
	Lease time.Duration
}

// Run runs the suite in parallel subtests, each on a fresh storage.
func Run(t *testing.T, fresh func(t testing.TB) Storage) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(newSuite(t, fresh(t)))
		})
	}
}

type check struct {
	name string
	run  func(*suite)
}

var checks = []check{
	{"nothing stored", (*suite).nothingStored},
	{"every byte is kept", (*suite).everyByte},
	{"a save is seen at once", (*suite).seenAtOnce},
	{"updates read afresh", (*suite).readsAfresh},
	{"records are copies", (*suite).copies},
	{"keys are apart", (*suite).keysApart},
	{"two apps share it", (*suite).appsApart},
	{"an error is passed on and undoes nothing", (*suite).errorPassedOn},
	{"a panic frees the lock", (*suite).panicFreesLock},
	{"updates exclude each other", (*suite).exclusive},
	{"no update is lost", (*suite).noneLost},
	{"waiting ends with the context", (*suite).waitingEnds},
	{"an ended context does not keep from saving", (*suite).savesAfterContext},
	{"a late save fails", (*suite).lateSave},
	{"a lease ends after its context", (*suite).lease},
}

const (
	// soon is how long a check waits for what must happen; only a failure takes that long.
	soon = 10 * time.Second
	// aMoment is how long a check watches that something does not happen.
	aMoment = 60 * time.Millisecond
)

var key = auth.Installation{CompanyID: 1001, UserID: 42}

type suite struct {
	testing.TB
	Storage
	ctx context.Context //nolint:containedctx // of the one test that the suite is made for
}

func newSuite(tb testing.TB, storage Storage) *suite {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 2*soon+4*storage.Lease)
	tb.Cleanup(cancel)
	return &suite{TB: tb, Storage: storage, ctx: ctx}
}

func (s *suite) load(store auth.Store, key auth.Installation) auth.Record {
	s.Helper()
	r, err := store.Load(s.ctx, key)
	if err != nil {
		s.Fatalf("Load: %v", err)
	}
	return r
}

// save saves record by an Update and returns what was there before.
func (s *suite) save(store auth.Store, key auth.Installation, record string) (before auth.Record) {
	s.Helper()
	err := store.Update(s.ctx, key, func(_ context.Context, r auth.Record, save func(auth.Record) error) error {
		before = r
		return save(auth.Record(record))
	})
	if err != nil {
		s.Errorf("Update: %v", err) // not Fatalf: checks call this in goroutines, too
	}
	return before
}

func (s *suite) want(got auth.Record, want, where string) {
	s.Helper()
	if string(got) != want {
		s.Fatalf("%s: got the record %.60q, want %.60q", where, []byte(got), want)
	}
}

// within fails unless done is closed soon.
func (s *suite) within(done <-chan struct{}, what string) {
	s.Helper()
	select {
	case <-done:
	case <-time.After(soon):
		s.Fatalf("%s: not within %v", what, soon)
	}
}

// inBackground runs f and returns a channel that is closed when it has ended.
func inBackground(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return done
}

func (s *suite) nothingStored() {
	store := s.Open()
	s.want(s.load(store, key), "", "Load of a key that was never saved")
	s.want(s.save(store, key, "first"), "", "Update of a key that was never saved")
	s.want(s.load(store, auth.Installation{CompanyID: 9, UserID: 9}), "", "Load of another key")
}

func (s *suite) everyByte() {
	store := s.Open()
	long := make([]byte, 64<<10)
	for i := range long {
		long[i] = byte(i * 7 >> 2)
	}
	for _, record := range []string{string(long), `{"short":"<&é\u2028"}`, "\x00\xff\n", string(long[:5000])} {
		s.save(store, key, record)
		if got := s.load(s.Open(), key); !bytes.Equal(got, []byte(record)) {
			s.Fatalf("saved %d bytes beginning %.20q, loaded %d beginning %.20q", len(record), record, len(got), []byte(got))
		}
	}
}

func (s *suite) seenAtOnce() {
	a, b := s.Open(), s.Open()
	err := a.Update(s.ctx, key, func(ctx context.Context, _ auth.Record, save func(auth.Record) error) error {
		for _, record := range []string{"first", "second"} {
			if err := save(auth.Record(record)); err != nil {
				return err
			}
			done := inBackground(func() {
				if r, err := b.Load(ctx, key); err != nil || string(r) != record {
					s.Errorf("Load after save has returned, in an Update: got %.60q, %v, want %q", []byte(r), err, record)
				}
			})
			s.within(done, "Load during an Update, which must not wait for it")
		}
		return nil
	})
	if err != nil {
		s.Fatalf("Update: %v", err)
	}
}

func (s *suite) readsAfresh() {
	a, b := s.Open(), s.Open()
	s.save(b, key, "first")
	s.load(a, key)
	s.want(s.save(b, key, "second"), "first", "Update after an Update")
	s.want(s.save(a, key, "third"), "second", "Update after one by another store on the same storage")
	s.want(s.load(b, key), "third", "Load after an Update by another store on the same storage")
}

func (s *suite) copies() {
	store := s.Open()
	record := auth.Record("original")
	err := store.Update(s.ctx, key, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error {
		err := save(record)
		copy(record, "tampered")
		return err
	})
	if err != nil {
		s.Fatalf("Update: %v", err)
	}
	s.want(s.load(store, key), "original", "Load, after the saved slice was changed")
	copy(s.load(store, key), "tampered")
	s.want(s.load(store, key), "original", "Load, after a loaded slice was changed")
}

func (s *suite) keysApart() {
	store := s.Open()
	keys := []auth.Installation{
		{CompanyID: 1, UserID: 23},
		{CompanyID: 12, UserID: 3},
		{CompanyID: 3, UserID: 12},
		{CompanyID: 1<<63 - 1, UserID: 1},
		{CompanyID: 1, UserID: 1<<63 - 1},
		{}, // auth.App.Install tries the store with it
	}
	for _, k := range keys {
		s.want(s.save(store, k, k.String()), "", "first Update of "+k.String())
	}
	for _, k := range keys {
		s.want(s.load(store, k), k.String(), "Load")
	}
	err := store.Update(s.ctx, keys[0], func(ctx context.Context, _ auth.Record, _ func(auth.Record) error) error {
		done := inBackground(func() {
			_ = store.Update(ctx, keys[1], func(context.Context, auth.Record, func(auth.Record) error) error { return nil })
		})
		s.within(done, "Update during the Update of another key")
		return nil
	})
	if err != nil {
		s.Fatalf("Update: %v", err)
	}
}

func (s *suite) errorPassedOn() {
	store, failed := s.Open(), errors.New("f failed")
	err := store.Update(s.ctx, key, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error {
		if err := save(auth.Record("saved")); err != nil {
			s.Errorf("save: %v", err)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		s.Fatalf("Update returned %v, want what its function returned", err)
	}
	s.want(s.load(store, key), "saved", "Load after an Update that failed when it had saved")
	s.within(inBackground(func() { s.save(s.Open(), key, "next") }), "Update after one that failed")
}
