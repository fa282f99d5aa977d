// Renewals: forced, ahead of expiry, slow or failing.

package auth_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func TestRenewReplacesTheRefusedTokenOnce(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(h *harness) {
		src := h.install()
		refused := h.token(src)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				token, err := src.Renew(h.Context(), refused)
				if err != nil || token.AccessToken == refused {
					t.Errorf("Renew: got the refused token again, or %v", err)
				}
			})
		}
		all.Wait()
		h.wantCount("refresh_token", 1)

		// Whoever comes late, or from another process, gets what is there.
		for _, app := range []*auth.App{h.app, h.newApp()} {
			token, err := app.TokenSource(alice).Renew(h.Context(), refused)
			if err != nil || token.AccessToken == refused {
				t.Errorf("Renew: %v", err)
			}
		}
		h.wantCount("refresh_token", 1)
	})
}

func TestRenewWaitsForARefreshAndThenForItsOwn(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.install()
		current := h.token(h.app.TokenSource(alice))
		// A process that begins reads the current token from the store; while it does so, somebody
		// who was refused with just that token comes and must not be content with it.
		gate := &gatedStore{Store: h.store, gate: make(chan struct{})}
		h.conf.Store = gate
		src := h.newApp().TokenSource(alice)
		var all sync.WaitGroup
		all.Go(func() { h.token(src) })
		synctest.Wait() // the first reads the store
		all.Go(func() {
			token, err := src.Renew(h.Context(), current)
			if err != nil || token.AccessToken == current {
				t.Errorf("Renew gave the refused token back, or %v", err)
			}
		})
		synctest.Wait()
		close(gate.gate)
		all.Wait()
		if got := h.token(src); got == current {
			t.Error("the refused token is given out again")
		}
		h.wantCount("refresh_token", 1)
	})
}

// A gatedStore lets no Load begin before the gate is open.
type gatedStore struct {
	auth.Store
	gate chan struct{}
}

func (s *gatedStore) Load(ctx context.Context, key auth.Installation) (auth.Record, error) {
	<-s.gate
	return s.Store.Load(ctx, key)
}

func TestAFailedRenewalAheadOfExpiryIsNoError(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		token := h.token(src)
		h.do(func() {
			h.override = func(w http.ResponseWriter, _ *http.Request) bool {
				http.Error(w, "down", http.StatusBadGateway)
				return true
			}
		})
		<-time.After(57*time.Minute + time.Second) // less than three minutes are left
		for range 1000 {
			if got := h.token(src); got != token {
				t.Fatalf("got another token")
			}
			<-time.After(100 * time.Millisecond)
		}
		// 100 seconds; the pause doubles from 250 ms: 0, .25, .75, 1.75, 3.75, 7.75, 15.75, 31.75, 63.75 s
		if n := h.count("refresh_token"); n < 7 || n > 10 {
			t.Errorf("a server that is down was asked %d times in 100 seconds", n)
		}
		<-time.After(2 * time.Minute) // expired
		var answer *auth.Error
		if _, err := src.Token(); !errors.As(err, &answer) || answer.StatusCode != http.StatusBadGateway || errors.Is(err, auth.ErrReauthorize) {
			t.Errorf("Token with nothing at hand: %v", err)
		}
		h.do(func() { h.override = nil })
		<-time.After(2 * time.Minute)
		h.token(src)
	})
}

func TestASlowRenewalAheadOfExpiryIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		token := h.token(src)
		<-time.After(57*time.Minute + time.Second)
		release := h.hang()
		began := time.Now()
		if got := h.token(src); got != token || time.Since(began) != 5*time.Second {
			t.Errorf("after %v: another token or too late", time.Since(began))
		}
		release()
		synctest.Wait()
		if got := h.token(src); got == token {
			t.Errorf("the refresh was not completed")
		}
		h.wantCount("refresh_token", 1)
	})
}

func TestAServerThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		<-time.After(time.Hour)
		defer h.hang()()
		began := time.Now()
		_, err := src.Token()
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 15*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}
