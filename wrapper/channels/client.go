package channels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/pdchannels/pdchannels/internal/pipeline"
	"github.com/pdchannels/pdchannels/internal/retry"
	"github.com/pdchannels/pdchannels/internal/trust"
)

// DefaultBaseURL is the host common to all companies.
const DefaultBaseURL = trust.Default

// Client calls the Channels API. It is safe for use by many goroutines; make one with
// [NewClient] and keep it. Every method of an empty Client fails and says so.
type Client struct {
	pipeline         *pipeline.Pipeline
	origin           func(ctx context.Context) (string, error) // where the token source says the API is; may be nil
	pinned           atomic.Pointer[string]                    // the base URL, with a slash at its end; nil until origin has told it
	log              *slog.Logger
	limiter          *Limiter
	observer         Observer
	plainHTTP        bool
	repeatAddChannel bool
}

// NewClient returns a client that authenticates with the credential. It sends nothing;
// [Client.Probe] tells whether the service answers.
func NewClient(credential Credential, opts ...Option) (*Client, error) {
	o := options{timeout: defaultTimeout, log: slog.Default(), client: &http.Client{}}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("channels: new client: an option is nil")
		}
		opt(&o)
	}
	if err := errors.Join(credential.validate(), o.problem); err != nil {
		return nil, fmt.Errorf("channels: new client: %w", err)
	}
	userAgent, err := o.resolveUserAgent()
	if err != nil {
		return nil, fmt.Errorf("channels: new client: %w", err)
	}
	c := &Client{
		origin: credential.inner.BaseURL, log: o.log, limiter: o.resolveLimiter(), observer: o.observer,
		plainHTTP: o.plainHTTP, repeatAddChannel: o.retries.RepeatAddChannel,
	}
	c.pipeline = &pipeline.Pipeline{
		Credential: credential.inner, Transport: o.resolveTransport(), Policy: o.resolvePolicy(), Limiter: c.limiter.inner,
		UserAgent: []string{userAgent}, AttemptEnds: c.attemptEnded,
	}
	if c.origin == nil || o.baseURL != nil {
		baseURL, err := o.resolveBaseURL()
		if err != nil {
			return nil, fmt.Errorf("channels: new client: %w", err)
		}
		c.pinned.Store(&baseURL)
	}
	return c, nil
}

// baseURL returns where the API is. What a token source says is kept from the first time
// on: a token that is refreshed cannot send the credentials elsewhere.
func (c *Client) baseURL(ctx context.Context) (string, *retry.Failure) {
	if pinned := c.pinned.Load(); pinned != nil {
		return *pinned, nil
	}
	within, cancel := context.WithTimeout(ctx, c.pipeline.Policy.Attempt)
	defer cancel()
	text, err := c.origin(within)
	if err == nil {
		text, err = trust.FromSource(text, c.plainHTTP)
	}
	if err != nil {
		return "", &retry.Failure{Outcome: retry.NotSent, Message: "no base URL", Err: pipeline.Printable(err, ""), Everyone: ctx.Err() == nil}
	}
	c.pinned.CompareAndSwap(nil, &text)
	return *c.pinned.Load(), nil
}

// Limiter returns the limiter of the client, to read its state or to share it; nil if the client is empty.
func (c *Client) Limiter() *Limiter {
	if c == nil {
		return nil
	}
	return c.limiter
}

// CloseIdleConnections closes the connections that no call is using. A program that makes
// many clients calls it when it is done with one. Those of a transport given by
// [WithHTTPClient] are closed too.
func (c *Client) CloseIdleConnections() {
	if c == nil || c.pipeline == nil {
		return
	}
	if t, ok := c.pipeline.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Format writes the base URL, whatever the verb: fmt would otherwise walk through the
// transport, and race with it.
func (c *Client) Format(f fmt.State, _ rune) {
	if c == nil {
		_, _ = io.WriteString(f, "channels.Client(nil)")
		return
	}
	baseURL := "its token source knows where"
	if pinned := c.pinned.Load(); pinned != nil {
		baseURL = strings.TrimSuffix(*pinned, "/")
	}
	_, _ = io.WriteString(f, "channels.Client("+baseURL+")")
}
