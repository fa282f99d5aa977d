// What must come before what, and who counts when several change an installation at once.

package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// An install that is not saved is none: after a restart there would be no trace of it.
func TestAnInstallIsSavedBeforeItsTokenIsUsed(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		before := h.token(src)
		store.at(func(int) error { return errDisk })
		if _, err := h.app.Install(h.Context(), h.code()); !errors.Is(err, errDisk) {
			h.Errorf("Install: %v", err)
		}
		if got := h.token(src); got != before {
			h.Error("the token of an install that was not saved is in use")
		}

		gate := make(chan struct{})
		store.at(func(int) error { <-gate; return nil })
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.install()
		}()
		synctest.Wait()
		if got := h.token(src); got != before {
			h.Error("the token of an install was in use before it was saved")
		}
		close(gate)
		<-done
		if got := h.token(src); got == before {
			h.Error("the token of the install is not in use")
		}
	})
}

func TestHooksOutliveTheirCaller(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		called := 0
		slow := func(ctx context.Context) error {
			<-time.After(10 * time.Second)
			called++
			_, bounded := ctx.Deadline()
			if ctx.Err() != nil || bounded {
				t.Errorf("the context of a hook ends with the caller: %v", ctx.Err())
			}
			return ctx.Err()
		}
		h.conf.Installed = func(ctx context.Context, _ *auth.TokenSource) error { return slow(ctx) }
		h.conf.Uninstalled = func(ctx context.Context, _ auth.Installation) error { return slow(ctx) }
		h.app = h.newApp()
		b := h.browser()
		install := httptest.NewRequest("GET", "/callback?code="+h.code()+"&state="+b.begin(""), nil)
		for name, value := range b.cookies {
			install.Header.Add("Cookie", name+"="+value)
		}
		ctx, leave := context.WithCancel(h.Context())
		go func() {
			<-time.After(time.Second)
			leave()
		}()
		h.serve(install.WithContext(ctx))
		h.token(h.app.TokenSource(alice))
		h.serve(uninstallRequest(uninstallBody("null")).WithContext(ctx)) // it has left already
		if called != 2 || len(h.warns.all()) != 0 {
			t.Errorf("%d hooks were called; Warn was told %v", called, h.warns.all())
		}
		if _, err := h.app.TokenSource(alice).Token(); !errors.Is(err, auth.ErrNotInstalled) {
			t.Errorf("the uninstall was not carried out: %v", err)
		}
	})
}

// A hook has a minute; one that takes no notice of its context has what it takes.
func TestHooksAreBounded(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		wait := func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		h.conf.Installed = func(ctx context.Context, _ *auth.TokenSource) error { return wait(ctx) }
		h.conf.Uninstalled = func(ctx context.Context, _ auth.Installation) error { return wait(ctx) }
		h.app = h.newApp()
		b := h.browser()
		end := "?code=" + h.code() + "&state=" + b.begin("")
		for _, call := range []func(){func() { b.get(end) }, func() { h.serve(uninstallRequest(uninstallBody("null"))) }} {
			began := time.Now()
			call()
			if took := time.Since(began); took != time.Minute {
				t.Errorf("the hook had %v", took)
			}
			h.wantWarning(context.DeadlineExceeded)
		}
	})
}

// Another process carried out the uninstall: nobody tells this one, until it wants to renew.
func TestNoTokenIsGivenOutAfterAnotherProcessUninstalled(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(h *harness) {
		src := h.install()
		h.token(src)
		if err := h.newApp().Forget(h.Context(), alice); err != nil {
			h.Fatal(err)
		}
		<-time.After(57*time.Minute + time.Second) // the token at hand would serve for three minutes more
		for range 3 {
			if _, err := src.Token(); !errors.Is(err, auth.ErrNotInstalled) {
				h.Errorf("Token: %v", err)
			}
			if _, err := src.BaseURL(h.Context()); !errors.Is(err, auth.ErrNotInstalled) {
				h.Errorf("BaseURL: %v", err)
			}
		}
		h.wantCount("refresh_token", 0)
		if _, err := h.newApp().Install(h.Context(), h.code()); err != nil {
			h.Fatal(err)
		}
		h.token(src) // it is found at once
	})
}

// A staleStore hands the first record out late: it was read before the gate, and is returned after.
type staleStore struct {
	auth.Store
	first      atomic.Bool
	read, gate chan struct{}
}

func (s *staleStore) Load(ctx context.Context, key auth.Installation) (auth.Record, error) {
	r, err := s.Store.Load(ctx, key)
	if s.first.CompareAndSwap(false, true) {
		close(s.read)
		<-s.gate
	}
	return r, err
}

func TestALateReadDoesNotOverwriteANewInstall(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.install()
		store := &staleStore{Store: h.store, read: make(chan struct{}), gate: make(chan struct{})}
		h.conf.Store = store
		h.app = h.newApp()
		src := h.app.TokenSource(alice)
		var late sync.WaitGroup
		late.Go(func() { _, _ = src.Token() })
		<-store.read
		h.install()
		want := h.token(src)
		close(store.gate)
		late.Wait()
		if got := h.token(src); got != want {
			t.Error("what was read before the install has replaced its token")
		}
	})
}

// A stuckStore has its lock held by somebody for ever.
type stuckStore struct{ auth.Store }

func (stuckStore) Update(ctx context.Context, _ auth.Installation, _ func(context.Context, auth.Record, func(auth.Record) error) error) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

func TestARenewalIsBounded(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.install()
		h.conf.Store = stuckStore{h.store}
		src := h.newApp().TokenSource(alice)
		began := time.Now()
		_, err := src.Renew(context.Background(), h.token(src))
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != time.Minute {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

func TestASecondRefreshThatIsNotSavedFollowsTheFirst(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		store.at(func(n int) error {
			if n == 1 || n == 3 { // the notes that a refresh is pending
				return nil
			}
			return errDisk
		})
		var last string
		for range 2 {
			token, err := src.Renew(h.Context(), h.token(src))
			if err != nil {
				h.Fatal(err)
			}
			last = token.AccessToken
		}
		store.at(nil)
		if err := h.app.Wait(h.Context()); err != nil {
			h.Fatal(err)
		}
		for range 2 {
			if got := h.token(h.newApp().TokenSource(alice)); got != last {
				h.Error("another process finds an older token than this one uses")
			}
			<-time.After(10 * time.Minute) // no late save of the first comes after
		}
		h.wantCount("refresh_token", 2)
		if h.refusals != 0 {
			h.Errorf("%d refresh tokens were refused", h.refusals)
		}
	})
}

// The late save of the first refresh takes so long to return that a second one, which cannot be saved, comes between.
func TestALateSaveOfTheFirstDoesNotForgetTheSecond(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		store.at(func(n int) error {
			if n == 2 || n == 5 { // of the first refresh and of the second
				return errDisk
			}
			return nil
		})
		renew := func() string {
			token, err := src.Renew(h.Context(), h.token(src))
			if err != nil {
				h.Fatal(err)
			}
			return token.AccessToken
		}
		renew()
		gate := make(chan struct{})
		store.mu.Lock()
		store.afterward = func() { <-gate }
		store.mu.Unlock()
		<-time.After(time.Second) // the late save waits at the gate
		store.mu.Lock()
		store.afterward = nil
		store.mu.Unlock()
		last := renew()
		close(gate)
		if err := h.app.Wait(h.Context()); err != nil {
			h.Fatal(err)
		}
		if got := h.token(h.newApp().TokenSource(alice)); got != last {
			h.Error("another process finds an older token than this one uses")
		}
	})
}

// A process that died in a refresh may have taken the new refresh token with it: the record says when.
func TestARefreshIsNotedWhileItIsPending(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		const pending = `"refresh_pending_since"`
		noted := func() bool {
			r, err := h.store.Load(h.Context(), alice)
			return err == nil && strings.Contains(string(r), pending)
		}
		src := h.install()
		<-time.After(time.Hour)
		during := false
		h.do(func() { h.spent = func(*http.Request) { during = noted() } })
		h.token(src)
		if !during || noted() {
			t.Errorf("noted during the refresh: %v, and after it: %v", during, noted())
		}

		at := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
		h.edit(func(record map[string]any) { record["refresh_pending_since"] = at })
		h.refuse()
		_, err := h.newApp().TokenSource(alice).Renew(h.Context(), h.token(src))
		if !errors.Is(err, auth.ErrReauthorize) || !strings.Contains(err.Error(), at) || !strings.Contains(err.Error(), "lost") {
			t.Errorf("a refusal after a refresh that never ended: %v", err)
		}
	})
}
