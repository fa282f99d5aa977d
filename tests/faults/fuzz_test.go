// Whatever bytes come back.

package faults

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/internal/pipenet"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// Whatever bytes a server writes before it closes the connection, a call ends, and as a success only if
// they are an answer that says so; its place within the limits is free again.
func FuzzBytesOnTheWire(f *testing.F) {
	for _, a := range []answer{
		{status: 200, body: delivered}, {status: 400, body: envelope("INVALID_BODY")}, {status: 403, body: page}, {status: 204},
		{status: 429, header: "Retry-After: 60\r\nx-ratelimit-limit: 80\r\nx-daily-ratelimit-token-remaining: 0\r\n", body: envelope("")},
		{status: 303, header: "Location: //elsewhere.example\r\n"}, {status: 101, header: "Upgrade: h2c\r\nConnection: upgrade\r\n"},
	} {
		for _, breaks := range []point{whole, halfHeaders, midBody, midBodyOpen, midBodyChunked} {
			if a.body != "" || breaks == whole {
				f.Add([]byte(a.text(breaks)))
			}
		}
	}
	f.Add([]byte("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + answer{status: 200, body: delivered}.text(whole)))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"))
	f.Add([]byte("HTTP/0.9 -1 \x00\r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		transport := &http.Transport{DialContext: pipenet.Dial(func(conn net.Conn) {
			defer func() { _ = conn.Close() }()
			if r, err := readHeaders(bufio.NewReader(conn)); err == nil && r.readBody() == nil {
				_, _ = conn.Write(text)
			}
		})}
		defer transport.CloseIdleConnections()
		client := newClient(t, apiToken, channels.WithBaseURL(base), channels.WithHTTPClient(&http.Client{Transport: transport}),
			channels.WithRetries(channels.RetryPolicy{Attempts: 1}))
		_, err := receive(t.Context(), client, "one")
		e, ok := errors.AsType[*channels.Error](err)
		switch {
		case err == nil && !strings.Contains(string(text), "HTTP/1"):
			t.Errorf("%q is a success", text)
		case err != nil && (!ok || e.Outcome == channels.NotSent || len(err.Error()) > 4<<10):
			t.Errorf("%q: %d bytes of %v", text, len(err.Error()), err)
		}
		if s := client.Limiter().State(); s.InFlight != 0 || s.InFlightLimit < 1 || s.Limit < 1 {
			t.Errorf("%q: %+v", text, s)
		}
	})
}
