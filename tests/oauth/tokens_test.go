// The months after an install, in a second: time is synctest's, and both sides see the same.

package oauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// wire is a transport that hands requests to a handler, with no network in between.
type wire struct{ http.Handler }

// RoundTrip has the handler answer.
func (n wire) RoundTrip(r *http.Request) (*http.Response, error) {
	inbound := r.Clone(r.Context())
	inbound.Host, inbound.RequestURI = r.URL.Host, r.URL.RequestURI()
	if inbound.Body == nil {
		inbound.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	n.ServeHTTP(rec, inbound)
	answer := rec.Result()
	answer.Request = r
	return answer, r.Context().Err()
}

// inBubble runs the test in time of its own, with the app installed.
func inBubble(t *testing.T, cfg emulator.Config, test func(w *world, client *http.Client, src *auth.TokenSource)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{tb: t}
		w.assemble(cfg)
		const callback = "http://127.0.0.1:2/oauth/callback"
		client := &http.Client{Transport: wire{w.between}}
		w.newApp("http://127.0.0.1:1", callback, client)
		sentTo, err := w.pipedrive.MarketplaceInstall(owner.UserID, callback)
		if err != nil {
			t.Fatal(err)
		}
		var code string
		if _, err := fmt.Sscanf(sentTo, callback+"?code=%s", &code); err != nil {
			t.Fatal(err)
		}
		src, err := w.app.Install(t.Context(), code) // a program that checks the state by itself
		if err != nil {
			t.Fatal(err)
		}
		test(w, client, src)
		if err := w.app.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// pass lets time pass, which in a bubble takes none.
func pass(d time.Duration) { <-time.After(d) }

func TestAYearOfHours(t *testing.T) {
	t.Parallel()
	for _, mode := range []emulator.RefreshMode{emulator.RotatingRefresh, emulator.RepeatingRefresh} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			inBubble(t, emulator.Config{RefreshMode: mode}, func(w *world, client *http.Client, src *auth.TokenSource) {
				pauses := []time.Duration{time.Hour, 10 * time.Minute, 59 * 24 * time.Hour, 2 * time.Hour, time.Minute}
				refreshes := 0
				for i := range 100 {
					pause := pauses[i%len(pauses)]
					pass(pause)
					if pause >= time.Hour {
						refreshes++
					}
					if err := w.call(src, client); err != nil {
						w.tb.Fatalf("after %v: %v", pause, err)
					}
				}
				if got := w.pipedrive.TokenCalls(); got != (emulator.TokenCalls{Codes: 1, Refreshes: refreshes}) {
					w.tb.Errorf("the token calls are %+v, want %d refreshes", got, refreshes)
				}
			})
		})
	}
}

func TestSixtyDaysWithoutUse(t *testing.T) {
	t.Parallel()
	for _, mode := range []emulator.RefreshMode{emulator.RotatingRefresh, emulator.RepeatingRefresh} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			inBubble(t, emulator.Config{RefreshMode: mode}, func(w *world, client *http.Client, src *auth.TokenSource) {
				pass(60 * 24 * time.Hour)
				for range 3 {
					if err := w.call(src, client); !errors.Is(err, auth.ErrReauthorize) {
						w.tb.Errorf("got %v, want to be told that the user has to authorise the app again", err)
					}
				}
				if got := w.pipedrive.TokenCalls(); got != (emulator.TokenCalls{Codes: 1, RefusedRefreshes: 1}) {
					w.tb.Errorf("the token calls are %+v, want the dead token tried once", got)
				}
			})
		})
	}
}

func TestAHundredCallersAfterAnHour(t *testing.T) {
	t.Parallel()
	inBubble(t, emulator.Config{}, func(w *world, _ *http.Client, src *auth.TokenSource) {
		old, err := src.Token()
		if err != nil {
			w.tb.Fatal(err)
		}
		pass(time.Hour)
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				if token, err := src.Token(); err != nil || token.AccessToken == old.AccessToken {
					w.tb.Errorf("a caller got the old token, or %v", err)
				}
			})
		}
		callers.Wait()
		if got := w.pipedrive.TokenCalls(); got != (emulator.TokenCalls{Codes: 1, Refreshes: 1}) {
			w.tb.Errorf("the token calls are %+v", got)
		}
	})
}

func TestARevokedAccessTokenIsReplaced(t *testing.T) {
	t.Parallel()
	inBubble(t, emulator.Config{}, func(w *world, client *http.Client, src *auth.TokenSource) {
		if err := w.app.RevokeAccessToken(w.tb.Context(), owner); err != nil {
			w.tb.Fatal(err)
		}
		if err := w.call(src, client); err != nil || len(w.pipedrive.Installations()) != 1 {
			w.tb.Errorf("%v, %+v", err, w.pipedrive.Installations())
		}
	})
}
