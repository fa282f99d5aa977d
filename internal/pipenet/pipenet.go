// Package pipenet is the network of the tests: connections in memory, by net.Pipe. Unlike sockets they work in a
// bubble of testing/synctest, where time stands still while a goroutine waits for the system.
//
//   - [Dial] leads to a function that has the other end of each connection, for what no HTTP server does.
//   - [Serve] leads to an [http.Handler].
//   - [RoundTrip] is a transport without any connection.
package pipenet

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// RoundTrip is an [http.RoundTripper] that is a function.
type RoundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f RoundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Dial returns a DialContext for an [http.Transport]. Whatever is dialed, serve gets the other end of the new
// connection in a goroutine of its own; it closes it when it likes.
func Dial(serve func(net.Conn)) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		near, far := net.Pipe()
		go serve(far)
		return near, nil
	}
}

// Serve serves h until the test ends, and returns a transport to it, whatever the host.
func Serve(t testing.TB, h http.Handler) *http.Transport {
	t.Helper()
	l := Listen()
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l)
	}()
	transport := &http.Transport{DialContext: l.DialContext}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-ended
	})
	return transport
}

// Listener is a [net.Listener] that is reached by its own DialContext and in no other way.
type Listener struct {
	conns  chan net.Conn
	closed chan struct{}
	close  func()
}

// Listen returns a listener.
func Listen() *Listener {
	l := &Listener{conns: make(chan net.Conn), closed: make(chan struct{})}
	l.close = sync.OnceFunc(func() { close(l.closed) })
	return l
}

// DialContext connects when the listener accepts. It fails when that is closed, or ctx ends.
func (l *Listener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for a connection, or for Close.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and DialContext, also those under way. Connections stay open.
func (l *Listener) Close() error { l.close(); return nil }

// Addr is a loopback address that nothing listens on.
func (*Listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
