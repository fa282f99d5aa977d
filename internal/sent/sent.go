// Package sent tells of a request without an answer whether any of it can have left.
package sent

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// Watch sees whether anything of one request may have left: whether a connection was asked
// for, and whether there was one to write to. Only net/http's own transport reports that, so
// silence proves nothing. That the headers were written comes too late to go by: over HTTP/2
// it is reported after they have left.
type Watch struct {
	trace            httptrace.ClientTrace
	asked, connected atomic.Bool
}

// Attach returns the context to make the request with. A watch serves one request.
func (w *Watch) Attach(ctx context.Context) context.Context {
	w.trace.GetConn = func(string) { w.asked.Store(true) }
	w.trace.GotConn = func(httptrace.GotConnInfo) { w.connected.Store(true) }
	return httptrace.WithClientTrace(ctx, &w.trace)
}

// Nothing reports whether it is proven that nothing of the request left, given the error
// of the transport.
func (w *Watch) Nothing(err error) bool {
	return !w.connected.Load() && (w.asked.Load() || neverConnected(err))
}

// neverConnected recognises the errors that come before a request can be written.
func neverConnected(err error) bool {
	var handshake *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dial *net.OpError
	return errors.As(err, &handshake) || errors.As(err, &record) || (errors.As(err, &dial) && dial.Op == "dial")
}
