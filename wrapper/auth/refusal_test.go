// Refresh tokens that are refused: said once, and not tried again.

package auth_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// refuse makes the server answer every refresh with invalid_grant.
func (h *harness) refuse() {
	h.do(func() { clear(h.refresh) })
}

func TestARefusedRefreshTokenIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, _ *frailStore) {
		src := h.install()
		<-time.After(time.Hour)
		h.refuse()
		for range 100 {
			if _, err := src.Token(); !errors.Is(err, auth.ErrReauthorize) || errors.Is(err, auth.ErrNotInstalled) {
				h.Fatalf("Token: %v", err)
			}
			if _, err := h.newApp().TokenSource(alice).Renew(h.Context(), "any"); !errors.Is(err, auth.ErrReauthorize) {
				h.Fatalf("Renew in another process: %v", err)
			}
		}
		h.wantCount("refresh_token", 1)
		if warns := h.warns.all(); len(warns) != 1 || !errors.Is(warns[0], auth.ErrReauthorize) {
			h.Errorf("Warn was told %v", warns)
		}
		h.install()
		h.token(src)
		h.token(h.newApp().TokenSource(alice))
	})
}

// All have read the record before the first of them is refused.
func TestARefusedRefreshTokenIsTriedByOneProcess(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.install()
		<-time.After(time.Hour)
		h.refuse()
		var all sync.WaitGroup
		for range 8 {
			src := h.newApp().TokenSource(alice)
			all.Go(func() {
				if _, err := src.Token(); !errors.Is(err, auth.ErrReauthorize) {
					t.Errorf("Token: %v", err)
				}
			})
		}
		all.Wait()
		h.wantCount("refresh_token", 1)

		h.conf.Store = stuckStore{h.store}
		began := time.Now()
		if _, err := h.newApp().TokenSource(alice).Token(); !errors.Is(err, auth.ErrReauthorize) || time.Since(began) != 0 {
			t.Errorf("after %v of waiting for a lock that is not needed: %v", time.Since(began), err)
		}
	})
}

func TestARefusedRefreshTokenIsNotTriedAgainEvenIfThatCannotBeSaved(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		<-time.After(time.Hour)
		h.refuse()
		store.at(func(n int) error {
			if n == 2 {
				return errDisk
			}
			return nil
		})
		for range 100 {
			if _, err := src.Token(); !errors.Is(err, auth.ErrReauthorize) {
				h.Fatalf("Token: %v", err)
			}
			<-time.After(time.Second)
		}
		h.wantCount("refresh_token", 1)
		if _, err := h.newApp().Install(h.Context(), h.code()); err != nil {
			h.Fatal(err)
		}
		h.token(src) // another process has installed anew
	})
}

func TestARefusalBeforeExpiryStillServesTheTokenAtHand(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		token := h.token(src)
		<-time.After(57*time.Minute + time.Second)
		h.refuse()
		for range 10 {
			if got := h.token(src); got != token {
				t.Error("got another token")
			}
		}
		h.wantCount("refresh_token", 1)
		if len(h.warns.all()) != 1 {
			t.Errorf("Warn was told %v", h.warns.all())
		}
	})
}

func TestAfterARefusalANewerTokenIsUsed(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.install()
		<-time.After(time.Hour)
		// A store whose lock does not hold lets another process in between: when the first
		// sends its refresh token, it is spent already.
		unlocked := &unlockedStore{Store: h.store}
		h.conf.Store = unlocked
		src := h.newApp().TokenSource(alice)
		other := h.newApp().TokenSource(alice)
		h.do(func() {
			h.override = func(http.ResponseWriter, *http.Request) bool {
				h.do(func() { h.override = nil })
				h.token(other)
				return false
			}
		})
		if got := h.token(src); got != h.token(other) {
			t.Error("the two processes have different tokens")
		}
		h.wantCount("refresh_token", 2)
		if h.refusals != 1 || len(h.warns.all()) != 0 {
			t.Errorf("%d refusals, Warn was told %v", h.refusals, h.warns.all())
		}
	})
}

// An unlockedStore keeps nobody out.
type unlockedStore struct{ auth.Store }

func (s *unlockedStore) Update(ctx context.Context, key auth.Installation, f func(context.Context, auth.Record, func(auth.Record) error) error) error {
	r, err := s.Load(ctx, key)
	if err != nil {
		return err
	}
	return f(ctx, r, func(r auth.Record) error {
		return s.Store.Update(ctx, key, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error { return save(r) })
	})
}
