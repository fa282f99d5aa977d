// What was not made by its constructor, and contexts that are nil, fail with a sentence.

package auth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func TestZeroValuesAndNilContexts(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		src := h.install()
		var none context.Context
		update := func(context.Context, auth.Record, func(auth.Record) error) error { return nil }
		for name, c := range map[string]struct {
			call func() error
			want string
		}{
			"Install of an empty App":              {func() error { _, err := new(auth.App).Install(h.Context(), "code"); return err }, "NewApp"},
			"Install of a nil App":                 {func() error { _, err := (*auth.App)(nil).Install(h.Context(), "code"); return err }, "NewApp"},
			"Uninstall of an empty App":            {func() error { return new(auth.App).Uninstall(h.Context(), alice) }, "NewApp"},
			"Forget of an empty App":               {func() error { return new(auth.App).Forget(h.Context(), alice) }, "NewApp"},
			"Wait of an empty App":                 {func() error { return new(auth.App).Wait(h.Context()) }, "NewApp"},
			"Token of an empty App":                {func() error { _, err := new(auth.App).TokenSource(alice).Token(); return err }, "App.TokenSource"},
			"Token of an empty TokenSource":        {func() error { _, err := new(auth.TokenSource).Token(); return err }, "App.TokenSource"},
			"BaseURL of a nil TokenSource":         {func() error { _, err := (*auth.TokenSource)(nil).BaseURL(h.Context()); return err }, "App.TokenSource"},
			"TokenContext without a context":       {func() error { _, err := src.TokenContext(none); return err }, "context is nil"},
			"Renew without a context":              {func() error { _, err := src.Renew(none, "x"); return err }, "context is nil"},
			"BaseURL without a context":            {func() error { _, err := src.BaseURL(none); return err }, "context is nil"},
			"Install without a context":            {func() error { _, err := h.app.Install(none, "code"); return err }, "context is nil"},
			"Uninstall without a context":          {func() error { return h.app.Uninstall(none, alice) }, "context is nil"},
			"RevokeAccessToken without a context":  {func() error { return h.app.RevokeAccessToken(none, alice) }, "context is nil"},
			"Wait without a context":               {func() error { return h.app.Wait(none) }, "context is nil"},
			"MemoryStore.Update without a context": {func() error { return new(auth.MemoryStore).Update(none, alice, update) }, "context is nil"},
		} {
			if err := c.call(); err == nil || !strings.HasPrefix(err.Error(), "auth: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want a word about %q", name, err, c.want)
			}
		}
		w := httptest.NewRecorder()
		new(auth.App).Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "NewApp") {
			t.Errorf("Handler of an empty App: %d %s", w.Code, w.Body)
		}
	})
}
