// The emulator on a listener: for the command and for tests, bounded and ended in order.

package emulator

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Serve answers what comes in on l, until ctx ends. It then lets requests under way finish
// within a second, and uninstall calls within five, closes the emulator as [Emulator.Close] does,
// and returns nil. It always closes l. A listener that is not on loopback opens the emulator to
// the network: the choice is the caller's.
func (e *Emulator) Serve(ctx context.Context, l net.Listener) error {
	return e.serveUntil(ctx, l, time.Second)
}

// serveUntil is Serve with a grace of its own. A connection that was opened and never used
// takes all of it, and clients leave such behind.
func (e *Emulator) serveUntil(ctx context.Context, l net.Listener, grace time.Duration) error {
	defer e.Close()
	if address, ok := l.Addr().(*net.TCPAddr); ok {
		e.exposed.Store(!address.IP.IsLoopback())
		reached := *address
		if reached.IP.IsUnspecified() {
			reached.IP = net.IPv4(127, 0, 0, 1)
		}
		e.address.Store(reached.String())
	}
	server := e.server()
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("emulator: serving on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if server.Shutdown(last) != nil {
		_ = server.Close() // whoever was still talking has had time
	}
	e.uninstalls.Wait()
	<-served //nolint:errcheck // it says that the server was closed, which is no news
	return nil
}

// server is bounded in all that a client could draw out.
func (e *Emulator) server() *http.Server {
	return &http.Server{
		Handler:           e,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(e.cfg.Logger.Handler(), slog.LevelWarn),
	}
}
