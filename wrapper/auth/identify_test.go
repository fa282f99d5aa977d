package auth_test

// Installations whose ids come from elsewhere, and who they may be.

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func TestIdentifyTellsWhoseTokensTheyAre(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		bob := auth.Installation{CompanyID: 7, UserID: 8}
		var renewed string
		h.conf.Identify = func(ctx context.Context, src *auth.TokenSource) (auth.Installation, error) {
			base, err := src.BaseURL(ctx)
			if base != "http://127.0.0.1:8484/api/v1" || err != nil {
				t.Errorf("BaseURL: %q, %v", base, err)
			}
			token, err := src.Renew(ctx, h.token(src)) // what is rotated while asking is not lost
			if err != nil {
				return auth.Installation{}, err
			}
			renewed = token.AccessToken
			return bob, nil
		}
		h.app = h.newApp()
		src := h.install()
		if src.Installation() != bob || h.token(h.newApp().TokenSource(bob)) != renewed {
			t.Error("the token that Identify ended with is not the one stored")
		}
		<-time.After(time.Hour)
		h.token(src)
		h.wantCount("/api/v1/users/me", 0)
	})
}

func TestIdentifyMayNotKnow(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		unknown := errors.New("no such channel")
		h.conf.Identify = func(context.Context, *auth.TokenSource) (auth.Installation, error) {
			return auth.Installation{}, unknown
		}
		if _, err := h.newApp().Install(h.Context(), h.code()); !errors.Is(err, unknown) {
			t.Errorf("Install: %v", err)
		}
		h.conf.Identify = func(context.Context, *auth.TokenSource) (auth.Installation, error) {
			return auth.Installation{UserID: 1}, nil
		}
		if _, err := h.newApp().Install(h.Context(), h.code()); err == nil {
			t.Error("Install took an installation without a company")
		}
	})
}

func TestInstallGoesOnWhenItsCallerGoes(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		ctx, cancel := context.WithCancel(h.Context())
		cancel() // the browser is gone, the code is spent
		if _, err := h.app.Install(ctx, h.code()); err != nil {
			t.Errorf("Install: %v", err)
		}
		for _, code := range []string{"", "a\nb"} {
			if _, err := h.app.Install(h.Context(), code); err == nil {
				t.Errorf("Install took the code %q", code)
			}
		}
		h.wantCount("authorization_code", 1)
	})
}

func TestTwoUsersAreApart(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		first := h.install()
		h.do(func() { h.user = auth.Installation{CompanyID: 1001, UserID: 43} })
		second := h.install()
		if h.token(first) == h.token(second) || h.app.TokenSource(alice) != first {
			t.Error("two users have one token")
		}
		if err := h.app.Uninstall(h.Context(), second.Installation()); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Hour)
		h.token(first)
	})
}
