// What only real sockets do: a refused port, a reset, a connection that went stale.

package faults

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// listening returns a transport whose connections go over TCP to p on a loopback port.
func (p *pipedrive) listening(t *testing.T) *http.Transport {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	connected := make(chan step, 64) // connections that the client has, each with its plan
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if s := <-connected; s.breaks == accepted {
				if s.reset {
					_ = conn.(*net.TCPConn).SetLinger(0)
				}
				_ = conn.Close()
				continue
			}
			go p.serve(conn)
		}
	}()
	var dialer net.Dialer
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		s := p.plan.connects()
		if s.breaks == refused {
			return dialer.DialContext(ctx, network, closed.Addr().String())
		}
		conn, err := dialer.DialContext(ctx, network, listener.Addr().String())
		if err == nil {
			connected <- s // now, lest a reset meets it half connected: that would prove it unsent
		}
		return conn, err
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = listener.Close()
		<-stopped
	})
	return transport
}

// Where an exchange breaks is told apart on real sockets too, with a FIN and with an RST. One attempt shows it.
func TestOverTCP(t *testing.T) {
	t.Parallel()
	for _, f := range broken() {
		if s := f.steps[0]; s.breaks == silent || s.breaks == silentInBody { // which takes time, and is not about sockets
			continue
		}
		for _, reset := range []bool{false, true} {
			for _, op := range operations {
				f.steps[0].reset = reset
				p := &pipedrive{plan: &sequence{steps: f.steps}}
				client := newClient(t, apiToken, channels.WithBaseURL(base), channels.WithRetries(channels.RetryPolicy{Attempts: 1, RepeatAddChannel: op.again}),
					channels.WithHTTPClient(&http.Client{Transport: p.listening(t)}))
				want := channels.Unknown
				if f.is == unsent {
					want = channels.NotSent
				}
				_, err := op.call(t.Context(), client, "one")
				e, ok := errors.AsType[*channels.Error](err)
				if !ok || e.Outcome != want || e.Attempts != 1 {
					t.Errorf("%s, reset %v: %s: %v, want %v", f.name, reset, op.name, err, want)
				}
				if applied := p.appliedTo(op.name, "one"); applied > 0 != f.steps[0].applied {
					t.Errorf("%s, reset %v: %s: applied %d times", f.name, reset, op.name, applied)
				}
			}
		}
	}
}

// With its retries a call gets through what breaks once.
func TestRetriesOverTCP(t *testing.T) {
	t.Parallel()
	for _, breaks := range []point{refused, accepted, requestRead, midBody} {
		for _, op := range operations {
			t.Run(op.name, func(t *testing.T) {
				t.Parallel()
				p := &pipedrive{plan: &sequence{steps: []step{{breaks: breaks, applied: breaks >= requestRead, reset: true}}}}
				client := newClient(t, apiToken, channels.WithBaseURL(base), channels.WithRetries(channels.RetryPolicy{RepeatAddChannel: op.again}),
					channels.WithHTTPClient(&http.Client{Transport: p.listening(t)}))
				_, err := op.call(t.Context(), client, "one")
				e, _ := errors.AsType[*channels.Error](err)
				if mayDouble := op.name == "addChannel" && !op.again && breaks != refused; mayDouble {
					if e == nil || e.Outcome != channels.Unknown || e.Attempts != 1 {
						t.Errorf("breaks at %d: %v, want it unknown after one attempt", breaks, err)
					}
				} else if err != nil {
					t.Errorf("breaks at %d: %v", breaks, err)
				}
			})
		}
	}
}

// A connection that served a call and is gone when the next one is sent on it: net/http
// repeats neither a POST nor a DELETE of which something was written, and no more does the client
// repeat what creates.
func TestStaleConnection(t *testing.T) {
	t.Parallel()
	for _, reset := range []bool{false, true} {
		for _, op := range operations {
			t.Run(op.name, func(t *testing.T) {
				t.Parallel()
				p := &pipedrive{plan: &sequence{steps: []step{{}, {breaks: headersRead, reset: reset}}}}
				transport := p.listening(t)
				dials := 0
				dial := transport.DialContext
				transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					dials++
					return dial(ctx, network, address)
				}
				client := newClient(t, apiToken, channels.WithBaseURL(base), channels.WithRetries(channels.RetryPolicy{Attempts: 1}),
					channels.WithHTTPClient(&http.Client{Transport: transport}))
				if _, err := receive(t.Context(), client, "the first"); err != nil {
					t.Fatal(err)
				}
				_, err := op.call(t.Context(), client, "one")
				if e, ok := errors.AsType[*channels.Error](err); !ok || e.Outcome != channels.Unknown || e.Attempts != 1 {
					t.Errorf("reset %v: %v, want it unknown after one attempt", reset, err)
				}
				if came := len(p.requests()); came != 2 || dials != 1 {
					t.Errorf("reset %v: %d requests came over %d connections, want two over one", reset, came, dials)
				}
			})
		}
	}
}

// A connection that is closed while nobody uses it costs nothing: whether the client sees
// it in time or not, no message is lost and no channel doubled.
func TestConnectionClosedWhenIdle(t *testing.T) {
	t.Parallel()
	for range 5 {
		p := &pipedrive{plan: closing{}, lax: true}
		client := newClient(t, apiToken, channels.WithBaseURL(base), channels.WithHTTPClient(&http.Client{Transport: p.listening(t)}))
		for _, id := range []string{"first", "second", "third"} {
			if _, err := receive(t.Context(), client, id); err != nil || p.appliedTo("receiveMessage", id) == 0 {
				t.Errorf("%s: %v, applied %d times", id, err, p.appliedTo("receiveMessage", id))
			}
			_, err := add(t.Context(), client, id)
			applied := p.appliedTo("addChannel", id)
			if e, ok := errors.AsType[*channels.Error](err); applied > 1 || err == nil && applied != 1 || ok && e.Outcome != channels.Unknown {
				t.Errorf("%s: %v, registered %d times", id, err, applied)
			}
		}
	}
}

// closing is a plan by which every connection is closed after one answer, which does not say so.
type closing struct{}

func (closing) connects() step        { return step{} }
func (closing) answers(*request) step { return step{breaks: afterwards, applied: true} }
