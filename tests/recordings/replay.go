// The other end of the wire: it takes the caller's request, and gives a recorded answer.

package recordings

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/internal/pipenet"
)

// Replayer is a server that keeps what was sent, as it was on the wire but for the boundary of a
// form, and gives one recorded answer to all of it.
type Replayer struct {
	Answer   Response
	Requests []Request // by the end of a call those before it are there
}

// Transport leads to the server by pipes.
func (s *Replayer) Transport() *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		DialContext:       pipenet.Dial(s.Serve),
	}
}

// Serve serves one request, and closes the connection.
func (s *Replayer) Serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	var wire bytes.Buffer
	req, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &wire)))
	if err != nil {
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	_, path, _ := strings.Cut(wire.String(), " ")
	path, _, _ = strings.Cut(path, " ") // the bytes of the request line, not what was made of them
	got := Request{Method: req.Method, Path: path, Header: telling(req.Header), Body: string(body)}
	if _, params, err := mime.ParseMediaType(got.Header.Get("Content-Type")); err == nil && params["boundary"] != "" {
		got.Header.Set("Content-Type", strings.ReplaceAll(got.Header.Get("Content-Type"), params["boundary"], Boundary))
		got.Body = strings.ReplaceAll(got.Body, params["boundary"], Boundary)
	}
	s.Requests = append(s.Requests, got)
	_, _ = io.WriteString(conn, onTheWire(s.Answer))
}

// telling takes out what net/http adds to every request, and what changes with our version.
func telling(h http.Header) http.Header {
	h = h.Clone()
	for _, name := range []string{"User-Agent", "Content-Length", "Accept-Encoding", "Connection"} {
		h.Del(name)
	}
	return h
}

// onTheWire is a recorded answer with the length that it would have had, unless it tells
// a length of its own or ends with the connection.
func onTheWire(r Response) string {
	r.Header = r.Header.Clone()
	if r.Header.Get("Content-Length") == "" && r.Header.Get("Connection") != "close" {
		r.Header.Set("Content-Length", fmt.Sprint(len(r.Body)))
	}
	head, _, _ := strings.Cut(Response{Status: r.Status, Header: r.Header}.String(), "\n\n")
	return strings.ReplaceAll(strings.TrimSpace(head), "\n", "\r\n") + "\r\n\r\n" + r.Body
}

// Unmatched complains if a request is not that of the recording, byte by byte: order of
// keys, spelling of numbers and escapes included. Only in the layout of its body the file
// is free, for the sake of its readers; what is sent has to be compact.
func Unmatched(sent Request, want *Recording, corpus []*Recording) string {
	golden := Compact(want.Request)
	if sent.String() == golden.String() {
		return ""
	}
	near := nearest(sent, want, corpus)
	sent = laidOut(sent)
	return fmt.Sprintf("what was sent is\n\n%s\nwhich is not the request of %s. The nearest recording is %s:\n\n%s",
		sent, want.Name, near.Name, near.Request)
}

// nearest finds the recording whose request shares the most lines with what was sent; among
// equals, the one that was expected.
func nearest(sent Request, want *Recording, corpus []*Recording) *Recording {
	sent = laidOut(sent)
	lines := map[string]bool{}
	for line := range strings.Lines(sent.String()) {
		lines[line] = true
	}
	shared := func(r *Recording) (n int) {
		for line := range strings.Lines(r.Request.String()) {
			if lines[line] {
				n++
			}
		}
		return n
	}
	best, most := want, shared(want)
	for _, r := range corpus {
		if n := shared(r); n > most {
			best, most = r, n
		}
	}
	return best
}
