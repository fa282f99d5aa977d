package channels_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/internal/pipenet"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func TestNothingWasSent(t *testing.T) {
	t.Parallel()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake is meant to fail
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	for name, base := range map[string]string{
		"connection refused":       "http://127.0.0.1:1", // a port that no test can listen on
		"no such host":             "https://host.invalid",
		"a certificate not known":  untrusted.URL,
		"a server that has no TLS": strings.Replace(plain.URL, "http:", "https:", 1),
	} {
		client, err := channels.NewClient(channels.APIToken(apiToken), once, channels.WithBaseURL(base))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.ReceiveMessage(t.Context(), message())
		if e := mustError(t, err); e.Outcome != channels.NotSent || !strings.Contains(err.Error(), "not sent: no connection: ") {
			t.Errorf("%s: got %v (%v)", name, err, e.Outcome)
		}
	}
}

func TestAContextThatEndedBeforeSendsNothing(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.ReceiveMessage(ctx, message())
	if e := mustError(t, err); e.Outcome != channels.NotSent || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v (%v)", err, e.Outcome)
	}
}

// A server that got the request and does not answer may have done what it was asked.
func TestTheOutcomeIsUnknown(t *testing.T) {
	t.Parallel()
	for name, breakOff := range map[string]func(net.Conn){
		"closed without a word":  func(net.Conn) {},
		"half a header":          func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Ty") },
		"not HTTP":               func(c net.Conn) { _, _ = io.WriteString(c, "220 smtp.example\r\n") },
		"a body without its end": func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{") },
		"a body cut off in the open": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"+`{"success":true,"da`)
		},
	} {
		client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			breakOff(conn)
			_ = conn.Close()
		})
		for operation, call := range calls(client) {
			if e := mustError(t, call(t.Context())); e.Outcome != channels.Unknown || e.Operation != operation {
				t.Errorf("%s: %s: got %v (%v)", name, operation, e, e.Outcome)
			}
		}
	}
}

func calls(client *channels.Client) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"addChannel": func(ctx context.Context) error {
			_, err := client.AddChannel(ctx, channels.AddChannelRequest{Name: "Support", ProviderChannelID: "c"})
			return err
		},
		"receiveMessage": func(ctx context.Context) error { _, err := client.ReceiveMessage(ctx, message()); return err },
		"deleteChannel": func(ctx context.Context) error {
			return client.DeleteChannel(ctx, channels.DeleteChannelRequest{ProviderChannelID: "c"})
		},
		"deleteConversation": func(ctx context.Context) error {
			return client.DeleteConversation(ctx, channels.DeleteConversationRequest{ProviderChannelID: "c", ConversationID: "v"})
		},
	}
}

// silent is a base transport whose connections are pipes to nobody, for a bubble of synctest.
func silent(read bool) *http.Transport {
	return &http.Transport{DialContext: pipenet.Dial(func(conn net.Conn) {
		if read {
			_, _ = io.Copy(io.Discard, conn)
		}
	})}
}

func TestTimeLimits(t *testing.T) {
	t.Parallel()
	const base = "http://127.0.0.1/v1"
	for _, tt := range []struct {
		name   string
		reads  bool
		ctx    time.Duration
		limit  time.Duration
		client time.Duration
		want   channels.Outcome
		within time.Duration
	}{
		{"the client's own limit", true, time.Hour, 0, 0, channels.Unknown, 15 * time.Second},
		{"a limit that was set", true, time.Hour, 3 * time.Second, 0, channels.Unknown, 3 * time.Second},
		{"the http.Client's limit", true, time.Hour, 0, 2 * time.Second, channels.Unknown, 2 * time.Second},
		{"the longer limit of an http.Client", true, time.Hour, time.Second, 2 * time.Second, channels.Unknown, time.Second},
		{"the context's limit", true, time.Second, 0, 0, channels.Unknown, time.Second},
		{"nobody reads the request, which may have been on its way", false, time.Hour, 0, 0, channels.Unknown, 15 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			transport := silent(tt.reads)
			defer transport.CloseIdleConnections()
			opts := []channels.Option{channels.WithBaseURL(base), channels.WithHTTPClient(&http.Client{Transport: transport, Timeout: tt.client})}
			if tt.limit > 0 {
				opts = append(opts, channels.WithTimeout(tt.limit))
			}
			client, err := channels.NewClient(channels.APIToken(apiToken), append(opts, once)...)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), tt.ctx)
			defer cancel()
			start := time.Now()
			_, err = client.ReceiveMessage(ctx, message())
			e := mustError(t, err)
			if e.Outcome != tt.want || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != tt.within {
				t.Errorf("%s: got %v (%v) after %v, want %v after %v", tt.name, err, e.Outcome, time.Since(start), tt.want, tt.within)
			}
		})
	}
}

// A transport that reports nothing proves nothing, unless its error does.
func TestATransportThatReportsNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want channels.Outcome
	}{
		{errors.New("something broke"), channels.Unknown},
		{io.EOF, channels.Unknown},
		{&net.OpError{Op: "read", Err: errors.New("connection reset by peer")}, channels.Unknown},
		{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, channels.NotSent},
	} {
		client, err := channels.NewClient(channels.APIToken(apiToken), once, channels.WithHTTPClient(&http.Client{
			Transport: pipenet.RoundTrip(func(*http.Request) (*http.Response, error) { return nil, tt.err }),
		}))
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range calls(client) {
			err := call(t.Context())
			if e := mustError(t, err); e.Outcome != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%v: got %v (%v), want %v", tt.err, err, e.Outcome, tt.want)
			}
		}
	}
}

func TestATransportThatReturnsNothing(t *testing.T) {
	t.Parallel()
	for name, resp := range map[string]*http.Response{"nothing": nil, "no body": {StatusCode: 200}} {
		client, err := channels.NewClient(channels.APIToken(apiToken), once, channels.WithHTTPClient(&http.Client{
			Transport: pipenet.RoundTrip(func(*http.Request) (*http.Response, error) { return resp, nil }),
		}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.ReceiveMessage(t.Context(), message())
		if e := mustError(t, err); e.Outcome != channels.Unknown {
			t.Errorf("%s: got %v (%v)", name, err, e.Outcome)
		}
	}
}

func TestATokenSourceGetsTheContextOfTheCall(t *testing.T) {
	t.Parallel()
	type key struct{}
	source := contextSource(func(ctx context.Context) (*oauth2.Token, error) {
		if ctx.Value(key{}) != "mine" {
			return nil, errors.New("the context is another")
		}
		return &oauth2.Token{AccessToken: "t"}, nil
	})
	client, err := channels.NewClient(channels.OAuth(source), once, channels.WithBaseURL(newServer(t, answer(200, `{"success":true}`))))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.DeleteChannel(context.WithValue(t.Context(), key{}, "mine"), channels.DeleteChannelRequest{ProviderChannelID: "c"}); err != nil {
		t.Error(err)
	}
}

type contextSource func(context.Context) (*oauth2.Token, error)

func (f contextSource) TokenContext(ctx context.Context) (*oauth2.Token, error) { return f(ctx) }
func (f contextSource) Token() (*oauth2.Token, error) {
	return nil, errors.New("asked without a context")
}
