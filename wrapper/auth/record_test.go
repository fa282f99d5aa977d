// What is read back from a store: newer, damaged, tampered with.

package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func TestARefreshDoesNotMoveTheAPI(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		for _, domain := range []string{"http://127.0.0.1:9", "https://evil.example", "https://other.pipedrive.com"} {
			h.do(func() { h.apiDomain = domain })
			<-time.After(time.Hour)
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
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.install()
		h.edit(func(record map[string]any) { record["from_the_future"] = map[string]any{"n": 1} })
		for range 2 {
			<-time.After(time.Hour)
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
	t.Parallel()
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
		<-time.After(time.Second)
		h.token(src)
	})
}

// The generations begin anew with a new record: a token that was not saved before must not outweigh it.
func TestAnInstallOverADamagedRecordOutweighsWhatWasNotSaved(t *testing.T) {
	t.Parallel()
	withFrailStore(t, func(h *harness, store *frailStore) {
		src := h.install()
		store.at(func(n int) error {
			if n%2 == 0 {
				return errDisk
			}
			return nil
		})
		for range 2 {
			if _, err := src.Renew(h.Context(), h.token(src)); err != nil {
				h.Fatal(err)
			}
		}
		store.at(nil)
		if err := store.Update(h.Context(), alice, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error {
			return save(auth.Record("damaged"))
		}); err != nil {
			h.Fatal(err)
		}
		h.refuse() // whatever was given out before
		h.install()
		<-time.After(time.Hour)
		h.token(src)
		if h.refusals != 0 {
			h.Errorf("%d refresh tokens were refused", h.refusals)
		}
	})
}

func TestAStoredAPIDomainIsCheckedAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.install()
		h.edit(func(record map[string]any) { record["api_domain"] = "https://evil.example" })
		if got, err := h.newApp().TokenSource(alice).BaseURL(h.Context()); !errors.Is(err, auth.ErrAPIDomain) {
			t.Errorf("BaseURL: %q, %v", got, err)
		}
	})
}
