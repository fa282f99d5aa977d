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

// PipedriveURL is where Pipedrive's OAuth server is.
const PipedriveURL = "https://oauth.pipedrive.com"

// AppConfig says which app this is and where it keeps its tokens. The first four fields are
// required.
type AppConfig struct {
	// ClientID and ClientSecret are the app's, from Pipedrive's Developer Hub.
	ClientID     string
	ClientSecret Secret

	// RedirectURL is the callback URL registered in the Developer Hub, where [App.Handler] is
	// mounted: https, or http on this machine.
	RedirectURL string

	// Store keeps the tokens.
	Store Store

	// OAuthURL is where the OAuth server is; /oauth/authorize, /oauth/token and /oauth/revoke are
	// below it. It must be https, or http on this machine. "" is [PipedriveURL]. With a server on
	// this machine, such as the emulator, api_domain has to be on this machine as well;
	// with any other it has to be https://{company}.pipedrive.com.
	OAuthURL string

	// PlainHTTP allows http without TLS beyond this machine, as between containers of a test:
	// in RedirectURL and OAuthURL, and in an api_domain on the OAuth server's own host. Whoever is on
	// the way can then read the credentials. A client that calls the API with the tokens needs
	// channels.WithPlainHTTP as well.
	PlainHTTP bool

	// DoneURL is where the browser goes after an installation, an absolute http or https URL. "" is
	// a plain page that says so.
	DoneURL string

	// HTTPClient makes the calls to the OAuth server and GET /users/me. It is copied; redirects,
	// cookies and its Timeout are not used: calls have bounds of their own. nil
	// is a client with http.DefaultTransport.
	HTTPClient *http.Client

	// Identify tells whose new tokens src gives. nil asks GET /users/me, which needs the scope
	// base. An app without that scope can register its channel here: addChannel's answer
	// has the ids as pd_company_id and pd_user_id.
	Identify func(ctx context.Context, src *TokenSource) (Installation, error)

	// Installed, if not nil, is called after the tokens of an installation, or of one that was
	// authorised anew, are saved. After an error the browser shows a page that says that
	// something went wrong; the tokens stay.
	Installed func(ctx context.Context, src *TokenSource) error

	// Uninstalled, if not nil, is called once after Pipedrive told that the installation is no
	// more and its tokens are forgotten. An error is told to Warn.
	Uninstalled func(ctx context.Context, in Installation) error

	// Warn is told what no caller is: an error that is [ErrNotPersisted], [ErrReauthorize],
	// [ErrAPIDomain], [ErrDenied], [ErrState], or why a callback failed. The Installation is zero
	// where it is not known. It may be called concurrently, has to return soon, and must not ask
	// for a token: one may be waiting for it to return. nil logs to slog.Default().
	Warn func(ctx context.Context, in Installation, err error)
}

// An App is a Marketplace app with its installations. Make one with [NewApp] and keep it: it
// sees to it that its users together refresh each token once. All methods may be called
// concurrently.
type App struct {
	config      AppConfig
	client      *http.Client
	oauthURL    *url.URL
	callTimeout time.Duration // callTimeout, but for tests
	visits      visits

	mu      sync.Mutex
	sources map[Installation]*TokenSource
}

// NewApp checks the configuration and returns the app. It connects to nothing.
func NewApp(config AppConfig) (*App, error) {
	if config.OAuthURL == "" {
		config.OAuthURL = PipedriveURL
	}
	if config.Warn == nil {
		config.Warn = func(ctx context.Context, in Installation, err error) {
			slog.WarnContext(ctx, //nolint:sloglint // said in the field's doc: what no caller hears has to be heard somewhere
				"pdchannels/auth", "company_id", in.CompanyID, "user_id", in.UserID, "error", err)
		}
	}
	oauth, oauthErr := parseEndpoint(config.OAuthURL, config.PlainHTTP)
	_, redirectErr := parseEndpoint(config.RedirectURL, config.PlainHTTP)
	switch {
	case config.ClientID == "" || config.ClientSecret.Reveal() == "":
		return nil, errors.New("auth: AppConfig needs ClientID and ClientSecret; both stand in Pipedrive's Developer Hub")
	case config.Store == nil:
		return nil, errors.New("auth: AppConfig needs a Store; new(auth.MemoryStore) forgets with the process, package filestore does not")
	case redirectErr != nil:
		return nil, fmt.Errorf("auth: AppConfig.RedirectURL: %w", redirectErr)
	case oauthErr != nil:
		return nil, fmt.Errorf("auth: AppConfig.OAuthURL: %w", oauthErr)
	case oauth.Path != "" || oauth.RawQuery != "":
		return nil, errors.New("auth: AppConfig.OAuthURL ends with the host; /oauth/token and the others are added to it")
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

// Format prints the client id, whatever the verb.
func (a *App) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "[app %s]", a.config.ClientID) }

// AuthorizeURL returns where the user's browser grants the app access. Pipedrive sends it
// back to the redirect URL with a code, for [App.Install], and the state: a text that only
// this browser was given, and that the program checks. [App.Handler] does all of this.
func (a *App) AuthorizeURL(state string) string {
	c := oauth2.Config{ClientID: a.config.ClientID, RedirectURL: a.config.RedirectURL, Endpoint: oauth2.Endpoint{AuthURL: a.config.OAuthURL + "/oauth/authorize"}}
	return c.AuthCodeURL(state)
}

// TokenSource returns the token source of an installation, the same one each time. It need not
// be installed yet.
func (a *App) TokenSource(in Installation) *TokenSource {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.sources[in]
	if s == nil {
		s = &TokenSource{app: a, store: a.config.Store, key: in, invalid: in.check()}
		a.sources[in] = s
	}
	return s
}

// Wait returns when no refresh is under way and every token is saved, or with an error when
// ctx ends before that. Call it before the program ends: a refresh token whose successor is
// lost on the way may be worth nothing any more.
func (a *App) Wait(ctx context.Context) error {
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
