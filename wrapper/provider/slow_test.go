// Slow senders, slow apps and callers that leave: in virtual time, over net.Pipe.

package provider_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/internal/pipenet"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// connect serves the inbox on one connection in memory, closed when the test ends.
func connect(t *testing.T, inbox provider.Inbox) net.Conn {
	t.Helper()
	h, logs := newHandler(t, inbox)
	dial := pipenet.Serve(t, h).DialContext
	caller, err := dial(t.Context(), "tcp", "app:80")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = caller.Close()
		<-time.After(time.Minute) // for the server to linger, and for a trickle to notice
		if t.Failed() {
			t.Log(logs)
		}
	})
	return caller
}

// head is the head of a postMessage whose body has the length.
func head(length int, secret string) string {
	return fmt.Sprintf("POST /channels/c/messages HTTP/1.1\r\nHost: app\r\nAuthorization: %s\r\n"+
		"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n", basic(clientID, secret), length)
}

func mustWrite(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

// trickle writes body, n bytes and a pause in turn, until the peer has had enough.
func trickle(conn net.Conn, body string, n int, pause time.Duration) {
	for len(body) > 0 {
		m := min(n, len(body))
		if _, err := io.WriteString(conn, body[:m]); err != nil {
			return
		}
		body = body[m:]
		<-time.After(pause)
	}
}

const formStart = "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"f\"\r\n\r\n"

const formEnd = "\r\n--b\r\nContent-Disposition: form-data; name=\"senderId\"\r\n\r\nshop" +
	"\r\n--b\r\nContent-Disposition: form-data; name=\"conversationId\"\r\n\r\nconversation-17\r\n--b--\r\n"

func TestSlowSenders(t *testing.T) {
	t.Parallel()
	body := formStart + strings.Repeat("x", 400_000) + formEnd
	tests := []struct {
		name        string
		n           int
		pause       time.Duration
		status      int
		least, most time.Duration
	}{
		{"one byte a second", 1, time.Second, 400, 15 * time.Second, 17 * time.Second},
		{"nothing", 0, 0, 400, 15 * time.Second, 15 * time.Second},
		{"a little too slow", 3000, time.Second, 400, 40 * time.Second, 2 * time.Minute},
		{"just fast enough", 5000, time.Second, 200, 75 * time.Second, 90 * time.Second},
		{"in large pieces", 100_000, 14 * time.Second, 200, 42 * time.Second, 70 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, _ := poster()
				conn := connect(t, a)
				start := time.Now()
				mustWrite(t, conn, head(len(body), clientSecret))
				go func() {
					if test.n > 0 {
						trickle(conn, body, test.n, test.pause)
					}
				}()
				res, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				answer, err := io.ReadAll(res.Body)
				if err != nil || test.status == 400 && !strings.Contains(string(answer), "the body came too slowly") {
					t.Errorf("answered %s, %v", answer, err)
				}
				if took := time.Since(start); res.StatusCode != test.status || took < test.least || took > test.most {
					t.Errorf("answered %d after %v, want %d after %v to %v", res.StatusCode, took, test.status, test.least, test.most)
				}
			})
		})
	}
}

// A sender that was fast has no credit for a long silence.
func TestSilenceAfterHaste(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, _ := poster()
		conn := connect(t, a)
		mustWrite(t, conn, head(1<<30, clientSecret)+formStart+strings.Repeat("x", 1<<20))
		start := time.Now()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if took := time.Since(start); res.StatusCode != http.StatusBadRequest || took > 16*time.Second {
			t.Errorf("answered %d after %v", res.StatusCode, took)
		}
	})
}

// A body that is announced to be too long is refused before any of it is awaited.
func TestLongFormAnnounced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn := connect(t, &app{})
		mustWrite(t, conn, head(2<<30+1, clientSecret))
		start := time.Now()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if took := time.Since(start); res.StatusCode != http.StatusBadRequest || took > 0 {
			t.Errorf("answered %d after %v", res.StatusCode, took)
		}
	})
}

// Who is not let in cannot hold the connection by a body that never comes.
func TestStrangerWithoutABody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn := connect(t, &app{})
		start := time.Now()
		mustWrite(t, conn, head(1000, "wrong"))
		answer, err := io.ReadAll(conn)
		if took := time.Since(start); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 401") || took > 2*time.Second {
			t.Errorf("got %q, %v after %v", answer, err, took)
		}
	})
}

// An app may take its time, over a file as over a message: no deadline is for the app.
func TestSlowApp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &ableApp{}
		a.receiveFile = func(_ context.Context, req provider.ReceiveFileRequest) (string, error) {
			buf := make([]byte, 10_000)
			var err error
			for err == nil {
				<-time.After(time.Hour)
				_, err = io.ReadFull(req.Content, buf)
			}
			return "key", nil
		}
		a.postMessage = func(ctx context.Context, _ provider.PostMessageRequest) (string, error) {
			<-time.After(time.Hour)
			return "message-2", ctx.Err()
		}
		conn := connect(t, a)
		body := formStart + strings.Repeat("x", 50_000) + formEnd
		go trickle(conn, head(len(body), clientSecret)+body, len(body), 0)
		start := time.Now()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if took := time.Since(start); res.StatusCode != http.StatusOK || took < 7*time.Hour {
			t.Errorf("answered %d after %v", res.StatusCode, took)
		}
	})
}

// A caller that leaves while the app works ends the app's context.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var cause atomic.Value
		a := &ableApp{}
		a.postMessage = func(ctx context.Context, _ provider.PostMessageRequest) (string, error) {
			<-ctx.Done()
			cause.Store(ctx.Err())
			return "", ctx.Err()
		}
		conn := connect(t, a)
		body := formStart + "blue" + formEnd
		mustWrite(t, conn, head(len(body), clientSecret)+body)
		synctest.Wait()
		_ = conn.Close()
		synctest.Wait()
		if err, _ := cause.Load().(error); !errors.Is(err, context.Canceled) {
			t.Errorf("the app's context ended with %v", err)
		}
		if gone := a.gone(); len(gone) != 1 || gone[0] != "blue" {
			t.Errorf("discarded %q", gone)
		}
	})
}

// A caller that leaves within a file breaks it off for the app as well, and what came
// before is discarded, with a context that still lives.
func TestCallerLeavesWithinAFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Value
		a := &ableApp{}
		a.receiveFile = func(_ context.Context, req provider.ReceiveFileRequest) (string, error) {
			content, err := io.ReadAll(req.Content)
			if err != nil {
				broken.Store(err)
			}
			return string(content), err
		}
		conn := connect(t, a)
		mustWrite(t, conn, head(1000, clientSecret)+formStart+"blue\r\n"+formStart+"re")
		synctest.Wait()
		_ = conn.Close()
		synctest.Wait()
		if err, _ := broken.Load().(error); !errors.Is(err, provider.ErrInvalidBody) {
			t.Errorf("the app read %v", err)
		}
		if gone := a.gone(); len(gone) != 1 || gone[0] != "blue" {
			t.Errorf("discarded %q", gone)
		}
	})
}
