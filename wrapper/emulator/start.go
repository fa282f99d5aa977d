// An emulator in a test: started, logged and ended with it.

package emulator

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"

	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
)

// TB is what [Start] needs of a test: a *testing.T, *testing.B or *testing.F.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Server is an emulator that [Start] runs on a port of its own.
type Server struct {
	*Emulator
	URL     string // http://127.0.0.1:port
	BaseURL string // URL + "/v1": what a client puts before /channels
}

// Start runs an emulator on a random port of 127.0.0.1 until the test ends. Without a
// [Config].Logger it logs to the test; if the test fails, it prints the tree of exchanges as well. Tests
// may run at the same time, each with its own.
func Start(t TB, cfg Config) *Server {
	t.Helper()
	var e *Emulator
	if l, ok := t.(logger); ok && cfg.Logger == nil {
		log := &testLog{t: l}
		cfg.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
		t.Cleanup(func() { log.end(e) })
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatalf("%v", err)
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("emulator: listening on loopback: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- e.serveUntil(ctx, l, 0) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Fatalf("%v", err)
		}
	})
	url := "http://" + l.Addr().String()
	return &Server{Emulator: e, URL: url, BaseURL: url + apiPrefixes[0]}
}

// Tree is what happened as a person reads it: each exchange with what it caused, the oldest first. It
// holds no secrets.
func (e *Emulator) Tree() string { return exchanges.Print(e.exchanges.Tree(0)) }

// logger is what a test has beyond TB.
type logger interface {
	Logf(format string, args ...any)
	Failed() bool
}

// maxTestLines bounds what one test logs: it is all kept until the test ends.
const maxTestLines = 1000

// testLog is the log of a test, until it ends.
type testLog struct {
	t logger

	mu    sync.Mutex
	lines int
	ended bool
}

// Write logs a line.
func (l *testLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return 0, io.ErrClosedPipe
	}
	switch l.lines++; {
	case l.lines <= maxTestLines:
		l.t.Logf("emulator: %s", strings.TrimSuffix(string(line), "\n"))
	case l.lines == maxTestLines+1:
		l.t.Logf("emulator: further lines are not logged")
	}
	return len(line), nil
}

// end ends the log, with the tree if the test failed.
func (l *testLog) end(e *Emulator) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if e != nil && l.t.Failed() {
		l.t.Logf("what happened at the emulator:\n%s", clipped(e.Tree()))
	}
}

// clipped is the end of a text that is long.
func clipped(text string) string {
	const most = 32 << 10
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("… %d bytes …\n%s", len(text)-most, strings.ToValidUTF8(text[len(text)-most:], ""))
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
