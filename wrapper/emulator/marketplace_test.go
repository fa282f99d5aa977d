// Installing without having been asked to, and uninstalling in every way there is.

package emulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// uninstalled is an uninstall call as an app gets it.
type uninstalled struct {
	id, secret string
	media      string
	body       map[string]any
	query      string
}

// app is an app's callback URL; it answers as the handler does, if there is one.
func app(t *testing.T, handler http.HandlerFunc) (redirectURL string, calls chan uninstalled) {
	t.Helper()
	calls = make(chan uninstalled, 9)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := uninstalled{media: r.Header.Get("Content-Type"), query: r.URL.RawQuery}
		call.id, call.secret, _ = r.BasicAuth()
		raw, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(raw, &call.body); err != nil || r.Method != http.MethodDelete {
			t.Errorf("%s %s %s: %v", r.Method, r.URL, raw, err)
		}
		calls <- call
		if handler != nil {
			handler(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/callback?app=1", calls
}

// next is the call that an app gets next.
func next(t *testing.T, calls <-chan uninstalled) uninstalled {
	t.Helper()
	select {
	case call := <-calls:
		return call
	case <-time.After(5 * time.Second):
		t.Fatal("the app was not called")
		return uninstalled{}
	}
}

// installAt installs the app of a user at a callback URL, by the Marketplace's page.
func (a api) installAt(redirectURL, user string) map[string]any {
	a.tb.Helper()
	back := a.location(a.browse("/marketplace/install", url.Values{"user": {user}, "redirect_uri": {redirectURL}}))
	form := code(back.Query().Get("code"))
	form.Set("redirect_uri", redirectURL)
	got := a.asApp().token(form)
	if got.status != http.StatusOK || back.Query().Has("state") || !strings.HasPrefix(back.String(), redirectURL+"&code=") {
		a.tb.Fatalf("sent to %s; got %d %s", back, got.status, got.raw)
	}
	return got.body
}

func TestEveryWayToUninstallTellsTheApp(t *testing.T) {
	t.Parallel()
	for name, uninstall := range map[string]func(api, map[string]any){
		"page": func(a api, _ map[string]any) {
			if got := a.browse("/marketplace", nil); !strings.Contains(got.html, "Uninstall the app of User 2") {
				t.Errorf("the page does not offer to uninstall:\n%s", got.html)
			}
			if back := a.location(a.browse("/marketplace/uninstall", url.Values{"user": {"2"}})); back.String() != "/marketplace" {
				t.Errorf("sent to %s", back)
			}
		},
		"method": func(a api, _ map[string]any) {
			if err := a.Uninstall(t.Context(), 2); err != nil {
				t.Error(err)
			}
		},
		"revoke": func(a api, tokens map[string]any) {
			got := a.asApp().do("POST", "/oauth/revoke", url.Values{"token": {tokens["refresh_token"].(string)}, "token_type_hint": {"access_token"}}.Encode())
			if got.status != http.StatusOK || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("got %d %s", got.status, got.raw)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			a := start(t, emulator.Config{Clock: clock.Now})
			redirectURL, calls := app(t, nil)
			mine, other := a.installAt(redirectURL, "2"), a.installAt(redirectURL, "1")
			again := a.installAt(redirectURL, "2") // still one installation
			if got := a.Installations(); len(got) != 2 || got[0].User.ID != 2 {
				t.Errorf("the installations are %+v", got)
			}
			clock.advance(time.Minute)
			uninstall(a, mine)
			call := next(t, calls)
			want := map[string]any{"client_id": a.ClientID(), "company_id": 1.0, "user_id": 2.0, "timestamp": "2026-03-01T07:59:00.000Z"}
			if call.id != a.ClientID() || call.secret != a.ClientSecret() || call.media != "application/json" || call.query != "app=1" ||
				object(call.body, nil) != object(want, nil) {
				t.Errorf("the app got %+v, want %v", call.body, want)
			}
			for _, tokens := range []map[string]any{mine, again} {
				if a.opens(tokens["access_token"]) {
					t.Error("an access token outlived the uninstall")
				}
				a.asApp().token(refresh(tokens["refresh_token"])).wantOAuthError(t, "invalid_grant")
			}
			if !a.opens(other["access_token"]) || !a.opens(a.AccessToken()) || !a.opens(a.Users()[1].AccessToken.Reveal()) {
				t.Error("the uninstall has ended a token of another installation, or one from the start")
			}
			if err := a.Uninstall(t.Context(), 2); err == nil || !strings.Contains(err.Error(), "user 2") {
				t.Errorf("uninstalling twice: %v", err)
			}
			a.location(a.browse("/marketplace/uninstall", url.Values{"user": {"2"}}))
			a.asApp().do("POST", "/oauth/revoke", url.Values{"token": {mine["refresh_token"].(string)}}.Encode())
			if got := a.Installations(); len(got) != 1 || got[0].User.ID != 1 || len(calls) != 0 {
				t.Errorf("the installations are %+v, and the app was called %d times more", got, len(calls))
			}
		})
	}
}

func TestRevokingAnAccessTokenUninstallsNothing(t *testing.T) {
	t.Parallel()
	clock := newClock()
	a := start(t, emulator.Config{Clock: clock.Now})
	tokens := a.install()
	renewed := a.asApp().token(refresh(tokens["refresh_token"])).body
	revoke := func(token any, want int) {
		t.Helper()
		if got := a.asApp().do("POST", "/oauth/revoke", url.Values{"token": {token.(string)}, "token_type_hint": {"refresh_token"}}.Encode()); got.status != want {
			t.Errorf("got %d %s", got.status, got.raw)
		}
	}
	revoke(tokens["access_token"], http.StatusOK)
	revoke("unknown", http.StatusOK)
	revoke(tokens["refresh_token"], http.StatusOK) // exchanged, so it is nothing any more
	revoke(a.APIToken(), http.StatusOK)
	if a.opens(tokens["access_token"]) || !a.opens(renewed["access_token"]) || len(a.Installations()) != 1 {
		t.Error("want the one access token dead, and nothing else")
	}
	clock.advance(60 * 24 * time.Hour)
	revoke(renewed["refresh_token"], http.StatusOK) // expired
	if len(a.Installations()) != 1 {
		t.Error("an expired refresh token has uninstalled the app")
	}

	form := url.Values{"token": {renewed["refresh_token"].(string)}}.Encode()
	a.asApp().with("Authorization").do("POST", "/oauth/revoke", form).wantOAuthError(t, "invalid_client")
	a.asApp().with("Content-Type", "application/json").do("POST", "/oauth/revoke", form).wantOAuthError(t, "invalid_request")
	a.asApp().do("POST", "/oauth/revoke", "token_type_hint=refresh_token").wantOAuthError(t, "invalid_request")
	a.asApp().do("POST", "/oauth/revoke", form+"&token=x").wantOAuthError(t, "invalid_request")
}

// What the app answers to an uninstall call changes nothing, and leads nowhere.
func TestUninstallCallsThatGoWrong(t *testing.T) {
	t.Parallel()
	elsewhere, called := app(t, nil)
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		logged  string
	}{
		"refused": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "status=500"},
		"redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		}, "status=307"},
		"hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "did not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lockedBuffer
			a := start(t, emulator.Config{Logger: slog.New(slog.NewTextHandler(&log, nil)), ClientSecret: emulator.NewSecret("canary")})
			redirectURL, calls := app(t, c.handler)
			a.installAt(redirectURL, "1")
			if err := a.Uninstall(t.Context(), 1); err != nil || len(calls) != 1 || len(called) != 0 {
				t.Errorf("%v; the app was called %d times, somebody else %d times", err, len(calls), len(called))
			}
			if got := log.String(); !strings.Contains(got, c.logged) || strings.Contains(got, "canary") {
				t.Errorf("the log is %s", got)
			}
			if len(a.Installations()) != 0 {
				t.Error("the app is still installed")
			}
		})
	}
}

func TestAnUninstallCallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	redirectURL, _ := app(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	a.installAt(redirectURL, "1")
	if err := a.Uninstall(ctx, 1); err != nil || len(a.Installations()) != 0 {
		t.Errorf("%v, %+v", err, a.Installations())
	}
}

// The emulator ends after the calls that it has begun.
func TestTheEndWaitsForUninstallCalls(t *testing.T) {
	t.Parallel()
	f := &failing{}
	a := api{Server: emulator.Start(f, emulator.Config{}), tb: t}
	release, ended := make(chan struct{}), make(chan struct{})
	redirectURL, calls := app(t, func(http.ResponseWriter, *http.Request) { <-release })
	tokens := a.installAt(redirectURL, "1")
	a.asApp().do("POST", "/oauth/revoke", url.Values{"token": {tokens["refresh_token"].(string)}}.Encode())
	next(t, calls)
	go func() {
		defer close(ended)
		for _, cleanup := range f.cleanups {
			cleanup()
		}
	}()
	select {
	case <-ended:
		t.Error("the emulator ended while a call was under way")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	<-ended
}

func TestTheMarketplacePage(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{RedirectURLs: []string{"https://app.example/cb?a=1&b=2", "http://[::1]:4000/cb"}})
	got := a.browse("/marketplace", nil)
	for _, want := range []string{a.ClientID(), "<option>https://app.example/cb?a=1&amp;b=2</option>", "<option>http://[::1]:4000/cb</option>", "Nobody has installed"} {
		if got.status != http.StatusOK || !strings.Contains(got.html, want) {
			t.Errorf("got %d, want %q:\n%s", got.status, want, got.html)
		}
	}
	for want, form := range map[string]url.Values{
		"names no user": {"user": {"3"}, "redirect_uri": {"http://[::1]:4000/cb"}},
		"character":     {"user": {"1"}, "redirect_uri": {"http://127.0.0.1:4000/cb"}},
	} {
		if got := a.browse("/marketplace/install", form); got.status != http.StatusBadRequest || !strings.Contains(got.html, want) {
			t.Errorf("got %d, want %q:\n%s", got.status, want, got.html)
		}
	}
	if got := a.browse("/marketplace/uninstall", url.Values{"user": {"3"}}); got.status != http.StatusBadRequest {
		t.Errorf("got %d", got.status)
	}
	if _, err := a.MarketplaceInstall(3, "http://[::1]:4000/cb"); err == nil || !strings.Contains(err.Error(), "no user 3") {
		t.Errorf("got %v", err)
	}
	for _, target := range []string{"install", "uninstall"} {
		a.with("Origin", "https://evil.example").do("POST", "/marketplace/"+target, "user=1").want(t, http.StatusForbidden, "EMULATOR_WRONG_ORIGIN")
	}
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
