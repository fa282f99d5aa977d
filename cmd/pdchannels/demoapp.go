// The app of the demo, on a port of its own, and the browser of its user.

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/examples/messenger"
	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// demoApp is the app: its OAuth callback, and a messenger behind the endpoints that Pipedrive calls.
type demoApp struct {
	*auth.App
	messenger *messenger.Messenger
	secret    string
	manifest  []byte
	callback  string
	handler   http.Handler
	listener  net.Listener

	mu      sync.Mutex
	source  *auth.TokenSource // of the latest installation
	gone    []auth.Installation
	trouble error
	posted  []string   // the ids of messages from Pipedrive, to confirm
	calls   []exchange // of Pipedrive, to show
}

const demoClientID = "demo-app"

// newDemoApp makes the app. Its calls and Pipedrive's go over the network.
func newDemoApp(ctx context.Context, oauthURL string, network demoNetwork) (a *demoApp, err error) {
	a = &demoApp{secret: rand.Text()}
	if a.listener, err = listenOnLoopback(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.listener.Close())
		}
	}()
	base := "http://" + a.listener.Addr().String()
	a.callback = base + "/oauth/callback"
	a.messenger = messenger.NewWithHistory(base)
	endpoints, err := provider.NewHandler(demoInbox{a.messenger, a}, provider.BasicAuth(demoClientID, a.secret))
	if err != nil {
		return nil, err
	}
	manifest, err := endpoints.Manifest(base)
	if err != nil {
		return nil, err
	}
	if a.manifest, err = json.Marshal(manifest); err != nil {
		return nil, err
	}
	a.App, err = auth.NewApp(auth.AppConfig{
		ClientID:     demoClientID,
		ClientSecret: auth.NewSecret(a.secret),
		RedirectURL:  a.callback,
		OAuthURL:     oauthURL,
		Store:        new(auth.MemoryStore),
		HTTPClient:   &http.Client{Transport: network.outward},
		Installed: func(_ context.Context, src *auth.TokenSource) error {
			a.note(func() { a.source = src })
			return nil
		},
		Uninstalled: func(_ context.Context, in auth.Installation) error {
			a.note(func() { a.gone = append(a.gone, in) })
			return nil
		},
		Warn: func(_ context.Context, _ auth.Installation, err error) { a.note(func() { a.trouble = err }) },
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /oauth/callback", a.Handler()) // the browser shows its own exchanges
	mux.Handle("GET /files/", a.messenger)         // and so does the customer's phone
	mux.Handle("DELETE /oauth/callback", a.watched(network.toApp(a.Handler())))
	mux.Handle("/channels/", a.watched(network.toApp(endpoints)))
	a.handler = mux
	return a, nil
}

func (a *demoApp) note(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

// watched records the calls of Pipedrive, which come at the same time as those of the app and are
// shown after them.
func (a *demoApp) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, seen := time.Now(), &statusOf{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		e := exchange{method: r.Method, path: r.URL.EscapedPath(), status: seen.status, took: time.Since(start), by: "Pipedrive to the app"}
		if after := r.URL.Query().Get("after"); after != "" {
			e.path += "?after=" + url.QueryEscape(after)
		}
		a.note(func() { a.calls = append(a.calls, e) })
	})
}

// statusOf records the status of an answer.
type statusOf struct {
	http.ResponseWriter
	status int
}

// Unwrap lets the app's handler set deadlines on the connection.
func (s *statusOf) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// WriteHeader records the status, and passes it on.
func (s *statusOf) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

var stateField = regexp.MustCompile(`name="state" value="(\w+)"`)

// allow does what a user does in the browser: it follows the app's link to its callback, and presses Allow on the
// page that comes up.
func allow(ctx context.Context, transport http.RoundTripper, callback string, user int64) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := &http.Client{Transport: transport, Jar: jar}
	page, at, err := visit(ctx, browser, http.MethodGet, callback, nil)
	if err != nil {
		return err
	}
	state := stateField.FindStringSubmatch(page)
	if state == nil {
		return errors.New("the app's link did not lead to a page of Pipedrive that asks for access")
	}
	asked := at.Query()
	form := url.Values{
		"client_id": {asked.Get("client_id")}, "redirect_uri": {asked.Get("redirect_uri")}, "state": {state[1]},
		"user": {strconv.FormatInt(user, 10)}, "decision": {"allow"},
	}
	at.RawQuery = ""
	_, _, err = visit(ctx, browser, http.MethodPost, at.String(), form)
	return err
}

// visit returns the page on which the browser ends up, and its URL.
func visit(ctx context.Context, browser *http.Client, method, target string, form url.Values) (page string, at *url.URL, err error) {
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return "", nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := browser.Do(r)
	if err != nil {
		// Not %w: a *url.Error holds the URL, and with it perhaps the code.
		return "", nil, errors.New("the browser got no answer")
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode != http.StatusOK {
		return "", nil, fmt.Errorf("the browser ended at a page with status %d", resp.StatusCode)
	}
	return string(text), resp.Request.URL, nil
}
