// From the app's link, or the Marketplace, to the tokens: and all that is not let through.

package oauth_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestInstall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	src := w.install()
	if err := w.call(src, nil); err != nil {
		t.Error(err)
	}
	if baseURL, err := src.BaseURL(t.Context()); err != nil || baseURL != w.oauthURL+"/api/v1" {
		t.Errorf("the base URL is %q, %v", baseURL, err)
	}
	if have := w.pipedrive.Installations(); len(have) != 1 || have[0].User.ID != 1 || have[0].RedirectURL != w.callback {
		t.Errorf("Pipedrive has %+v", have)
	}
	if len(w.installed) != 1 || w.installed[0] != owner || len(w.told()) != 0 {
		t.Errorf("the app was told %v, and warned of %v", w.installed, w.told())
	}
	w.install() // once more: the same installation
	if err := w.call(src, nil); err != nil || len(w.installed) != 2 || len(w.pipedrive.Installations()) != 1 {
		t.Errorf("after a second install: %v, %v, %+v", err, w.installed, w.pipedrive.Installations())
	}
}

// An install from the Marketplace brings a code that the app did not ask for: it may be anybody's,
// so the app drops it and asks.
func TestAnInstallFromTheMarketplace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sentTo, err := w.pipedrive.MarketplaceInstall(2, w.callback)
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	asked := b.get(sentTo)
	if calls := w.pipedrive.TokenCalls(); calls != (emulator.TokenCalls{}) {
		t.Errorf("the code was used: %+v", calls)
	}
	if got := b.decide(asked, "allow", false); got.status != http.StatusOK {
		t.Errorf("the flow ended at %v with status %d", got.at, got.status)
	}
	if err := w.call(w.app.TokenSource(owner), nil); err != nil {
		t.Error(err)
	}
	if have := w.pipedrive.Installations(); len(have) != 1 || have[0].User.ID != 1 {
		t.Errorf("Pipedrive has %+v, want the user who allowed it", have)
	}
}

func TestADenial(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	if got := b.decide(b.get(w.callback), "deny", false); got.status != http.StatusForbidden || !strings.Contains(got.html, "Connect") {
		t.Errorf("the browser ended at %d:\n%s", got.status, got.html)
	}
	w.wantTold(auth.ErrDenied)
	if _, err := w.app.TokenSource(owner).Token(); !errors.Is(err, auth.ErrNotInstalled) || len(w.installed) != 0 {
		t.Errorf("%v, %v", err, w.installed)
	}
}

// Each of these browsers comes back with a code that Pipedrive has just given, and is sent away
// before the code gets anywhere.
func TestAStateThatWasTamperedWith(t *testing.T) {
	t.Parallel()
	for name, tamper := range map[string]func(w *world, b *browser, back url.Values) *browser{
		"changed": func(_ *world, b *browser, back url.Values) *browser {
			back.Set("state", back.Get("state")+"x")
			return b
		},
		"another flow's": func(w *world, b *browser, back url.Values) *browser {
			other := w.browser()
			back.Set("state", other.get(w.callback).at.Query().Get("state"))
			return b
		},
		"another browser": func(w *world, _ *browser, _ url.Values) *browser { return w.browser() },
		"another browser in a flow of its own": func(w *world, _ *browser, _ url.Values) *browser {
			other := w.browser()
			other.get(w.callback)
			return other
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b := w.browser()
			sent := b.decide(b.get(w.callback), "allow", true).at
			back := sent.Query()
			b = tamper(w, b, back)
			sent.RawQuery = back.Encode()
			if got := b.get(sent.String()); got.status != http.StatusBadRequest {
				t.Errorf("the browser ended at %d:\n%s", got.status, got.html)
			}
			w.wantTold(auth.ErrState)
			if calls := w.pipedrive.TokenCalls(); calls != (emulator.TokenCalls{}) || len(w.installed) != 0 {
				t.Errorf("the code was used: %+v", calls)
			}
		})
	}
}

func TestACodeWorksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	sent := b.decide(b.get(w.callback), "allow", true).at
	if got := b.get(sent.String()); got.status != http.StatusOK {
		t.Fatalf("the browser ended at %d:\n%s", got.status, got.html)
	}
	// The page loaded anew is the same, and that is all.
	if got := b.get(sent.String()); got.status != http.StatusOK || w.pipedrive.TokenCalls().Codes != 1 || len(w.installed) != 1 {
		t.Errorf("the browser ended at %d; %+v, installed %d times", got.status, w.pipedrive.TokenCalls(), len(w.installed))
	}

	// With a good state, Pipedrive itself refuses the code.
	back := sent.Query()
	back.Set("state", b.get(w.callback).at.Query().Get("state"))
	sent.RawQuery = back.Encode()
	if got := b.get(sent.String()); got.status != http.StatusBadGateway {
		t.Errorf("the browser ended at %d:\n%s", got.status, got.html)
	}
	told := w.told()
	if refused, ok := errors.AsType[*auth.Error](told[len(told)-1]); !ok || refused.Code != "invalid_grant" {
		t.Errorf("the app was told %v", told)
	}
	if calls := w.pipedrive.TokenCalls(); calls != (emulator.TokenCalls{Codes: 1, RefusedCodes: 1, Reused: 1}) {
		t.Errorf("the token calls are %+v", calls)
	}
	if err := w.call(w.app.TokenSource(owner), nil); err != nil {
		t.Errorf("the installation has suffered: %v", err)
	}
}

// A token endpoint that redirects would have the app's secret, and the code or the refresh token,
// sent elsewhere.
func TestRedirectsOfTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				t.Errorf("somebody else got %s %s", r.Method, r.URL)
			}))
			defer thief.Close()
			w := newWorld(t)
			src := w.install()
			w.between.answer(func(rw http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/oauth/token" || r.URL.Path == "/oauth/revoke" {
					rw.Header().Set("Location", thief.URL+"/here")
					rw.WriteHeader(status)
					return true
				}
				return false
			})
			token, err := src.Token()
			if err != nil {
				t.Fatal(err)
			}
			wantStatus := func(doing string, err error) {
				t.Helper()
				if answer, ok := errors.AsType[*auth.Error](err); !ok || answer.StatusCode != status {
					t.Errorf("%s: %v", doing, err)
				}
			}
			_, err = src.Renew(t.Context(), token.AccessToken)
			wantStatus("refresh", err)
			wantStatus("revoke", w.app.Uninstall(t.Context(), owner))
			b := w.browser()
			if got := b.decide(b.get(w.callback), "allow", false); got.status != http.StatusBadGateway {
				t.Errorf("the browser ended at %d", got.status)
			}
			wantStatus("exchange", w.told()[len(w.told())-1])
		})
	}
}

func TestAHostileAPIDomain(t *testing.T) {
	t.Parallel()
	for _, domain := range []string{"https://evil.example", "https://company.pipedrive.com", "http://127.0.0.1.evil.example", "http://127.0.0.1:80@evil.example"} {
		w := newWorld(t)
		w.between.answer(func(rw http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/oauth/token" {
				return false
			}
			rec := httptest.NewRecorder()
			w.pipedrive.ServeHTTP(rec, r)
			rw.Header().Set("Content-Type", "application/json")
			_, _ = rw.Write(bytes.ReplaceAll(rec.Body.Bytes(), []byte(`"api_domain":"`+w.oauthURL), []byte(`"api_domain":"`+domain)))
			return true
		})
		b := w.browser()
		if got := b.decide(b.get(w.callback), "allow", false); got.status != http.StatusBadGateway {
			t.Errorf("%q: the browser ended at %d", domain, got.status)
		}
		w.wantTold(auth.ErrAPIDomain)
		if w.pipedrive.TokenCalls().Codes != 1 {
			t.Errorf("%q: the answer was not the one that was tampered with", domain)
		}
		if _, err := w.app.TokenSource(owner).Token(); !errors.Is(err, auth.ErrNotInstalled) {
			t.Errorf("%q: %v", domain, err)
		}
	}
}
