package auth

// This file holds the store of a single process, for tests and for programs that ask the user
// at each start.

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// A MemoryStore is a [Store] that forgets everything with the process. The zero MemoryStore is
// empty and ready to use; it must not be copied.
type MemoryStore struct {
	mu      sync.Mutex
	entries map[Installation]*memoryEntry
}

type memoryEntry struct {
	lock   chan struct{} // holds one element while an Update runs
	record Record        // guarded by MemoryStore.mu
}

func (s *MemoryStore) entry(key Installation) *memoryEntry {
	if s.entries == nil {
		s.entries = make(map[Installation]*memoryEntry)
	}
	e := s.entries[key]
	if e == nil {
		e = &memoryEntry{lock: make(chan struct{}, 1)}
		s.entries[key] = e
	}
	return e
}

// Load implements [Store].
func (s *MemoryStore) Load(_ context.Context, key Installation) (Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[key]; e != nil {
		return slices.Clone(e.record), nil
	}
	return nil, nil
}

// Update implements [Store].
func (s *MemoryStore) Update(ctx context.Context, key Installation, f func(context.Context, Record, func(Record) error) error) error {
	if ctx == nil {
		return errNilContext
	}
	s.mu.Lock()
	e := s.entry(key)
	s.mu.Unlock()
	select {
	case e.lock <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	held := true
	defer func() {
		s.mu.Lock()
		held = false
		s.mu.Unlock()
		<-e.lock
	}()
	record, _ := s.Load(ctx, key)
	return f(ctx, record, func(r Record) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !held {
			return errors.New("auth: the update has ended; nothing was saved")
		}
		e.record = slices.Clone(r)
		return nil
	})
}
