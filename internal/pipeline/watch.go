package pipeline

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// watch sees whether anything of one request may have left: whether a connection was asked
// for, and whether there was one to write to. Only net/http's own transport reports that, so
// silence proves nothing. WroteHeaders comes too late: over HTTP/2 it is reported after the headers
// have left.
type watch struct {
	trace            httptrace.ClientTrace
	asked, connected atomic.Bool
}

// attach returns the context to make the request with. A watch serves one request.
func (w *watch) attach(ctx context.Context) context.Context {
	w.trace.GetConn = func(string) { w.asked.Store(true) }
	w.trace.GotConn = func(httptrace.GotConnInfo) { w.connected.Store(true) }
	return httptrace.WithClientTrace(ctx, &w.trace)
}

// nothingSent reports whether it is proven, given the error of the transport, that nothing of the
// request left.
func (w *watch) nothingSent(err error) bool {
	return !w.connected.Load() && (w.asked.Load() || neverConnected(err))
}

// neverConnected recognizes the errors that come before a request can be written.
func neverConnected(err error) bool {
	var handshake *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dial *net.OpError
	return errors.As(err, &handshake) || errors.As(err, &record) || (errors.As(err, &dial) && dial.Op == "dial")
}
