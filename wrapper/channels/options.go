package channels

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/internal/retry"
	"github.com/pdchannels/pdchannels/internal/trust"
)

const (
	defaultTimeout = 15 * time.Second
	// net/http keeps two idle connections per host: a service with fifty calls in flight would open
	// and close most of its connections.
	maxIdleConnsPerHost = 64
)

// Option changes a default of [NewClient]. The order of options does not matter.
type Option func(*options)

// options is what the options set. NewClient assembles the client from it at the end.
type options struct {
	baseURL, userAgent *string
	plainHTTP          bool
	client             *http.Client
	timeout            time.Duration
	retries            RetryPolicy
	limiter            *Limiter
	log                *slog.Logger
	observer           Observer
	problem            error
}

// WithBaseURL sets the prefix of the path /channels, such as
// https://company.pipedrive.com/api/v1 or the emulator's http://127.0.0.1:8484/v1. The
// default is what the token source tells, see [OAuth], or else [DefaultBaseURL]. Plain http is
// accepted on loopback only.
func WithBaseURL(url string) Option { return func(o *options) { o.baseURL = &url } }

// WithPlainHTTP allows a base URL without TLS beyond loopback. Anybody on the network path can
// then read the credential.
func WithPlainHTTP() Option { return func(o *options) { o.plainHTTP = true } }

// WithHTTPClient makes requests through the transport of the given client, and within
// its timeout if that is shorter. The client itself is not changed; its redirect policy
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

// WithTimeout bounds each attempt, from sending the request to the last byte read, and separately the
// request for its token. The default is 15 seconds. All attempts and the pauses between them
// take at most four times as long; only the context of the call bounds the wait for a place within the
// rate limits. A token source that takes no context, see [OAuth], cannot be bounded.
func WithTimeout(d time.Duration) Option {
	return func(o *options) {
		if d <= 0 {
			o.problem = fmt.Errorf("the timeout %v is not positive", d)
		}
		o.timeout = d
	}
}

// WithRetries changes how often a call is attempted. The documentation of the package says what is
// repeated.
func WithRetries(p RetryPolicy) Option {
	return func(o *options) {
		if p.Attempts < 0 {
			o.problem = fmt.Errorf("a call cannot have %d attempts", p.Attempts)
		}
		o.retries = p
	}
}

// RetryPolicy says what is repeated. The zero value is the default.
type RetryPolicy struct {
	// Attempts is how many requests one call makes at most; 0 means 4. With 1, nothing is repeated
	// but a request whose access token was stale, once.
	Attempts int
	// RepeatAddChannel repeats an AddChannel of unknown outcome. If the answer then is that the channel
	// exists, the call succeeds, see [Channel.Inferred]. It would go unnoticed if somebody else
	// registered the channel meanwhile.
	RepeatAddChannel bool
}

// WithLimiter makes the client share a limiter: use one per installation. The
// default is one of its own, for 80 requests in two seconds until the API tells its limit.
func WithLimiter(l *Limiter) Option {
	return func(o *options) {
		if l == nil || l.inner == nil {
			o.problem = errors.New("the limiter is nil; make one with NewLimiter")
		}
		o.limiter = l
	}
}

// WithObserver tells the observer what the client does. Without it nobody is told.
func WithObserver(observer Observer) Option { return func(o *options) { o.observer = observer } }

// WithLogger sets where the client logs. The default is [slog.Default], since the log tells what no error
// does: a field of an answer that cannot be read and a value that the API does not document
// (warnings), and an attempt that is repeated (information). Calls are logged at debug level, also
// those that fail, since they return an error. Neither credentials nor messages are logged.
// slog.New(slog.DiscardHandler) logs nothing.
func WithLogger(log *slog.Logger) Option {
	return func(o *options) {
		if log == nil {
			o.problem = errors.New("the logger is nil; slog.New(slog.DiscardHandler) logs nothing")
		}
		o.log = log
	}
}

// WithUserAgent puts the name of the calling program, such as "shop/2.1", before that of this package
// in the User-Agent header.
func WithUserAgent(product string) Option { return func(o *options) { o.userAgent = &product } }

func (o *options) resolveBaseURL() (string, error) {
	if o.baseURL == nil {
		return trust.Parse(DefaultBaseURL, o.plainHTTP)
	}
	return trust.Parse(*o.baseURL, o.plainHTTP)
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

// resolveTransport returns what requests go through: a transport, since an http.Client would follow a
// redirect with the credential and the body, or at least print its target in an error.
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

func (o *options) resolvePolicy() retry.Policy {
	timeout := o.timeout
	if o.client.Timeout > 0 {
		timeout = min(o.client.Timeout, timeout)
	}
	p := retry.Default(timeout)
	if o.retries.Attempts > 0 {
		p.Attempts = o.retries.Attempts
	}
	return p
}

func (o *options) resolveLimiter() *Limiter {
	if o.limiter == nil {
		o.limiter = newLimiter(LimiterConfig{})
	}
	return o.limiter
}
