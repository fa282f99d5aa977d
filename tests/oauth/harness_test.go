// An app, Pipedrive and a browser.

package oauth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// owner is the installation of the emulator's first user.
var owner = auth.Installation{CompanyID: 1, UserID: 1}

// world is one app and one Pipedrive, both on loopback.
type world struct {
	tb        testing.TB
	pipedrive *emulator.Emulator
	between   *middleman
	oauthURL  string
	app       *auth.App
	callback  string

	mu          sync.Mutex
	installed   []auth.Installation
	uninstalled chan auth.Installation
	warnings    []error
}

// newWorld starts both on ports of their own.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{tb: t}
	w.assemble(emulator.Config{})
	pipedrive := httptest.NewServer(w.between)
	t.Cleanup(pipedrive.Close)
	var callback http.Handler
	app := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { callback.ServeHTTP(rw, r) }))
	t.Cleanup(app.Close)
	w.newApp(pipedrive.URL, app.URL+"/oauth/callback", nil)
	callback = w.app.Handler()
	return w
}

// assemble makes the emulator, and what stands before it.
func (w *world) assemble(cfg emulator.Config) {
	w.tb.Helper()
	var err error
	if w.pipedrive, err = emulator.New(cfg); err != nil {
		w.tb.Fatal(err)
	}
	w.between = &middleman{Handler: w.pipedrive}
	w.uninstalled = make(chan auth.Installation, 9)
}

func (w *world) newApp(oauthURL, callback string, client *http.Client) {
	w.tb.Helper()
	w.oauthURL, w.callback = oauthURL, callback
	var err error
	w.app, err = auth.NewApp(auth.AppConfig{
		ClientID: w.pipedrive.ClientID(), ClientSecret: auth.NewSecret(w.pipedrive.ClientSecret()),
		RedirectURL: callback, OAuthURL: oauthURL, Store: new(auth.MemoryStore), HTTPClient: client,
		Installed: func(_ context.Context, src *auth.TokenSource) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.installed = append(w.installed, src.Installation())
			return nil
		},
		Uninstalled: func(_ context.Context, in auth.Installation) error {
			w.uninstalled <- in
			return nil
		},
		Warn: func(_ context.Context, _ auth.Installation, err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.warnings = append(w.warnings, err)
		},
	})
	if err != nil {
		w.tb.Fatal(err)
	}
}

// middleman stands before the emulator, and may answer in its place.
type middleman struct {
	http.Handler
	mu      sync.Mutex
	instead func(w http.ResponseWriter, r *http.Request) (answered bool)
}

// ServeHTTP answers as instead does, or the emulator.
func (m *middleman) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	instead := m.instead
	m.mu.Unlock()
	if instead == nil || !instead(w, r) {
		m.Handler.ServeHTTP(w, r)
	}
}

func (m *middleman) answer(instead func(http.ResponseWriter, *http.Request) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.instead = instead
}

// browser is a browser of its own, with no cookies yet.
type browser struct {
	*http.Client
	w *world
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.tb.Fatal(err)
	}
	return &browser{&http.Client{Jar: jar}, w}
}

// page is where a browser ended up.
type page struct {
	status int
	at     *url.URL
	html   string
}

func (b *browser) visit(method, target string, form url.Values) page {
	b.w.tb.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		b.w.tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.Do(r)
	if err != nil {
		b.w.tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	html, err := io.ReadAll(resp.Body)
	if err != nil {
		b.w.tb.Fatal(err)
	}
	return page{resp.StatusCode, resp.Request.URL, string(html)}
}

func (b *browser) get(target string) page {
	b.w.tb.Helper()
	return b.visit(http.MethodGet, target, nil)
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// decide presses Allow or Deny on the page of Pipedrive, for the user with the id 1. It follows no
// redirect if stay is set, and then returns where it would have gone.
func (b *browser) decide(asked page, decision string, stay bool) page {
	b.w.tb.Helper()
	if !strings.HasPrefix(asked.at.Path, "/oauth/authorize") || asked.status != http.StatusOK {
		b.w.tb.Fatalf("the browser is at %v with status %d, not at Pipedrive's page:\n%s", asked.at, asked.status, asked.html)
	}
	form := url.Values{"user": {"1"}, "decision": {decision}}
	for _, field := range hidden.FindAllStringSubmatch(asked.html, -1) {
		form.Set(field[1], field[2])
	}
	if !stay {
		return b.visit(http.MethodPost, b.w.oauthURL+"/oauth/authorize", form)
	}
	var location *url.URL
	staying := &browser{&http.Client{Jar: b.Jar, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		location = next.URL
		return http.ErrUseLastResponse
	}}, b.w}
	got := staying.visit(http.MethodPost, b.w.oauthURL+"/oauth/authorize", form)
	got.at = location
	return got
}

// install has a user go through the flow from the app's link on.
func (w *world) install() *auth.TokenSource {
	w.tb.Helper()
	b := w.browser()
	if got := b.decide(b.get(w.callback), "allow", false); got.status != http.StatusOK {
		w.tb.Fatalf("the flow ended at %v with status %d:\n%s\n%v", got.at, got.status, got.html, w.told())
	}
	return w.app.TokenSource(owner)
}

// told is what the app was warned of.
func (w *world) told() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.warnings)
}

// wantTold fails the test unless the last warning is the error.
func (w *world) wantTold(want error) {
	w.tb.Helper()
	if told := w.told(); len(told) == 0 || !errors.Is(told[len(told)-1], want) {
		w.tb.Errorf("the app was told %v, want %v last", told, want)
	}
}

// call calls the API as the app does, and returns the result: nil if a
// channel was added, and deleted again.
func (w *world) call(src *auth.TokenSource, client *http.Client) error {
	baseURL, err := src.BaseURL(w.context())
	if err != nil {
		return err
	}
	options := []channels.Option{channels.WithBaseURL(baseURL)}
	if client != nil {
		options = append(options, channels.WithHTTPClient(client))
	}
	c, err := channels.NewClient(channels.OAuth(src), options...)
	if err != nil {
		return err
	}
	if _, err := c.AddChannel(w.context(), channels.AddChannelRequest{Name: "Shop", ProviderChannelID: "shop"}); err != nil {
		return err
	}
	return c.DeleteChannel(w.context(), channels.DeleteChannelRequest{ProviderChannelID: "shop"})
}

func (w *world) context() context.Context { return w.tb.Context() }
