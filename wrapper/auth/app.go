package auth

// This file assembles an App and hands out its parts.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// PipedriveURL is the URL of Pipedrive's OAuth server.
const PipedriveURL = "https://oauth.pipedrive.com"

// AppConfig describes an app and where it keeps its tokens. The first four fields are required.
// This is a struct, unlike the options of channels.NewClient and provider.NewHandler, since most
// of it is the program's own: its credentials, its store, its hooks.
type AppConfig struct {
	// ClientID and ClientSecret come from Pipedrive's Developer Hub.
	ClientID     string
	ClientSecret Secret

	// RedirectURL is the callback URL registered in the Developer Hub, where [App.Handler] is
	// mounted: https, or http on this machine.
	RedirectURL string

	// Store keeps the tokens.
	Store Store

	// OAuthURL is the URL of the OAuth server, without a path: /oauth/authorize, /oauth/token and
	// /oauth/revoke are appended. It must be https, or http on this machine. The default is
	// [PipedriveURL]. A server on this machine, such as the emulator, must name an api_domain on
	// this machine; any other must name https://{company}.pipedrive.com.
	OAuthURL string

	// PlainHTTP allows http without TLS beyond this machine, as between containers of a test:
	// in RedirectURL and OAuthURL, and in an api_domain on the OAuth server's own host. Anybody on
	// the network between them can then read the credentials. A client that calls the API with
	// these tokens needs channels.WithPlainHTTP as well.
	PlainHTTP bool

	// DoneURL is where the browser goes after an install: an absolute http or https URL. The default
	// is a plain page that says that the app is connected.
	DoneURL string

	// HTTPClient makes the calls to the OAuth server and GET /users/me. Only its transport is used:
	// redirects are not followed, cookies are not kept, and calls have timeouts of their own. The
	// default transport is http.DefaultTransport.
	HTTPClient *http.Client

	// Identify returns the installation that the new tokens of src belong to. The default calls
	// GET /users/me, which needs the scope base. An app without that scope can register its
	// channel here: addChannel's answer has the ids as pd_company_id and pd_user_id.
	Identify func(ctx context.Context, src *TokenSource) (Installation, error)

	// Installed, if not nil, is called after the tokens of an install, or of a user who authorised
	// the app again, are saved. It has a minute, even if the browser leaves. After an error the
	// browser shows a page that says so; the tokens stay.
	Installed func(ctx context.Context, src *TokenSource) error

	// Uninstalled, if not nil, is called once after Pipedrive reported an uninstall and the tokens
	// are gone. It has a minute. An error goes to Warn.
	Uninstalled func(ctx context.Context, in Installation) error

	// Warn receives errors that no caller gets: an error that is [ErrNotPersisted], [ErrReauthorize],
	// [ErrAPIDomain], [ErrDenied] or [ErrState], why a callback failed, or why an uninstall call was
	// passed over. The Installation is zero if it is not known. Warn may be called concurrently, must
	// return soon, and must not ask for a token, since a renewal may be waiting for it. The default
	// logs to [slog.Default], as the other packages of this module do.
	Warn func(ctx context.Context, in Installation, err error)
}

// An App is a Marketplace app with its installations: make one with [NewApp] and keep it, since its
// token sources share their renewals. The zero App is empty, and its methods return an error. All
// methods may be called concurrently.
type App struct {
	config      AppConfig
	client      *http.Client
	oauthURL    *url.URL
	callTimeout time.Duration // callTimeout, but for tests
	visits      visits

	mu      sync.Mutex
	sources map[Installation]*TokenSource
}

// NewApp checks the configuration and returns the app. It makes no connection.
func NewApp(config AppConfig) (*App, error) {
	if config.OAuthURL == "" {
		config.OAuthURL = PipedriveURL
	}
	if config.Warn == nil {
		config.Warn = func(ctx context.Context, in Installation, err error) {
			slog.WarnContext(ctx, //nolint:sloglint // documented: what no caller hears must be heard somewhere
				"pdchannels/auth", "company_id", in.CompanyID, "user_id", in.UserID, "error", err)
		}
	}
	oauth, oauthErr := parseEndpoint(config.OAuthURL, config.PlainHTTP)
	_, redirectErr := parseEndpoint(config.RedirectURL, config.PlainHTTP)
	switch {
	case config.ClientID == "" || config.ClientSecret.Reveal() == "":
		return nil, errors.New("auth: AppConfig needs ClientID and ClientSecret, from Pipedrive's Developer Hub")
	case config.Store == nil:
		return nil, errors.New("auth: AppConfig needs a Store; new(auth.MemoryStore) forgets with the process, package filestore does not")
	case redirectErr != nil:
		return nil, fmt.Errorf("auth: AppConfig.RedirectURL: %w", redirectErr)
	case oauthErr != nil:
		return nil, fmt.Errorf("auth: AppConfig.OAuthURL: %w", oauthErr)
	case oauth.Path != "" || oauth.RawQuery != "":
		return nil, errors.New("auth: AppConfig.OAuthURL must end with the host; /oauth/token and the others are appended")
	}
	if config.DoneURL != "" {
		if u, err := url.Parse(config.DoneURL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return nil, errors.New("auth: AppConfig.DoneURL is not an absolute http or https URL")
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if config.HTTPClient != nil {
		client.Transport = config.HTTPClient.Transport
	}
	return &App{
		config: config, client: client, oauthURL: oauth,
		callTimeout: callTimeout, sources: make(map[Installation]*TokenSource),
	}, nil
}

// check returns why an App cannot be used in a context.
func (a *App) check(ctx context.Context) error {
	switch {
	case a == nil || a.sources == nil:
		return errors.New("auth: the App is empty; make one with NewApp")
	case ctx == nil:
		return errNilContext
	}
	return nil
}

// Format prints the client id, for every verb.
func (a *App) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "[app %s]", a.config.ClientID) }

// AuthorizeURL returns the URL where the user's browser grants the app access. Pipedrive sends it
// back to the redirect URL with a code, for [App.Install], and the state: a text that only
// this browser knows, and that the program checks. [App.Handler] does all of this.
func (a *App) AuthorizeURL(state string) string {
	c := oauth2.Config{ClientID: a.config.ClientID, RedirectURL: a.config.RedirectURL, Endpoint: oauth2.Endpoint{AuthURL: a.config.OAuthURL + "/oauth/authorize"}}
	return c.AuthCodeURL(state)
}

// TokenSource returns the token source of an installation, the same one each time. The app need
// not be installed yet.
func (a *App) TokenSource(in Installation) *TokenSource {
	if a.check(context.Background()) != nil {
		return &TokenSource{}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.sources[in]
	if s == nil {
		s = &TokenSource{app: a, store: a.config.Store, key: in, invalid: in.check()}
		a.sources[in] = s
	}
	return s
}

// Wait returns when no renewal is under way and every token is saved, or with an error when
// ctx ends first. Call it before the program ends: if the answer to a refresh is lost, its
// refresh token may be lost with it.
func (a *App) Wait(ctx context.Context) error {
	if err := a.check(ctx); err != nil {
		return err
	}
	a.mu.Lock()
	sources := slices.Collect(maps.Values(a.sources))
	a.mu.Unlock()
	for _, s := range sources {
		if err := s.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}
