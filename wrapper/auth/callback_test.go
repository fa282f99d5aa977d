// Callbacks that bring no tokens: denials, bad codes, failing hooks, other methods.

package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func TestADenialIsTold(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		b := h.browser()
		for _, query := range []string{"?error=user_denied&state=" + b.begin(""), "?error=user_denied", "?error=canary-<b>&error_description=canary"} {
			b.wantPage(b.get(query), http.StatusForbidden, "Not connected")
			h.wantWarning(auth.ErrDenied)
		}
		h.wantCount("authorization_code", 0)
	})
}

func TestACodeThatDoesNotWork(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		b := h.browser()
		b.wantPage(b.get("?code=canary-made-up&state="+b.begin("")), http.StatusBadGateway, "That did not work")
		var answer *auth.Error
		if warns := h.warns.all(); len(warns) != 1 || !errors.As(warns[0], &answer) || answer.Code != "invalid_grant" {
			t.Errorf("Warn was told %v", warns)
		}
	})
}

func TestTheInstalledHookFails(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		broken := errors.New("no channel today")
		h.conf.Installed = func(context.Context, *auth.TokenSource) error { return broken }
		h.app = h.newApp()
		b := h.browser()
		b.wantPage(b.get("?code="+h.code()+"&state="+b.begin("")), http.StatusInternalServerError, "Almost connected")
		h.wantWarning(broken)
		h.token(h.app.TokenSource(alice)) // the tokens stay
	})
}

func TestDoneURLIsTheOnlyPlaceToGo(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.conf.DoneURL = "https://app.example/settings"
		h.app = h.newApp()
		b := h.browser()
		resp := b.get("?code=" + h.code() + "&state=" + b.begin("?next=https://evil.example&redirect_uri=https://evil.example") + "&next=https://evil.example")
		if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || got != h.conf.DoneURL {
			t.Errorf("%d to %q", resp.StatusCode, got)
		}
	})
}

func TestOtherMethods(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	for _, method := range []string{"POST", "PUT", "HEAD", "OPTIONS", "PATCH", "CONNECT", "BREW"} {
		w := httptest.NewRecorder()
		h.app.Handler().ServeHTTP(w, httptest.NewRequest(method, "/callback?code=x", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, DELETE" || len(w.Result().Cookies()) != 0 {
			t.Errorf("%s: %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestTheStateIsAgainstForgedCallbacks(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		// Mallory begins a flow, grants her own account, and sends the victim her callback URL.
		mallory, victim := h.browser(), h.browser()
		state := mallory.begin("")
		victim.begin("")
		link := "?" + url.Values{"code": {h.code()}, "state": {state}}.Encode()
		victim.wantPage(victim.get(link), http.StatusBadRequest, "This attempt is over")
		h.wantCount("authorization_code", 0)
	})
}
