// The app that the emulator calls back: where it is, and calls that run beside the answers
// and have an end.

package emulator

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/pdchannels/pdchannels/internal/providercall"
)

// Provider says where the app is that the emulator calls, with the ClientID and ClientSecret of
// the [Config]. Set one of the first three fields. The URLs are https, or http on this machine; nothing else is
// called, no redirect is followed, and no attachment is fetched.
type Provider struct {
	BaseURL     string // the app serves all seven endpoints at the paths of the project's document
	Manifest    []byte // the app's manifest, JSON, as for the Developer Hub
	ManifestURL string // where the app serves its manifest, which is read once, at the start

	// PlainHTTP allows http beyond this machine, as between containers: others may read the app's secret.
	PlainHTTP bool
}

// Our choice: four calls run at once, and 1,000 pieces of work wait; what comes beyond is dropped,
// with a line in the log.
const (
	maxCalls = 4
	maxWork  = 1000
)

// outgoing runs what the emulator has to ask the app.
type outgoing struct {
	app    providercall.Client
	on     bool // there is an app to call
	where  string
	hosts  []string // of the app, each with its port
	logger *slog.Logger
	ending context.Context //nolint:containedctx // it ends what outlives the request that caused it
	end    context.CancelFunc
	slots  chan struct{}

	mu     sync.Mutex
	closed bool
	work   int
	idle   chan struct{} // closed while there is no work
}

func newOutgoing(cfg Config, over func(http.RoundTripper) http.RoundTripper) (*outgoing, error) {
	o := &outgoing{logger: cfg.Logger, slots: make(chan struct{}, maxCalls), idle: make(chan struct{})}
	close(o.idle)
	o.ending, o.end = context.WithCancel(context.Background())
	if p := cfg.Provider; p.BaseURL == "" && p.Manifest == nil && p.ManifestURL == "" {
		return o, nil
	}
	endpoints, err := providercall.Find(context.Background(), providercall.App(cfg.Provider))
	if err != nil {
		return nil, err
	}
	o.app, err = providercall.New(endpoints, cfg.ClientID, cfg.ClientSecret.Reveal())
	o.app = o.app.Over(over)
	o.on = err == nil
	o.hosts = endpoints.Hosts()
	o.where = strings.Join(o.hosts, ", ")
	return o, err
}

// run does a piece of work beside the request that caused it, if there is an app to call.
func (o *outgoing) run(what string, do func(context.Context)) {
	if !o.on {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.work == maxWork {
		o.logger.Warn("the app is not called: the emulator is closed, or has too much to ask", "for", what)
		return
	}
	if o.work == 0 {
		o.idle = make(chan struct{})
	}
	o.work++
	go func() {
		defer o.done()
		select {
		case o.slots <- struct{}{}:
			defer func() { <-o.slots }()
			do(o.ending)
		case <-o.ending.Done():
		}
	}()
}

func (o *outgoing) done() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.work--; o.work == 0 {
		close(o.idle)
	}
}

// Settle waits until the emulator has finished calling the app, as when it imports the history
// after an addChannel. It returns the error of ctx if that ends first.
func (e *Emulator) Settle(ctx context.Context) error {
	e.outgoing.mu.Lock()
	idle := e.outgoing.idle
	e.outgoing.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the calls on the app, and waits for them. The emulator goes on answering, and
// calls nobody any more. [Emulator.Serve] closes it at its end.
func (e *Emulator) Close() {
	o := e.outgoing
	o.mu.Lock()
	again := o.closed
	if !again {
		close(e.ending)
	}
	o.closed = true
	idle := o.idle
	o.mu.Unlock()
	o.end()
	<-idle
	if o.on {
		o.app.Close()
	}
	if !again {
		if err := e.closeFile(); err != nil {
			e.cfg.Logger.Error("the file could not be closed", "error", err)
		}
	}
}
