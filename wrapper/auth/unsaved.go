package auth

// This file saves a refreshed token later, if it could not be saved at once.

import (
	"context"
	"fmt"
	"time"
)

// latest returns the newer of the stored grant and the one that could not be saved, as a copy.
func (s *TokenSource) latest(stored *grant) *grant {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsaved == nil || stored == nil || stored.Generation >= s.unsaved.Generation {
		return stored
	}
	g := *s.unsaved
	return &g
}

// saveLater keeps g in use and tries to save it until it expires, in the background. The next
// refresh builds on it in any case.
func (s *TokenSource) saveLater(ctx context.Context, g *grant, err error) {
	s.warnUnsaved(ctx, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsaved = g
	if s.saving != nil {
		return
	}
	s.saving = make(chan struct{})
	go func(ctx context.Context) {
		for pause := firstPause; ; pause = min(2*pause, lastPause) {
			<-time.After(pause) // without a way to end it sooner: the token would be lost
			if s.trySaving(ctx) {
				return
			}
		}
	}(context.WithoutCancel(ctx))
}

// trySaving reports whether nothing is left that is worth saving.
func (s *TokenSource) trySaving(ctx context.Context) (done bool) {
	s.mu.Lock()
	g := s.unsaved
	s.mu.Unlock()
	if g != nil {
		if err := s.saveUnsaved(ctx, g); err != nil {
			s.warnUnsaved(ctx, err)
		} else {
			s.saved(g)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsaved != nil && time.Now().Before(s.unsaved.ExpiresAt) {
		return false
	}
	close(s.saving)
	s.saving = nil
	return true
}

func (s *TokenSource) saveUnsaved(ctx context.Context, g *grant) error {
	ctx, cancel := withRunningTimeout(ctx, workTimeout)
	defer cancel()
	return s.store.Update(ctx, s.key, func(_ context.Context, r Record, save func(Record) error) error {
		stored, err := s.app.decode(r)
		if err != nil {
			return err
		}
		if stored == nil || stored.Generation >= g.Generation {
			return nil // deleted or replaced meanwhile, which counts
		}
		return s.app.save(save, r, g)
	})
}

// saved notes that the store has g, or a newer grant.
func (s *TokenSource) saved(g *grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsaved != nil && s.unsaved.Generation <= g.Generation {
		s.unsaved = nil
	}
}

func (s *TokenSource) warnUnsaved(ctx context.Context, err error) {
	s.app.config.Warn(ctx, s.key, s.wrap("save the token", fmt.Errorf("%w: %w", ErrNotPersisted, err)))
}
