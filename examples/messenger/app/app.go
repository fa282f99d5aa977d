// Package app is an app of Pipedrive around the example messenger: a user installs it, it registers its channel, serves what
// Pipedrive calls, delivers what customers write, and confirms what the user replies. Its page, the customer's phone, is
// served on this machine only.
//
// Everything is in memory, installations included: it is an example, and a partner for the emulator.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/examples/messenger"
	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// Config says which app this is. All fields but OAuthURL and Log are required.
type Config struct {
	URL          string // where the app is reached, without a path: https, or http on this machine
	ClientID     string
	ClientSecret auth.Secret
	OAuthURL     string // of Pipedrive's OAuth server, or an emulator's; empty: Pipedrive's own
	Log          *slog.Logger
}

// App is the app. Make it with [New] and run it with [App.Serve]. It is safe for concurrent use.
type App struct {
	config    Config
	messenger *messenger.Messenger
	auth      *auth.App
	manifest  provider.Manifest
	routes    http.Handler
	jobs      chan job
	stopped   chan struct{} // closed when Serve ends

	mu       sync.Mutex
	client   *channels.Client // nil until the app is installed
	failures map[string]string
	wire     []exchange
	settings settings
	version  uint64
	changed  chan struct{} // closed and replaced at each change
}

// settings are how the messenger behaves, or misbehaves.
type settings struct{ Receipts, Confirm, Online bool }

// New returns an app that is not installed yet. It connects to nothing.
func New(config Config) (*App, error) {
	config.URL = strings.TrimRight(config.URL, "/")
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	a := &App{
		config: config, messenger: messenger.New(config.URL), jobs: make(chan job, 1000), stopped: make(chan struct{}),
		failures: map[string]string{}, settings: settings{true, true, true}, version: 1, changed: make(chan struct{}),
	}
	seed(a.messenger, time.Now())
	endpoints, err := provider.NewHandler(inbox{a.messenger, a},
		provider.BasicAuth(config.ClientID, config.ClientSecret.Reveal()), provider.WithLogger(config.Log))
	if err != nil {
		return nil, fmt.Errorf("messenger: %w", err)
	}
	if a.manifest, err = endpoints.Manifest(config.URL); err != nil {
		return nil, fmt.Errorf("messenger: %w", err)
	}
	doneURL := "" // a plain page
	if u, err := url.Parse(config.URL); err == nil && isLoopback(u.Host) {
		doneURL = config.URL + "/" // the phone
	}
	a.auth, err = auth.NewApp(auth.AppConfig{
		ClientID:     config.ClientID,
		ClientSecret: config.ClientSecret,
		RedirectURL:  a.CallbackURL(),
		OAuthURL:     config.OAuthURL,
		DoneURL:      doneURL,
		Store:        new(auth.MemoryStore),
		Installed:    a.installed,
		Uninstalled: func(context.Context, auth.Installation) error {
			a.change(func() { a.client = nil })
			return nil
		},
		Warn: func(ctx context.Context, _ auth.Installation, err error) {
			config.Log.WarnContext(ctx, "messenger: the installation", slog.Any("error", err))
		},
	})
	if err != nil {
		return nil, fmt.Errorf("messenger: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/oauth/callback", a.auth.Handler())
	mux.Handle("/channels/", a.watched(endpoints))
	mux.Handle("GET /files/", a.messenger)
	mux.Handle("/", a.phone())
	a.routes = mux
	return a, nil
}

// CallbackURL is where the app's installation begins and ends: open it in a browser.
func (a *App) CallbackURL() string { return a.config.URL + "/oauth/callback" }

// Manifest is the manifest for the Developer Hub, or for an emulator.
func (a *App) Manifest() provider.Manifest { return a.manifest }

// Serve serves the app on listener and delivers messages, until ctx ends: then calls under way have two seconds to finish.
// Call it once.
func (a *App) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: a.routes, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		a.deliver(ctx)
	}()
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		close(a.stopped)
		<-delivered
		within := func(d time.Duration, f func(context.Context) error) error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d)
			defer cancel()
			return f(ctx)
		}
		if within(2*time.Second, server.Shutdown) != nil {
			_ = server.Close() // a connection that nothing came on
		}
		ended <- within(5*time.Second, a.auth.Wait) // no refreshed token may be lost
	}()
	err := server.Serve(listener)
	stop()
	if waited := <-ended; errors.Is(err, http.ErrServerClosed) {
		return waited
	}
	return err
}

// installed registers the channel of a new installation. Pipedrive then asks for the history.
func (a *App) installed(ctx context.Context, tokens *auth.TokenSource) error {
	client, err := channels.NewClient(channels.OAuth(tokens))
	if err != nil {
		return err
	}
	_, err = client.AddChannel(ctx, channels.AddChannelRequest{
		Name: Shop, ProviderChannelID: messenger.Channel, ProviderType: channels.ProviderWhatsApp, TemplateSupport: true,
	})
	a.note(exchange{Out: true, Operation: "addChannel", Status: statusOf(err), Note: "the channel of " + Shop})
	if err != nil && !errors.Is(err, channels.ErrChannelAlreadyExists) {
		return err
	}
	a.change(func() { a.client = client })
	a.deliverAgain()
	return nil
}

// change makes a change that the page shows, and wakes the pages that are open.
func (a *App) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
	a.version++
	close(a.changed)
	a.changed = make(chan struct{})
}

// inbox is what Pipedrive calls: the messenger, whose new messages are confirmed.
type inbox struct {
	*messenger.Messenger
	app *App
}

// PostMessage takes a reply from Pipedrive. It is confirmed once it is answered: before, Pipedrive does not know its id.
func (in inbox) PostMessage(ctx context.Context, req provider.PostMessageRequest) (string, error) {
	id, err := in.Messenger.PostMessage(ctx, req)
	if err == nil {
		if w, ok := ctx.Value(watchKey{}).(*watch); ok {
			w.conversation, w.message = req.ConversationID, id
		}
	}
	return id, err
}
