// The app ends its installation, or an access token, by itself.

package auth_test

import (
	"bytes"
	"errors"
	"net/http"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func TestUninstallRevokesAndForgets(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		h.token(src)
		h.do(func() {
			h.override = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true }
		})
		if err := h.app.Uninstall(h.Context(), alice); err == nil {
			t.Error("Uninstall: no error from a server that is down")
		}
		h.do(func() { h.override = nil })
		h.token(src)
		if err := h.app.Uninstall(h.Context(), alice); err != nil {
			t.Errorf("Uninstall: %v", err)
		}
		if len(h.refresh) != 0 {
			t.Error("the refresh token was not revoked")
		}
		for _, app := range []*auth.App{h.app, h.newApp()} {
			if _, err := app.TokenSource(alice).Token(); !errors.Is(err, auth.ErrNotInstalled) {
				t.Errorf("Token after Uninstall: %v", err)
			}
		}
		if err := h.app.Uninstall(h.Context(), alice); !errors.Is(err, auth.ErrNotInstalled) {
			t.Errorf("Uninstall again: %v", err)
		}
		if r, _ := h.store.Load(h.Context(), alice); bytes.Contains(r, []byte("canary")) {
			t.Error("the store still has a credential")
		}
		h.install()
		h.token(src)
	})
}

func TestForgetTellsNobody(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		h.token(src)
		h.do(func() {
			h.override = func(_ http.ResponseWriter, r *http.Request) bool {
				t.Errorf("Forget asked %s", r.URL.Path)
				return false
			}
		})
		if err := h.app.Forget(h.Context(), alice); err != nil {
			t.Errorf("Forget: %v", err)
		}
		for _, app := range []*auth.App{h.app, h.newApp()} {
			if _, err := app.TokenSource(alice).Token(); !errors.Is(err, auth.ErrNotInstalled) {
				t.Errorf("Token after Forget: %v", err)
			}
		}
		if r, _ := h.store.Load(h.Context(), alice); bytes.Contains(r, []byte("canary")) {
			t.Error("the store still has a credential")
		}
		if err := h.app.Forget(h.Context(), alice); !errors.Is(err, auth.ErrNotInstalled) {
			t.Errorf("Forget again: %v", err)
		}
		h.do(func() { h.override = nil })
		h.install()
		if err := h.app.Forget(h.Context(), alice); err != nil {
			t.Errorf("Forget: %v", err)
		}
		if _, err := h.newApp().Install(h.Context(), h.code()); err != nil {
			t.Fatal(err)
		}
		if _, err := src.BaseURL(h.Context()); err != nil { // another process has installed anew
			t.Errorf("BaseURL: %v", err)
		}
	})
}

func TestRevokeAccessTokenIsFollowedByARenewal(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		revoked := h.token(src)
		if err := h.app.RevokeAccessToken(h.Context(), alice); err != nil {
			t.Fatal(err)
		}
		if got := h.token(src); got == revoked {
			t.Error("the revoked token is still given out")
		}
		h.token(h.newApp().TokenSource(alice))
		h.wantCount("refresh_token", 1)
	})
}

func TestForgettingThatCannotBeSavedIsNone(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		want := h.token(src)
		store.at(func(int) error { return errDisk })
		if err := h.app.Forget(h.Context(), alice); !errors.Is(err, errDisk) {
			h.Errorf("Forget: %v", err)
		}
		if got := h.token(src); got != want {
			h.Error("the token is not the one before")
		}
		if w := h.serve(uninstallRequest(uninstallBody("null"))); w.Code != http.StatusInternalServerError {
			h.Errorf("DELETE: %d %s", w.Code, w.Body)
		}
		h.token(src)
	})
}

// The refresh token that counts may be in memory only.
func TestUninstallRevokesATokenThatIsNotSaved(t *testing.T) {
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
		if err := h.app.Uninstall(h.Context(), alice); err != nil {
			h.Errorf("Uninstall: %v", err)
		}
		if len(h.refresh) != 0 {
			h.Error("the refresh token was not revoked")
		}
		if err := h.app.Wait(h.Context()); err != nil {
			h.Fatal(err)
		}
		if _, err := h.newApp().TokenSource(alice).Token(); !errors.Is(err, auth.ErrNotInstalled) {
			h.Errorf("the late save brought the token back: %v", err)
		}
	})
}
