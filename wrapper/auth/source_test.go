package auth_test

// Who gets which token, and how often the server is asked for it.

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// inBothModes runs a test against a server that rotates refresh tokens, and one that repeats them.
func inBothModes(t *testing.T, f func(h *harness)) {
	t.Helper()
	for name, repeats := range map[string]bool{"rotating": false, "repeating": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, nil)
				h.repeats = repeats
				f(h)
			})
		})
	}
}

func inBubble(t *testing.T, f func(h *harness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(newHarness(t, nil)) })
}

func TestOneRefreshForAHundredCallers(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(h *harness) {
		src := h.install()
		for round := 1; round <= 3; round++ {
			<-time.After(time.Hour) // past expiry; the bubble's clock jumps
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() { h.token(src) })
			}
			all.Wait()
			h.wantCount("refresh_token", round)
		}
		if h.refusals != 0 {
			h.Errorf("the server refused %d tokens", h.refusals)
		}
	})
}

func TestOneRefreshForManyApps(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(h *harness) {
		h.install()
		for round := 1; round <= 3; round++ {
			<-time.After(time.Hour)
			var all sync.WaitGroup
			for range 8 {
				app := h.newApp() // its own memory, the same store: like a process
				for range 10 {
					all.Go(func() { h.token(app.TokenSource(alice)) })
				}
			}
			all.Wait()
			h.wantCount("refresh_token", round)
		}
	})
}

func TestRenewalIsAheadOfExpiry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		expiresIn              any
		early, latest, lasting time.Duration // the window in which it renews, and the lifetime
	}{
		{3600, 3*time.Minute + 45*time.Second, 3 * time.Minute, time.Hour},
		{60, 18750 * time.Millisecond, 15 * time.Second, time.Minute},
		{0, 3*time.Minute + 45*time.Second, 3 * time.Minute, time.Hour}, // not told: an hour
		{nil, 3*time.Minute + 45*time.Second, 3 * time.Minute, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, nil)
			h.extra = map[string]any{"expires_in": c.expiresIn}
			src := h.install()
			for round := range 20 {
				began := time.Now()
				token := h.mustToken(src)
				<-time.After(time.Until(began.Add(c.lasting - c.early - time.Millisecond)))
				if got := h.mustToken(src); got != token {
					t.Fatalf("expires_in %v, round %d: renewed before %v were left", c.expiresIn, round, c.early)
				}
				<-time.After(time.Until(began.Add(c.lasting - c.latest + time.Millisecond)))
				if got := h.mustToken(src); got == token {
					t.Fatalf("expires_in %v, round %d: not renewed when %v were left", c.expiresIn, round, c.latest)
				}
			}
		})
	}
}

// mustToken is token without a look at the server's clock.
func (h *harness) mustToken(src *auth.TokenSource) string {
	h.Helper()
	token, err := src.Token()
	if err != nil {
		h.Fatalf("Token: %v", err)
	}
	return token.AccessToken
}

func TestATokenHasNoRefreshToken(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		token, err := h.install().Token()
		if err != nil {
			t.Fatal(err)
		}
		want := oauth2.Token{AccessToken: token.AccessToken, TokenType: "Bearer", Expiry: token.Expiry}
		if *token != want || time.Until(token.Expiry) != time.Hour {
			t.Errorf("got %+v", token)
		}
		token.AccessToken = "tampered"
		h.token(h.app.TokenSource(alice))
	})
}

// hang makes the server answer refreshes only when the returned function is called.
func (h *harness) hang() (release func()) {
	held := make(chan struct{})
	h.do(func() { h.spent = func(*http.Request) { <-held } })
	return sync.OnceFunc(func() { close(held) })
}

func TestWaitersKeepTheirOwnContext(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		<-time.After(time.Hour)
		release := h.hang()
		var all sync.WaitGroup
		// The first to come, who sets the refresh off, is the first to go.
		for patience := range 5 {
			all.Go(func() {
				<-time.After(time.Duration(patience) * time.Millisecond)
				ctx, cancel := context.WithTimeout(h.Context(), time.Duration(patience+1)*time.Second)
				defer cancel()
				began := time.Now()
				_, err := src.TokenContext(ctx)
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Duration(patience+1)*time.Second {
					t.Errorf("after %v: %v", time.Since(began), err)
				}
			})
		}
		all.Go(func() {
			<-time.After(10 * time.Millisecond)
			h.token(src)
		})
		<-time.After(8 * time.Second)
		release()
		all.Wait()
		h.wantCount("refresh_token", 1)
	})
}

func TestARefreshOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		<-time.After(time.Hour)
		release := h.hang()
		ctx, cancel := context.WithTimeout(h.Context(), time.Second)
		defer cancel()
		if _, err := src.TokenContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("TokenContext: %v", err)
		}
		waiting, giveUp := context.WithTimeout(h.Context(), time.Second)
		defer giveUp()
		if err := h.app.Wait(waiting); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait, while a refresh is under way: %v", err)
		}
		release()
		if err := h.app.Wait(h.Context()); err != nil {
			t.Errorf("Wait: %v", err)
		}
		// Another process finds it saved, and nobody asks the server again.
		h.token(h.newApp().TokenSource(alice))
		h.token(src)
		h.wantCount("refresh_token", 1)
	})
}

func TestAnEndedContextBeginsNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		ctx, cancel := context.WithCancel(h.Context())
		cancel()
		if _, err := src.TokenContext(ctx); err != nil {
			t.Errorf("a token at hand needs no waiting, yet: %v", err)
		}
		<-time.After(57*time.Minute + time.Second)
		if _, err := src.TokenContext(ctx); err != nil {
			t.Errorf("a token at hand serves for three minutes more, yet: %v", err)
		}
		<-time.After(time.Hour)
		if _, err := src.TokenContext(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("TokenContext: %v", err)
		}
		h.wantCount("refresh_token", 0)
	})
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.install()
		for _, app := range []*auth.App{h.app, h.newApp()} {
			got, err := app.TokenSource(alice).BaseURL(h.Context())
			if got != "http://127.0.0.1:8484/api/v1" || err != nil {
				t.Errorf("BaseURL: %q, %v", got, err)
			}
		}
		stranger := h.app.TokenSource(auth.Installation{CompanyID: 1, UserID: 1})
		if _, err := stranger.BaseURL(h.Context()); !errors.Is(err, auth.ErrNotInstalled) {
			t.Errorf("BaseURL of what is not installed: %v", err)
		}
		h.wantCount("refresh_token", 0)
	})
}

func TestWhatIsNotInstalledSaysSo(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		_, err := h.app.TokenSource(alice).Token()
		if !errors.Is(err, auth.ErrNotInstalled) || !errors.Is(err, auth.ErrReauthorize) {
			t.Errorf("Token: %v", err)
		}
		if _, err := h.app.TokenSource(auth.Installation{CompanyID: -1}).Token(); err == nil || errors.Is(err, auth.ErrNotInstalled) {
			t.Errorf("Token of no installation at all: %v", err)
		}
		h.install() // through another way than the source that failed before
		h.token(h.app.TokenSource(alice))
	})
}
