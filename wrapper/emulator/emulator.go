// Package emulator is Pipedrive's side of the Channels API on a laptop: its
// operations, GET /users/me and the OAuth server, stateful, over HTTP, with an inbox to look at. An
// app is tested against it instead of against a Pipedrive company.
//
// In a test:
//
//	server := emulator.Start(t, emulator.Config{})
//	// server.BaseURL is where the API is, server.AccessToken() opens it,
//	// server.WaitForMessage(t, emulator.MessageQuery{Text: "blue"}) is what has arrived.
//
// It logs to the test, and prints the tree of what happened when the test fails. [Emulator.Exchanges] are all
// requests in both directions with what was decided, [Server.Allow] walks through an authorization,
// [Emulator.Fault] breaks calls, [Emulator.Advance] moves the clock.
//
// Outside tests, [New] makes an http.Handler, and [Emulator.Serve] runs it on a
// listener of yours. Nothing is kept when the process ends, unless [Config].Data names a file.
//
// # For any language
//
// Below /_emulator, by spec/emulator.yaml, is the same for scripts: reply as a user, look at what arrived, wait
// for it, set faults, move the clock, follow the events. At / is the inbox, at /inspector every exchange. Both ask for
// [Config].Password once the emulator listens off loopback.
//
// # OAuth
//
// /oauth/authorize shows a page on which a user of the company allows the app or does not, and
// sends the browser back to the app; /marketplace shows one on which the app is installed
// without having asked, and uninstalled. [Emulator.MarketplaceInstall] and
// [Emulator.Uninstall] do so in tests. POST /oauth/token and POST /oauth/revoke are for the
// app; [Emulator.TokenCalls] counts them and [Emulator.Installations] lists the current ones.
// The app is called back, by the browser and by the uninstall call, only on loopback or on
// [Config].RedirectURLs.
//
// # The way back
//
// With [Config].Provider the emulator calls the app as Pipedrive does, and no other server: it
// imports the history of a channel that is added, asks for a conversation it has not heard of, and
// tells of a channel that is deleted. [Emulator.Reply] is the user in Pipedrive who writes, and
// [Emulator.Settle] waits for what goes on meanwhile.
//
// # What it judges, and in which order
//
// The Host header and the origin (a browser's page of another site gets 403), the
// credentials, the limits, the route and the method, the content type, the size of the body,
// its JSON, its shape by the project's OpenAPI document, and last the rules of the operation.
// Every answer of the API is its JSON envelope, and one to somebody with good credentials
// carries the rate limit headers. The token endpoints answer errors as OAuth has them.
//
// This order is our choice; only the gateway's place before all operations is known.
//
// # How strict it is
//
// Pipedrive's published sources disagree in places. A request that any of them allows is
// accepted; what another one refuses is logged as a warning. With [Config].Strict such a
// request is refused. Nobody could compare the emulator with the live service: it is built
// from the published reference. Each exchange names the rules that answered it, and whether they are documented,
// seen in public clients and apps, or our choice where the sources are silent; the log names them, too.
package emulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pdchannels/pdchannels/gen/channelsserver"
	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/clock"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/events"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/faults"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/pages"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/state"
)

// Emulator is an http.Handler that plays Pipedrive for one company and one app. It serves the
// API below /v1 and /api/v1, the OAuth server below /oauth, the page /marketplace, and its own
// control below /_emulator. Make it with [New] or [Start]. Its methods may be called at the same
// time from several goroutines.
type Emulator struct {
	cfg         Config
	clock       *clock.Clock
	events      *events.Log
	state       *state.State
	exchanges   *exchanges.Log
	operations  map[string]operation
	mux         *http.ServeMux
	crossOrigin *http.CrossOriginProtection
	allowed     map[string]bool // host names beside loopback
	exposed     *atomic.Bool    // it listens off loopback
	address     *atomic.Value   // a string: where it is reached
	oauth       *oauth
	file        *events.File // nil if nothing is kept
	limits      *limits
	outside     http.RoundTripper // to the app
	uninstalls  *sync.WaitGroup   // calls of the app that nobody waits for
	outgoing    *outgoing
	posting     *posting
	avatars     *avatars
	faults      *faults.Set
	profile     *atomic.Value // a string
	gone        *atomic.Int64 // answers of a service that is withdrawn
	streams     *atomic.Int64 // that are open
	ending      chan struct{} // closed when the emulator ends
}

// New makes an emulator. It fails if cfg cannot be served, and says which field is wrong.
func New(cfg Config) (*Emulator, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	operations, err := documented()
	if err != nil {
		return nil, fmt.Errorf("emulator: reading the API's document: %w", err)
	}
	operations = maps.Clone(operations)
	operations["GET "+ownUserPath] = ownUserOperation
	now := clock.New(cfg.Clock)
	cfg.Clock = now.Now // the one clock of all that follows
	log := events.New(now.Now)
	e := &Emulator{
		cfg:         cfg,
		clock:       now,
		events:      log,
		state:       state.New(log),
		exchanges:   exchanges.New(log, now.Now),
		operations:  operations,
		mux:         http.NewServeMux(),
		crossOrigin: http.NewCrossOriginProtection(),
		allowed:     cfg.allowedHosts(),
		exposed:     new(atomic.Bool),
		address:     new(atomic.Value),
		oauth:       newOAuth(cfg, log),
		limits:      newLimits(cfg),
		uninstalls:  &sync.WaitGroup{},
		posting:     newPosting(),
		avatars:     newAvatars(),
		faults:      new(faults.Set),
		profile:     new(atomic.Value),
		gone:        new(atomic.Int64),
		streams:     new(atomic.Int64),
		ending:      make(chan struct{}),
	}
	over := func(next http.RoundTripper) http.RoundTripper { return watched{broken{next, e}} }
	e.outside = over(newOutside())
	if e.outgoing, err = newOutgoing(cfg, over); err != nil {
		return nil, fmt.Errorf("emulator: Provider: %w", err)
	}
	e.behave(cfg.Profile)
	if err := e.begin(); err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	e.handleAPI()
	e.mux.HandleFunc("POST "+tokenPath, e.serveToken)
	e.mux.HandleFunc("POST "+tokenPath+"/{$}", e.serveToken) // as the published OpenAPI description spells it
	e.mux.HandleFunc("POST /oauth/revoke", e.serveRevoke)
	for _, path := range []string{"/livez", "/readyz"} {
		e.mux.HandleFunc("GET "+path, serveHealth)
	}
	e.handlePages()
	e.handleControl()
	if err := e.handleInbox(); err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	return e, nil
}

// handleAPI adds the operations of the API and GET /users/me, below both prefixes.
func (e *Emulator) handleAPI() {
	handler := channelsserver.NewStrictHandlerWithOptions(operations{e}, nil, channelsserver.StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  e.unbound,
		ResponseErrorHandlerFunc: e.failed,
	})
	for _, prefix := range apiPrefixes {
		channelsserver.HandlerWithOptions(handler, channelsserver.StdHTTPServerOptions{
			BaseURL:          prefix,
			BaseRouter:       e.mux,
			ErrorHandlerFunc: e.unbound,
		})
		e.mux.HandleFunc("GET "+prefix+ownUserPath, e.serveOwnUser)
	}
}

// handleInbox adds the pages of the inbox and the inspector.
func (e *Emulator) handleInbox() error {
	shown, err := pages.New(pages.Config{Source: source{e}, Events: controlPrefix + "/events", Log: e.cfg.Logger})
	if err != nil {
		return err
	}
	for _, pattern := range []string{"GET /{$}", "POST /reply", "GET /file", "GET /avatar", "GET /inspector", "GET /connect", "GET /static/"} {
		e.mux.Handle(pattern, shown)
	}
	return nil
}

// handleControl adds what spec/emulator.yaml has.
func (e *Emulator) handleControl() {
	emulatorserver.HandlerWithOptions(
		emulatorserver.NewStrictHandlerWithOptions(control{e}, nil, emulatorserver.StrictHTTPServerOptions{
			RequestErrorHandlerFunc:  controlProblem,
			ResponseErrorHandlerFunc: controlProblem,
		}),
		emulatorserver.StdHTTPServerOptions{BaseURL: controlPrefix, BaseRouter: e.mux, ErrorHandlerFunc: controlProblem})
}

// Users returns the users of the emulated company with their tokens, the owner of the
// installation first.
func (e *Emulator) Users() []User { return slices.Clone(e.cfg.Users) }

// AccessToken returns an OAuth access token of the owner of the installation; it does not expire.
//
// Our choice: a token that the emulator was made with outlives the hour that one from the
// token endpoint lives, and every uninstall, so that what was pasted into a shell keeps working.
func (e *Emulator) AccessToken() string { return e.cfg.Users[0].AccessToken.Reveal() }

// APIToken returns the API token of the owner of the installation, for the header x-api-token.
func (e *Emulator) APIToken() string { return e.cfg.Users[0].APIToken.Reveal() }

// ClientID returns the client id of the emulated app.
func (e *Emulator) ClientID() string { return e.cfg.ClientID }

// ClientSecret returns the client secret of the emulated app, for the token endpoints.
func (e *Emulator) ClientSecret() string { return e.cfg.ClientSecret.Reveal() }

// Format prints which emulator this is, and keeps its tokens out of every log.
func (e Emulator) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "emulator.Emulator{Users: %d, Strict: %t}", len(e.cfg.Users), e.cfg.Strict)
}
