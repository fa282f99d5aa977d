package channels

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
)

// Version is the version of this package, as the User-Agent of each request tells it.
const Version = "0.1.0"

const (
	defaultTimeout = 15 * time.Second
	// net/http keeps two idle connections a host, so that a service with fifty calls in
	// flight would open and close most of its connections.
	maxIdleConnsPerHost = 64
)

// Client calls the Channels API. It is safe for use by many goroutines; make one with
// [NewClient] and keep it.
type Client struct {
	credential Credential
	pinned     atomic.Pointer[string] // the base URL, with a slash at its end; nil until the source has told it
	transport  http.RoundTripper
	timeout    time.Duration // of one attempt
	log        *slog.Logger
	userAgent  []string // as a header value
}

// Option changes a default of [NewClient]. The order of options does not matter.
type Option func(*options)

// options is what the options set; NewClient assembles the client from it at once.
type options struct {
	baseURL, apiDomain, userAgent *string
	plainHTTP                     bool
	client                        *http.Client
	timeout                       time.Duration
	log                           *slog.Logger
	problem                       error
}

// WithBaseURL sets the whole prefix of the path /channels, such as
// https://company.pipedrive.com/api/v1 or the emulator's http://127.0.0.1:8484/v1. The
// default is what the token source tells, see [OAuth], or else [DefaultBaseURL]. Plain http is accepted on loopback only.
func WithBaseURL(url string) Option { return func(o *options) { o.baseURL = &url } }

// WithAPIDomain sets the base URL from the api_domain that came with an OAuth token. It
// must be of the form https://company.pipedrive.com: this value arrives over the network
// and decides where credentials are sent.
func WithAPIDomain(apiDomain string) Option { return func(o *options) { o.apiDomain = &apiDomain } }

// WithPlainHTTP allows a base URL without TLS beyond loopback. Whoever is on the way can
// then read the credential.
func WithPlainHTTP() Option { return func(o *options) { o.plainHTTP = true } }

// WithHTTPClient makes requests through the transport of the given client, and within
// its timeout if that is shorter. The client itself stays as it is; its redirect policy
// and cookies are not used. Its transport must not authenticate by itself.
func WithHTTPClient(client *http.Client) Option {
	return func(o *options) {
		if client == nil {
			o.problem = errors.New("the http.Client is nil")
			return
		}
		if _, authenticates := client.Transport.(*oauth2.Transport); authenticates {
			o.problem = errors.New("the http.Client authenticates by itself: give its token source to channels.OAuth")
		}
		o.client = client
	}
}

// WithTimeout bounds each call, from asking for the token to the last byte read. The
// default is 15 seconds. The context of a call can only end it earlier. A token source that
// takes no context, see [OAuth], is waited for however long it takes.
func WithTimeout(d time.Duration) Option {
	return func(o *options) {
		if d <= 0 {
			o.problem = fmt.Errorf("the timeout %v is not positive", d)
		}
		o.timeout = d
	}
}

// WithLogger logs each call: successes at debug level, failures as warnings. Neither
// credentials nor messages are logged. The default is to log nothing.
func WithLogger(log *slog.Logger) Option {
	return func(o *options) {
		if log == nil {
			o.problem = errors.New("the logger is nil; leave WithLogger out to log nothing")
		}
		o.log = log
	}
}

// WithUserAgent puts the name of the calling program, such as "shop/2.1", before this
// package's own in the User-Agent header.
func WithUserAgent(product string) Option { return func(o *options) { o.userAgent = &product } }

// NewClient returns a client that authenticates with the credential. It sends nothing;
// whether the service answers, [Client.Probe] tells.
func NewClient(credential Credential, opts ...Option) (*Client, error) {
	o := options{timeout: defaultTimeout, log: slog.New(slog.DiscardHandler), client: &http.Client{}}
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
		credential: credential,
		transport:  o.resolveTransport(),
		timeout:    o.resolveTimeout(),
		log:        o.log,
		userAgent:  []string{userAgent},
	}
	if credential.origin == nil || o.baseURL != nil || o.apiDomain != nil {
		baseURL, err := o.resolveBaseURL()
		if err != nil {
			return nil, fmt.Errorf("channels: new client: %w", err)
		}
		c.pinned.Store(&baseURL)
	}
	return c, nil
}

func (o *options) resolveBaseURL() (string, error) {
	text := DefaultBaseURL
	switch {
	case o.baseURL != nil && o.apiDomain != nil:
		return "", errors.New("both a base URL and an api_domain are given; they may differ, so give one")
	case o.baseURL != nil:
		text = *o.baseURL
	case o.apiDomain != nil:
		var err error
		if text, err = companyBaseURL(*o.apiDomain); err != nil {
			return "", err
		}
	}
	return parseBaseURL(text, o.plainHTTP)
}

func (o *options) resolveUserAgent() (string, error) {
	own := "pdchannels/" + Version + " (+https://github.com/pdchannels/pdchannels)"
	if o.userAgent == nil {
		return own, nil
	}
	if *o.userAgent == "" || strings.ContainsFunc(*o.userAgent, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		return "", fmt.Errorf("the user agent %q is not printable ASCII", *o.userAgent)
	}
	return *o.userAgent + " " + own, nil
}

// resolveTransport returns what requests go through. It is a transport and not an
// http.Client, which would follow a redirect with the credential and the body, or at
// the least print in an error where it points to.
func (o *options) resolveTransport() http.RoundTripper {
	if o.client.Transport != nil {
		return o.client.Transport
	}
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // a program that replaced the default means it
		return http.DefaultTransport
	}
	transport = transport.Clone()
	transport.MaxIdleConnsPerHost = maxIdleConnsPerHost
	return transport
}

func (o *options) resolveTimeout() time.Duration {
	if o.client.Timeout > 0 {
		return min(o.client.Timeout, o.timeout)
	}
	return o.timeout
}

// CloseIdleConnections closes the connections that no call is using. A program that makes
// many clients calls it when it is done with one. Those of a transport given by
// [WithHTTPClient] are closed too.
func (c *Client) CloseIdleConnections() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Format writes the base URL, whatever the verb: fmt would otherwise walk through the
// transport, and race with it.
func (c *Client) Format(f fmt.State, _ rune) {
	baseURL := "its token source knows where"
	if pinned := c.pinned.Load(); pinned != nil {
		baseURL = strings.TrimSuffix(*pinned, "/")
	}
	_, _ = io.WriteString(f, "channels.Client("+baseURL+")")
}
