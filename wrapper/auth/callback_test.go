// Callbacks that bring no tokens: denials, bad codes, failing hooks, other methods.

package auth_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func TestADenialIsTold(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		b := h.browser()
		for _, query := range []string{"?error=user_denied&state=" + b.begin(""), "?error=user_denied", "?error=canary-<b>&error_description=canary"} {
			b.wantPage(b.get(query), http.StatusForbidden, "Not connected")
			h.wantWarning(auth.ErrDenied)
			// A stranger can send a browser here, so that a program that waits for one must tell.
			if warns := h.warns.all(); errors.Is(warns[len(warns)-1], auth.ErrState) == strings.Contains(query, "state=") {
				t.Errorf("%s: Warn was told %v", query, warns[len(warns)-1])
			}
		}
		h.wantCount("authorization_code", 0)
	})
}

// Browsers fetch a link before the user follows it: that changes nothing.
func TestAPrefetchIsNotServed(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		b := h.browser()
		end := "?code=" + h.code() + "&state=" + b.begin("")
		for name, value := range map[string]string{"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch", "X-Purpose": "preview", "X-Moz": "prefetch"} {
			for _, query := range []string{end, ""} {
				if resp := b.get(query, name, value); resp.StatusCode != http.StatusServiceUnavailable || len(resp.Cookies()) != 0 {
					t.Errorf("%s %s of %q: %d, cookies %v", name, value, query, resp.StatusCode, resp.Cookies())
				}
			}
		}
		h.wantCount("authorization_code", 0)
		b.wantPage(b.get(end, "Sec-Purpose", ""), http.StatusOK, "Connected")
	})
}

// A callback that is visited twice, as by a reload or by a prefetch that does not say so, shows what it came to.
func TestASecondVisitShowsTheSamePage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query  func(h *harness) string
		done   string
		status int
	}{
		"connected":      {func(h *harness) string { return "code=" + h.code() }, "", http.StatusOK},
		"sent elsewhere": {func(h *harness) string { return "code=" + h.code() }, "https://app.example/", http.StatusSeeOther},
		"failed":         {func(*harness) string { return "code=canary" }, "", http.StatusBadGateway},
		"denied":         {func(*harness) string { return "error=user_denied" }, "", http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *harness) {
				hooks := 0
				h.conf.DoneURL = c.done
				h.conf.Installed = func(context.Context, *auth.TokenSource) error {
					<-time.After(time.Second)
					hooks++
					return nil
				}
				h.app = h.newApp()
				b := h.browser()
				end := "?" + c.query(h) + "&state=" + b.begin("")
				twin := h.browser()
				maps.Copy(twin.cookies, b.cookies)
				var both sync.WaitGroup
				for _, b := range []*browser{b, twin} { // the second while the first goes on
					both.Go(func() {
						if resp := b.get(end); resp.StatusCode != c.status {
							t.Errorf("got %d, want %d", resp.StatusCode, c.status)
						}
					})
				}
				both.Wait()
				again := b.get(end) // and once more, afterwards, when the cookie is gone
				if again.StatusCode != c.status || again.Header.Get("Location") != c.done || len(again.Cookies()) != 0 {
					t.Errorf("the next visit: %d to %q", again.StatusCode, again.Header.Get("Location"))
				}
				if calls := h.count("authorization_code"); calls > 1 || hooks > 1 {
					t.Errorf("%d codes were spent and the hook was called %d times", calls, hooks)
				}
			})
		})
	}
}

func TestAPanicOfTheInstalledHookDoesNotKeepOthersWaiting(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.conf.Installed = func(context.Context, *auth.TokenSource) error { panic("of the hook") }
		h.app = h.newApp()
		b := h.browser()
		end := "?code=" + h.code() + "&state=" + b.begin("")
		func() {
			defer func() { _ = recover() }()
			b.get(end)
			t.Error("the panic was swallowed")
		}()
		b.wantPage(b.get(end), http.StatusBadGateway, "That did not work")
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
