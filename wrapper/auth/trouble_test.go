package auth_test

// What happens to tokens when the store or the server fails in the middle.

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// A frailStore fails, or waits, where a test wants it to.
type frailStore struct {
	auth.Store
	mu     sync.Mutex
	onSave func(n int) error // called before the nth save, counted from 1
	saves  int

	trialFails bool   // the trial of an install counts as a save
	afterward  func() // called, if not nil, when the lock is free again
}

func (s *frailStore) Update(ctx context.Context, key auth.Installation, f func(context.Context, auth.Record, func(auth.Record) error) error) error {
	err := s.Store.Update(ctx, key, func(ctx context.Context, r auth.Record, save func(auth.Record) error) error {
		return f(ctx, r, func(r auth.Record) error {
			if key == (auth.Installation{}) && !s.trialFails { // an install tries the store first
				return save(r)
			}
			s.mu.Lock()
			s.saves++
			n, onSave := s.saves, s.onSave
			s.mu.Unlock()
			if onSave != nil {
				if err := onSave(n); err != nil {
					return err
				}
			}
			return save(r)
		})
	})
	s.mu.Lock()
	afterward := s.afterward
	s.mu.Unlock()
	if afterward != nil {
		afterward()
	}
	return err
}

// at sets what happens at saves, which are counted from here.
func (s *frailStore) at(onSave func(n int) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves, s.onSave = 0, onSave
}

var errDisk = errors.New("disk full")

func withFrailStore(t *testing.T, f func(h *harness, store *frailStore)) {
	t.Helper()
	for name, repeats := range map[string]bool{"rotating": false, "repeating": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := &frailStore{Store: new(auth.MemoryStore)}
				h := newHarness(t, func(c *auth.AppConfig) { c.Store = store })
				h.repeats = repeats
				f(h, store)
			})
		})
	}
}

func TestATokenIsSavedBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		<-time.After(time.Hour)
		gate := make(chan struct{})
		store.at(func(n int) error {
			if n == 2 { // the first notes that a refresh is pending
				<-gate
			}
			return nil
		})
		got := make(chan struct{})
		go func() {
			defer close(got)
			h.token(src)
		}()
		synctest.Wait()
		h.wantCount("refresh_token", 1)
		select {
		case <-got:
			h.Error("the token was used before it was saved")
		default:
		}
		close(gate)
		<-got
	})
}

func TestAStoreThatCannotBeWrittenCostsNoToken(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		<-time.After(time.Hour)
		store.at(func(int) error { return errDisk })
		if _, err := src.Token(); !errors.Is(err, errDisk) {
			h.Errorf("Token: %v", err)
		}
		h.wantCount("refresh_token", 0)
		store.at(nil)
		<-time.After(time.Second)
		h.token(src)
	})
}

func TestATokenThatCannotBeSavedIsUsedAndSavedLater(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		<-time.After(time.Hour)
		store.at(func(n int) error {
			if n >= 2 && n < 6 {
				return errDisk
			}
			return nil
		})
		token := h.token(src)
		if got := h.token(src); got != token {
			h.Error("the token was not kept in memory")
		}
		if warns := h.warns.all(); len(warns) != 1 || !errors.Is(warns[0], auth.ErrNotPersisted) || !errors.Is(warns[0], errDisk) {
			h.Errorf("Warn was told %v", warns)
		}
		if err := h.app.Wait(h.Context()); err != nil {
			h.Errorf("Wait: %v", err)
		}
		if warns := h.warns.all(); len(warns) != 4 {
			h.Errorf("Warn was told %d times of four failures", len(warns))
		}
		// What was saved late is what another process goes on with.
		if got := h.token(h.newApp().TokenSource(alice)); got != token {
			h.Error("another process got another token than was saved late")
		}
		<-time.After(time.Hour)
		h.token(h.newApp().TokenSource(alice))
		h.token(src)
		h.wantCount("refresh_token", 2)
	})
}

func TestSavingLaterEndsWithTheTokenAndTheNextRefreshGoesOn(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		<-time.After(time.Hour)
		store.at(func(n int) error {
			if n >= 2 {
				return errDisk
			}
			return nil
		})
		h.token(src)
		ctx, cancel := context.WithTimeout(h.Context(), time.Minute)
		defer cancel()
		if err := h.app.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			h.Errorf("Wait, while a token is not saved: %v", err)
		}
		<-time.After(2 * time.Hour)
		if n := len(h.warns.all()); n < 30 || n > 80 { // one a minute, and some at first
			h.Errorf("Warn was told %d times in an hour", n)
		}
		if err := h.app.Wait(h.Context()); err != nil {
			h.Errorf("Wait: %v", err)
		}
		store.at(nil)
		h.token(src) // on the refresh token that only memory has
		h.wantCount("refresh_token", 2)
		<-time.After(time.Hour)
		h.token(h.newApp().TokenSource(alice))
		if h.refusals != 0 {
			h.Errorf("%d refresh tokens were refused", h.refusals)
		}
	})
}

func TestALateSaveDoesNotOverwriteANewInstall(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		<-time.After(time.Hour)
		store.at(func(n int) error {
			if n >= 2 {
				return errDisk
			}
			return nil
		})
		h.token(src)
		store.at(nil)
		installed, err := h.newApp().Install(h.Context(), h.code()) // by another process
		if err != nil {
			h.Fatal(err)
		}
		want := h.token(installed)
		if err := h.app.Wait(h.Context()); err != nil {
			h.Fatal(err)
		}
		if got := h.token(h.newApp().TokenSource(alice)); got != want {
			h.Error("the store has the late token, not that of the new install")
		}
	})
}

func TestATokenThatIsNotSavedDoesNotOutweighANewInstall(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		store.at(func(n int) error {
			if n == 2 {
				return errDisk
			}
			return nil
		})
		if _, err := src.Renew(h.Context(), h.token(src)); err != nil {
			h.Fatal(err)
		}
		token := h.token(src)
		h.refuse()                                                           // whatever was given out before
		if _, err := h.newApp().Install(h.Context(), h.code()); err != nil { // by another process
			h.Fatal(err)
		}
		if _, err := src.Renew(h.Context(), token); err != nil || h.refusals != 0 {
			h.Errorf("Renew: %v; %d refresh tokens were refused", err, h.refusals)
		}
		if err := h.app.Wait(h.Context()); err != nil {
			h.Fatal(err)
		}
	})
}

func TestALateSaveDoesNotBringARemovedRecordBack(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		store.at(func(n int) error {
			if n == 2 {
				return errDisk
			}
			return nil
		})
		if _, err := src.Renew(h.Context(), h.token(src)); err != nil {
			h.Fatal(err)
		}
		if err := store.Update(h.Context(), alice, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error {
			return save(nil)
		}); err != nil {
			h.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(h.Context(), 2*time.Hour)
		defer cancel()
		if err := h.app.Wait(ctx); err != nil {
			h.Errorf("Wait: %v", err)
		}
		if r, err := store.Load(h.Context(), alice); len(r) != 0 || err != nil {
			h.Errorf("the store has %v, %v", r, err)
		}
	})
}
