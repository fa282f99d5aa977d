// What a test of this package starts from: a server, a store, an app.

package auth_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/internal/pipenet"
	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// A harness is an app, the server it talks to, and what Warn was told.
type harness struct {
	*testing.T
	*oauthServer
	app   *auth.App
	store auth.Store
	warns *warnings
	conf  auth.AppConfig
}

type warnings struct {
	mu   sync.Mutex
	errs []error
}

func (w *warnings) add(_ context.Context, _ auth.Installation, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errs = append(w.errs, err)
}

func (w *warnings) all() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.errs)
}

// newHarness makes an app over a pipe and a memory store; change says what is different.
func newHarness(t *testing.T, change func(*auth.AppConfig)) *harness {
	t.Helper()
	h := &harness{T: t, oauthServer: newServer(), warns: new(warnings)}
	h.conf = auth.AppConfig{
		ClientID: clientID, ClientSecret: auth.NewSecret(clientSecret), RedirectURL: "http://127.0.0.1:8085/callback",
		OAuthURL: "http://127.0.0.1:8484", Store: new(auth.MemoryStore), HTTPClient: &http.Client{Transport: pipenet.Serve(t, h.oauthServer)}, Warn: h.warns.add,
	}
	if change != nil {
		change(&h.conf)
	}
	h.store = h.conf.Store
	h.app = h.newApp()
	return h
}

// newApp returns another app of the same configuration, as another process would have it.
func (h *harness) newApp() *auth.App {
	h.Helper()
	app, err := auth.NewApp(h.conf)
	if err != nil {
		h.Fatal(err)
	}
	return app
}

// install installs the app and returns the token source.
func (h *harness) install() *auth.TokenSource {
	h.Helper()
	src, err := h.app.Install(h.Context(), h.code())
	if err != nil {
		h.Fatalf("Install: %v", err)
	}
	return src
}

// token returns an access token, which has to be one that the server takes.
func (h *harness) token(src *auth.TokenSource) string {
	h.Helper()
	token, err := src.TokenContext(h.Context())
	if err != nil {
		h.Fatalf("TokenContext: %v", err)
	}
	h.accepted(token.AccessToken)
	return token.AccessToken
}

func (h *harness) accepted(token string) {
	h.Helper()
	h.do(func() {
		if !time.Now().Before(h.access[token]) {
			h.Errorf("the server does not accept the access token %q", token)
		}
	})
}

func (h *harness) wantCount(what string, want int) {
	h.Helper()
	if got := h.count(what); got != want {
		h.Errorf("%d calls of %s reached the server, want %d", got, what, want)
	}
}
