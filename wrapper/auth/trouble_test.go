package auth_test

// What happens to tokens when the store or the server fails in the middle.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// A frailStore fails, or waits, where a test wants it to.
type frailStore struct {
	auth.Store
	mu     sync.Mutex
	onSave func(n int) error // called before the nth save, counted from 1
	saves  int
}

func (s *frailStore) Update(ctx context.Context, key auth.Installation, f func(context.Context, auth.Record, func(auth.Record) error) error) error {
	return s.Store.Update(ctx, key, func(ctx context.Context, r auth.Record, save func(auth.Record) error) error {
		return f(ctx, r, func(r auth.Record) error {
			s.mu.Lock()
			s.saves++
			n, onSave := s.saves, s.onSave
			s.mu.Unlock()
			if onSave != nil {
				if err := onSave(n); err != nil {
					return err
				}
			}
			return save(r)
		})
	})
}

// fail sets what happens at saves, which are counted from here.
func (s *frailStore) at(onSave func(n int) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves, s.onSave = 0, onSave
}

var errDisk = errors.New("disk full")

func withFrailStore(t *testing.T, f func(h *harness, store *frailStore)) {
	t.Parallel()
	for name, repeats := range map[string]bool{"rotating": false, "repeating": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := &frailStore{Store: new(auth.MemoryStore)}
				h := newHarness(t, func(c *auth.AppConfig) { c.Store = store })
				h.repeats = repeats
				f(h, store)
			})
		})
	}
}

func TestATokenIsSavedBeforeItIsUsed(t *testing.T) {
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		time.Sleep(time.Hour)
		gate := make(chan struct{})
		store.at(func(n int) error {
			if n == 2 { // the first notes that a refresh is pending
				<-gate
			}
			return nil
		})
		got := make(chan struct{})
		go func() {
			defer close(got)
			h.token(src)
		}()
		synctest.Wait()
		h.wantCount("refresh_token", 1)
		select {
		case <-got:
			h.Error("the token was used before it was saved")
		default:
		}
		close(gate)
		<-got
	})
}

func TestAStoreThatCannotBeWrittenCostsNoToken(t *testing.T) {
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		time.Sleep(time.Hour)
		store.at(func(int) error { return errDisk })
		if _, err := src.Token(); !errors.Is(err, errDisk) {
			h.Errorf("Token: %v", err)
		}
		h.wantCount("refresh_token", 0)
		store.at(nil)
		time.Sleep(time.Second)
		h.token(src)
	})
}

func TestATokenThatCannotBeSavedIsUsedAndSavedLater(t *testing.T) {
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		time.Sleep(time.Hour)
		store.at(func(n int) error {
			if n >= 2 && n < 6 {
				return errDisk
			}
			return nil
		})
		token := h.token(src)
		if got := h.token(src); got != token {
			h.Error("the token was not kept in memory")
		}
		if warns := h.warns.all(); len(warns) != 1 || !errors.Is(warns[0], auth.ErrNotPersisted) || !errors.Is(warns[0], errDisk) {
			h.Errorf("Warn was told %v", warns)
		}
		if err := h.app.Wait(h.Context()); err != nil {
			h.Errorf("Wait: %v", err)
		}
		if warns := h.warns.all(); len(warns) != 4 {
			h.Errorf("Warn was told %d times of four failures", len(warns))
		}
		// What was saved late is what another process goes on with.
		if got := h.token(h.newApp().TokenSource(alice)); got != token {
			h.Error("another process got another token than was saved late")
		}
		time.Sleep(time.Hour)
		h.token(h.newApp().TokenSource(alice))
		h.token(src)
		h.wantCount("refresh_token", 2)
	})
}

func TestSavingLaterEndsWithTheTokenAndTheNextRefreshGoesOn(t *testing.T) {
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		time.Sleep(time.Hour)
		store.at(func(n int) error {
			if n >= 2 {
				return errDisk
			}
			return nil
		})
		h.token(src)
		ctx, cancel := context.WithTimeout(h.Context(), time.Minute)
		defer cancel()
		if err := h.app.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			h.Errorf("Wait, while a token is not saved: %v", err)
		}
		time.Sleep(2 * time.Hour)
		if n := len(h.warns.all()); n < 30 || n > 80 { // one a minute, and some at first
			h.Errorf("Warn was told %d times in an hour", n)
		}
		if err := h.app.Wait(h.Context()); err != nil {
			h.Errorf("Wait: %v", err)
		}
		store.at(nil)
		h.token(src) // on the refresh token that only memory has
		h.wantCount("refresh_token", 2)
		time.Sleep(time.Hour)
		h.token(h.newApp().TokenSource(alice))
		if h.refusals != 0 {
			h.Errorf("%d refresh tokens were refused", h.refusals)
		}
	})
}

func TestALateSaveDoesNotOverwriteANewInstall(t *testing.T) {
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		time.Sleep(time.Hour)
		store.at(func(n int) error {
			if n >= 2 {
				return errDisk
			}
			return nil
		})
		h.token(src)
		store.at(nil)
		installed, err := h.newApp().Install(h.Context(), h.code()) // by another process
		if err != nil {
			h.Fatal(err)
		}
		want := h.token(installed)
		if err := h.app.Wait(h.Context()); err != nil {
			h.Fatal(err)
		}
		if got := h.token(h.newApp().TokenSource(alice)); got != want {
			h.Error("the store has the late token, not that of the new install")
		}
	})
}

// refuse makes the server answer every refresh with invalid_grant.
func (h *harness) refuse() {
	h.do(func() { clear(h.refresh) })
}

func TestARefusedRefreshTokenIsNotTriedAgain(t *testing.T) {
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		time.Sleep(time.Hour)
		h.refuse()
		for range 100 {
			if _, err := src.Token(); !errors.Is(err, auth.ErrReauthorize) || errors.Is(err, auth.ErrNotInstalled) {
				h.Fatalf("Token: %v", err)
			}
			if _, err := h.newApp().TokenSource(alice).Renew(h.Context(), "any"); !errors.Is(err, auth.ErrReauthorize) {
				h.Fatalf("Renew in another process: %v", err)
			}
		}
		h.wantCount("refresh_token", 1)
		if warns := h.warns.all(); len(warns) != 1 || !errors.Is(warns[0], auth.ErrReauthorize) {
			h.Errorf("Warn was told %v", warns)
		}
		h.install()
		h.token(src)
		h.token(h.newApp().TokenSource(alice))
	})
}

func TestARefusedRefreshTokenIsNotTriedAgainEvenIfThatCannotBeSaved(t *testing.T) {
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		time.Sleep(time.Hour)
		h.refuse()
		store.at(func(n int) error {
			if n == 2 {
				return errDisk
			}
			return nil
		})
		for range 100 {
			if _, err := src.Token(); !errors.Is(err, auth.ErrReauthorize) {
				h.Fatalf("Token: %v", err)
			}
			time.Sleep(time.Second)
		}
		h.wantCount("refresh_token", 1)
		if _, err := h.newApp().Install(h.Context(), h.code()); err != nil {
			h.Fatal(err)
		}
		h.token(src) // another process has installed anew
	})
}

func TestARefusalBeforeExpiryStillServesTheTokenAtHand(t *testing.T) {
	inBubble(t, func(h *harness) {
		src := h.install()
		token := h.token(src)
		time.Sleep(57*time.Minute + time.Second)
		h.refuse()
		for range 10 {
			if got := h.token(src); got != token {
				t.Error("got another token")
			}
		}
		h.wantCount("refresh_token", 1)
		if len(h.warns.all()) != 1 {
			t.Errorf("Warn was told %v", h.warns.all())
		}
	})
}

func TestAfterARefusalANewerTokenIsUsed(t *testing.T) {
	inBubble(t, func(h *harness) {
		src := h.install()
		time.Sleep(time.Hour)
		// A store whose lock does not hold lets another process in between: when the first
		// sends its refresh token, it is spent already.
		unlocked := &unlockedStore{Store: h.store}
		h.conf.Store = unlocked
		src = h.newApp().TokenSource(alice)
		other := h.newApp().TokenSource(alice)
		h.do(func() {
			h.override = func(http.ResponseWriter, *http.Request) bool {
				h.do(func() { h.override = nil })
				h.token(other)
				return false
			}
		})
		if got := h.token(src); got != h.token(other) {
			t.Error("the two processes have different tokens")
		}
		h.wantCount("refresh_token", 2)
		if h.refusals != 1 || len(h.warns.all()) != 0 {
			t.Errorf("%d refusals, Warn was told %v", h.refusals, h.warns.all())
		}
	})
}

// An unlockedStore keeps nobody out.
type unlockedStore struct{ auth.Store }

func (s *unlockedStore) Update(ctx context.Context, key auth.Installation, f func(context.Context, auth.Record, func(auth.Record) error) error) error {
	r, err := s.Load(ctx, key)
	if err != nil {
		return err
	}
	return f(ctx, r, func(r auth.Record) error {
		return s.Store.Update(ctx, key, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error { return save(r) })
	})
}

func TestARefreshDoesNotMoveTheAPI(t *testing.T) {
	inBubble(t, func(h *harness) {
		src := h.install()
		for _, domain := range []string{"http://127.0.0.1:9", "https://evil.example", "https://other.pipedrive.com"} {
			h.do(func() { h.apiDomain = domain })
			time.Sleep(time.Hour)
			h.token(src)
			for _, app := range []*auth.App{h.app, h.newApp()} {
				if got, err := app.TokenSource(alice).BaseURL(h.Context()); got != "http://127.0.0.1:8484/api/v1" {
					t.Errorf("BaseURL after a refresh that named %s: %q, %v", domain, got, err)
				}
			}
		}
		if warns := h.warns.all(); len(warns) != 3 || !errors.Is(warns[0], auth.ErrAPIDomain) {
			t.Errorf("Warn was told %v", warns)
		}
	})
}

// edit changes the stored record.
func (h *harness) edit(change func(record map[string]any)) {
	h.Helper()
	err := h.store.Update(h.Context(), alice, func(_ context.Context, r auth.Record, save func(auth.Record) error) error {
		var fields map[string]any
		d := json.NewDecoder(bytes.NewReader(r))
		d.UseNumber()
		if err := d.Decode(&fields); err != nil {
			return err
		}
		change(fields)
		r, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		return save(r)
	})
	if err != nil {
		h.Fatal(err)
	}
}

func TestRecordsOfANewerVersionAreKept(t *testing.T) {
	inBubble(t, func(h *harness) {
		h.install()
		h.edit(func(record map[string]any) { record["from_the_future"] = map[string]any{"n": 1} })
		for range 2 {
			time.Sleep(time.Hour)
			h.token(h.newApp().TokenSource(alice))
			h.edit(func(record map[string]any) {
				if record["from_the_future"] == nil {
					t.Error("a refresh lost a field that a newer version had written")
				}
			})
		}

		h.edit(func(record map[string]any) { record["format"] = 2 })
		before, _ := h.store.Load(h.Context(), alice)
		src := h.newApp().TokenSource(alice)
		if _, err := src.Token(); err == nil || !strings.Contains(err.Error(), "format 2") {
			t.Errorf("Token on a record of another format: %v", err)
		}
		if _, err := h.app.Install(h.Context(), h.code()); err == nil || !strings.Contains(err.Error(), "format 2") {
			t.Errorf("Install over a record of another format: %v", err)
		}
		after, _ := h.store.Load(h.Context(), alice)
		if !bytes.Equal(before, after) {
			t.Error("a record of another format was changed")
		}
	})
}

func TestADamagedRecordIsSaidAndInstalledOver(t *testing.T) {
	inBubble(t, func(h *harness) {
		err := h.store.Update(h.Context(), alice, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error {
			return save(auth.Record(`{"format":1,"access_token":canary`))
		})
		if err != nil {
			t.Fatal(err)
		}
		src := h.newApp().TokenSource(alice)
		if _, err := src.Token(); err == nil || strings.Contains(err.Error(), "canary") || errors.Is(err, auth.ErrReauthorize) {
			t.Errorf("Token on a damaged record: %v", err)
		}
		h.install()
		time.Sleep(time.Second)
		h.token(src)
	})
}

func TestAStoredAPIDomainIsCheckedAgain(t *testing.T) {
	inBubble(t, func(h *harness) {
		h.install()
		h.edit(func(record map[string]any) { record["api_domain"] = "https://evil.example" })
		if got, err := h.newApp().TokenSource(alice).BaseURL(h.Context()); !errors.Is(err, auth.ErrAPIDomain) {
			t.Errorf("BaseURL: %q, %v", got, err)
		}
	})
}

func TestUninstallRevokesAndForgets(t *testing.T) {
	inBubble(t, func(h *harness) {
		src := h.install()
		h.token(src)
		h.do(func() {
			h.override = func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(500); return true }
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
	})
}

func TestRevokeAccessTokenIsFollowedByARenewal(t *testing.T) {
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
