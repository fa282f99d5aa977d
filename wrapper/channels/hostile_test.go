package channels_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/internal/pipenet"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// rawServer answers each connection with a text in which %s is the credential that came.
func rawServer(t *testing.T, text string, stayOpen bool) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(conn, strings.ReplaceAll(text, "%s", r.Header.Get("X-Api-Token")))
				if stayOpen {
					_, _ = io.Copy(io.Discard, conn)
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String() + "/v1"
}

// net/http quotes what it cannot read of an answer, at any length.
func TestAnswersThatAreNotHTTPShowNoSecret(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"status line":           "HTTP/1.1 %s\r\n\r\n",
		"protocol":              "%s\r\n\r\n",
		"header without colon":  "HTTP/1.1 200 OK\r\n%s\r\n\r\n",
		"content length":        "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
		"transfer encoding":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n",
		"a long status line":    "HTTP/1.1 " + strings.Repeat("9", 1<<20) + "%s\r\n\r\n",
		"cut off in the secret": "HTTP/1.1 400 Bad Request\r\nContent-Length: 999\r\n\r\n" + canary[:len(canary)-3],
		"another spelling":      "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" + strings.ReplaceAll(canary, ".", ".\u200b"),
	} {
		client, err := channels.NewClient(channels.APIToken(canary), once, channels.WithBaseURL(rawServer(t, text, false)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.ReceiveMessage(t.Context(), message())
		_ = mustError(t, err) // it fails somehow, and that is all there is to it
		if seen := everyWay(err); strings.Contains(seen, "canary") || len(err.Error()) > 4<<10 {
			t.Errorf("%s: %d bytes, among them %.300s", name, len(err.Error()), seen)
		}
	}
}

// After a 101 the connection is no longer net/http's, so that no context would end the reading.
func TestAnotherProtocolDoesNotHang(t *testing.T) {
	t.Parallel()
	client, err := channels.NewClient(channels.APIToken(apiToken), quiet,
		channels.WithBaseURL(rawServer(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", true)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.ReceiveMessage(t.Context(), message())
	if e := mustError(t, err); e.Outcome != channels.Unknown || e.StatusCode != 101 {
		t.Errorf("got %v", err)
	}
}

// A code may stand in the part that is missing.
func TestACutOff404IsNotWithdrawn(t *testing.T) {
	t.Parallel()
	client, err := channels.NewClient(channels.APIToken(apiToken), quiet,
		channels.WithBaseURL(rawServer(t, "HTTP/1.1 404 Not Found\r\nContent-Length: 99\r\n\r\n{\"additional_data\":{\"code\":\"NOT_FO", false)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.ReceiveMessage(t.Context(), message())
	if e := mustError(t, err); e.StatusCode != 404 || errors.Is(err, channels.ErrWithdrawn) || errors.Is(err, channels.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestATokenThatTakesTooLongSendsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := contextSource(func(ctx context.Context) (*oauth2.Token, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		client, err := channels.NewClient(channels.OAuth(source), once, channels.WithHTTPClient(&http.Client{
			Transport: pipenet.RoundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("a request was sent") }),
		}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.ReceiveMessage(t.Context(), message())
		if e := mustError(t, err); e.Outcome != channels.NotSent || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v (%v)", err, e.Outcome)
		}
	})
}

// A transport that tried again and then found no connection had sent the request all the same.
func TestATransportThatTriedTwice(t *testing.T) {
	t.Parallel()
	client, err := channels.NewClient(channels.APIToken(apiToken), once, channels.WithHTTPClient(&http.Client{
		Transport: pipenet.RoundTrip(func(r *http.Request) (*http.Response, error) {
			trace := httptrace.ContextClientTrace(r.Context())
			trace.GetConn("api.pipedrive.com:443")
			trace.GotConn(httptrace.GotConnInfo{})
			trace.GetConn("api.pipedrive.com:443")
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}),
	}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.ReceiveMessage(t.Context(), message())
	if e := mustError(t, err); e.Outcome != channels.Unknown {
		t.Errorf("got %v (%v)", err, e.Outcome)
	}
}

// What a call was given ends with it: the body is closed, the context done.
func TestACallLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	var body closing
	var ctx context.Context
	client, err := channels.NewClient(channels.APIToken(apiToken), once, channels.WithHTTPClient(&http.Client{
		Transport: pipenet.RoundTrip(func(r *http.Request) (*http.Response, error) {
			ctx, body.Reader = r.Context(), strings.NewReader(messageAnswer)
			return &http.Response{StatusCode: 200, Body: &body}, nil
		}),
	}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = client.ReceiveMessage(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	if !body.closed || ctx.Err() == nil {
		t.Errorf("the body is closed: %v; the context has ended: %v", body.closed, ctx.Err())
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// Many calls at a time keep their connections for the next ones.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	const inFlight = 8 // as many as there may be at first
	var opened atomic.Int32
	var together sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		together.Done()
		together.Wait() // so that each needs a connection of its own
		_, _ = fmt.Fprint(w, `{"success":true}`)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client, err := channels.NewClient(channels.APIToken(apiToken), once, channels.WithBaseURL(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		together.Add(inFlight)
		var calls sync.WaitGroup
		for range inFlight {
			calls.Go(func() {
				if err := client.DeleteChannel(t.Context(), channels.DeleteChannelRequest{ProviderChannelID: "c"}); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
	}
	if got := opened.Load(); got > inFlight*3/2 { // a connection may not be back in time
		t.Errorf("%d connections were opened for %d calls at a time", got, inFlight)
	}
	client.CloseIdleConnections()
}
