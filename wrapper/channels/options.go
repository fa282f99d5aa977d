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
	// net/http keeps two idle connections a host, so that a service with fifty calls in
	// flight would open and close most of its connections.
	maxIdleConnsPerHost = 64
)

// Option changes a default of [NewClient]. The order of options does not matter.
type Option func(*options)

// options is what the options set; NewClient assembles the client from it at once.
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

// WithBaseURL sets the whole prefix of the path /channels, such as
// https://company.pipedrive.com/api/v1 or the emulator's http://127.0.0.1:8484/v1. The
// default is what the token source tells, see [OAuth], or else [DefaultBaseURL]. Plain http is accepted on loopback only.
func WithBaseURL(url string) Option { return func(o *options) { o.baseURL = &url } }

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

// WithTimeout bounds each attempt, from sending to the last byte read, and as long again the
// asking for its token. The default is 15 seconds. All attempts and the pauses between them
// take four times as long at most; waiting for a place within the rate limits is bounded by the
// context of the call alone. A token source that takes no context, see [OAuth], is
// waited for however long it takes.
func WithTimeout(d time.Duration) Option {
	return func(o *options) {
		if d <= 0 {
			o.problem = fmt.Errorf("the timeout %v is not positive", d)
		}
		o.timeout = d
	}
}

// WithRetries changes how often a call is attempted; see the documentation of the package
// for what is attempted again.
func WithRetries(p RetryPolicy) Option {
	return func(o *options) {
		if p.Attempts < 0 {
			o.problem = fmt.Errorf("a call cannot have %d attempts", p.Attempts)
		}
		o.retries = p
	}
}

// RetryPolicy says what is attempted again. The zero value is the default.
type RetryPolicy struct {
	// Attempts is how many requests one call makes at most; 0 means 4, and 1 that nothing is repeated
	// but, once, what a stale access token was refused.
	Attempts int
	// RepeatAddChannel lets an AddChannel of unknown outcome be repeated. If the answer then is
	// that there is such a channel, it is taken for done, see [Channel.Inferred]; that
	// somebody else registered it meanwhile would go unnoticed.
	RepeatAddChannel bool
}

// WithLimiter makes the client share a limiter: one is needed for each installation. The
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

// WithLogger sets where the client logs. The default is [slog.Default], as in the other packages of this
// module: the log tells what no error does, namely a field of an answer that cannot be read and a value that the API
// does not document (warnings), and an attempt that is repeated (information). Calls are logged at debug level, also
// those that fail, since their error is returned. Neither credentials nor messages are logged.
// slog.New(slog.DiscardHandler) logs nothing.
func WithLogger(log *slog.Logger) Option {
	return func(o *options) {
		if log == nil {
			o.problem = errors.New("the logger is nil; slog.New(slog.DiscardHandler) logs nothing")
		}
		o.log = log
	}
}

// WithUserAgent puts the name of the calling program, such as "shop/2.1", before this
// package's own in the User-Agent header.
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
