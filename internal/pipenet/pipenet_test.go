package pipenet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/internal/pipenet"
)

// In a test, Serve does all of this but the request.
func Example() {
	l := pipenet.Listen()
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Hello")
	})}
	go func() { _ = server.Serve(l) }()
	defer func() { _ = server.Close() }()

	client := &http.Client{Transport: &http.Transport{DialContext: l.DialContext}}
	fmt.Println(get(context.Background(), client))
	// Output: Hello
}

func get(ctx context.Context, client *http.Client) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://api.example/", nil)
	if err != nil {
		return err.Error()
	}
	resp, err := client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// A server that takes an hour is waited for in no time.
func TestServe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := &http.Client{Transport: pipenet.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			<-time.After(time.Hour)
			_, _ = io.WriteString(w, "at last")
		}))}
		start := time.Now()
		if text := get(t.Context(), client); text != "at last" || time.Since(start) != time.Hour {
			t.Errorf("%q after %v", text, time.Since(start))
		}
	})
}

// A server that breaks off, as no HTTP server does.
func TestDial(t *testing.T) {
	t.Parallel()
	transport := &http.Transport{DialContext: pipenet.Dial(func(conn net.Conn) { _ = conn.Close() })}
	if text := get(t.Context(), &http.Client{Transport: transport}); !strings.HasPrefix(text, `Get "http://api.example/": `) { // the error, in whose words depends on which end notices first
		t.Error(text)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := transport.DialContext(ended, "tcp", "api.example:80"); !errors.Is(err, context.Canceled) {
		t.Errorf("dialed after the end of the context: %v", err)
	}
}

// A listener accepts what is dialed, and closes for all who wait.
func TestListener(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := pipenet.Listen()
		waiting, giveUp := context.WithTimeout(t.Context(), time.Second)
		defer giveUp()
		if _, err := l.DialContext(waiting, "tcp", "api.example:80"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nobody accepts: %v", err)
		}
		errs := make(chan error)
		go func() {
			_, err := l.DialContext(t.Context(), "tcp", "api.example:80")
			errs <- err
		}()
		conn, err := l.Accept()
		if err := errors.Join(err, <-errs); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		go func() {
			_, err := l.Accept()
			errs <- err
		}()
		synctest.Wait()
		if err := errors.Join(l.Close(), l.Close()); err != nil {
			t.Error(err)
		}
		if err := <-errs; !errors.Is(err, net.ErrClosed) {
			t.Errorf("accepted after Close: %v", err)
		}
		if _, err := l.DialContext(t.Context(), "tcp", "api.example:80"); !errors.Is(err, net.ErrClosed) {
			t.Errorf("dialed after Close: %v", err)
		}
	})
}
