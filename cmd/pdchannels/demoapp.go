// The app of the demo, with its callback on a port of its own, and the browser of its user.
package main

import (
	"context"
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

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// demoApp is the app, and what its hooks were told.
type demoApp struct {
	*auth.App
	callback string
	listener net.Listener
	show     func(exchange)

	mu      sync.Mutex
	source  *auth.TokenSource // of the latest installation
	gone    []auth.Installation
	trouble error
}

// newDemoApp makes the app; its calls go over the transport, and what Pipedrive calls is shown.
func newDemoApp(ctx context.Context, pipedrive *emulator.Emulator, oauthURL string, transport http.RoundTripper, show func(exchange)) (*demoApp, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &demoApp{callback: "http://" + listener.Addr().String() + "/oauth/callback", listener: listener, show: show}
	a.App, err = auth.NewApp(auth.AppConfig{
		ClientID:     pipedrive.ClientID(),
		ClientSecret: auth.NewSecret(pipedrive.ClientSecret()),
		RedirectURL:  a.callback,
		OAuthURL:     oauthURL,
		Store:        new(auth.MemoryStore),
		HTTPClient:   &http.Client{Transport: transport},
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
		return nil, errors.Join(err, listener.Close())
	}
	return a, nil
}

func (a *demoApp) note(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

// serve serves the callback URL until stop is called.
func (a *demoApp) serve() (stop func()) {
	redirect := &url.URL{Path: "/oauth/callback"}
	handler := a.Handler()
	return serveCallback(a.listener, redirect, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodDelete { // the browser's exchanges are shown where it makes them
			handler.ServeHTTP(w, r)
			return
		}
		start, seen := time.Now(), &statusOf{ResponseWriter: w}
		handler.ServeHTTP(seen, r)
		a.show(exchange{method: r.Method, path: r.URL.Path, status: seen.status, took: time.Since(start), by: "Pipedrive to the app"})
	}))
}

// statusOf remembers the status of an answer.
type statusOf struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status, and passes it on.
func (s *statusOf) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

var stateField = regexp.MustCompile(`name="state" value="(\w+)"`)

// allow is what a user does in the browser: follow the app's link, and press Allow on the
// page that comes up.
func (a *demoApp) allow(ctx context.Context, transport http.RoundTripper, user int64) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := &http.Client{Transport: transport, Jar: jar}
	page, at, err := visit(ctx, browser, http.MethodGet, a.callback, nil)
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
