// Check 2: the client makes the request of each recording, byte by byte, and turns its
// answer into the result that was written down by hand.
package contract

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/tests/recordings"
)

func TestClientReplaysTheRecordings(t *testing.T) {
	t.Parallel()
	for _, r := range corpus(t) {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			call, asked := r.Call, r
			if call == "" {
				// The client does not make such a request, so one that it makes gets its answer.
				asked = named(t, r.Operation+"-200")
				call = asked.Call
			}
			replay := &replayer{answer: r.Response}
			client, err := clientFor(asked, "http://127.0.0.1", replay.transport())
			if err != nil {
				t.Fatal(err)
			}
			got, err := play(t.Context(), client, call)
			if err != nil {
				t.Fatal(err)
			}
			if len(replay.requests) != 1 {
				t.Fatalf("the client made %d requests, want 1", len(replay.requests))
			}
			if complaint := unmatched(replay.requests[0], asked, corpus(t)); complaint != "" {
				t.Error(complaint)
			}
			if got != r.Result {
				t.Errorf("the client returned\n%s\n\nand should have returned\n%s", got, r.Result)
			}
		})
	}
}

// replayer is a server at the other end of a pipe. It keeps what was sent, as it was on the
// wire, and gives one recorded answer to all of it.
type replayer struct {
	answer   recordings.Response
	requests []recordings.Request
}

func (s *replayer) transport() *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go s.serve(far)
			return near, nil
		},
	}
}

func (s *replayer) serve(conn net.Conn) {
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
	s.requests = append(s.requests, recordings.Request{
		Method: req.Method, Path: path, Header: telling(req.Header), Body: string(body),
	})
	_, _ = io.WriteString(conn, onTheWire(s.answer))
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
func onTheWire(r recordings.Response) string {
	r.Header = r.Header.Clone()
	if r.Header.Get("Content-Length") == "" && r.Header.Get("Connection") != "close" {
		r.Header.Set("Content-Length", fmt.Sprint(len(r.Body)))
	}
	head, _, _ := strings.Cut(recordings.Response{Status: r.Status, Header: r.Header}.String(), "\n\n")
	return strings.ReplaceAll(strings.TrimSpace(head), "\n", "\r\n") + "\r\n\r\n" + r.Body
}

// unmatched complains if a request is not that of the recording, byte by byte: order of
// keys, spelling of numbers and escapes included. Only in the layout of its body the file
// is free, for the sake of its readers; what is sent has to be compact.
func unmatched(sent recordings.Request, want *recordings.Recording, corpus []*recordings.Recording) string {
	golden := compact(want.Request)
	if sent.String() == golden.String() {
		return ""
	}
	near := nearest(sent, want, corpus)
	sent.Body = indent(sent.Body)
	return fmt.Sprintf("the client sent\n\n%s\nwhich is not the request of %s. The nearest recording is %s:\n\n%s",
		sent, want.Name, near.Name, near.Request)
}

func compact(r recordings.Request) recordings.Request {
	var b bytes.Buffer
	if json.Compact(&b, []byte(r.Body)) == nil {
		r.Body = b.String()
	}
	return r
}

// nearest finds the recording whose request shares the most lines with what was sent; among
// equals, the one that was expected.
func nearest(sent recordings.Request, want *recordings.Recording, corpus []*recordings.Recording) *recordings.Recording {
	sent.Body = indent(sent.Body)
	lines := map[string]bool{}
	for line := range strings.Lines(sent.String()) {
		lines[line] = true
	}
	shared := func(r *recordings.Recording) (n int) {
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

func TestUnmatchedRequestIsShownBesideTheNearestRecording(t *testing.T) {
	t.Parallel()
	want := named(t, "addChannel-200")
	sent := compact(want.Request)
	if complaint := unmatched(sent, want, corpus(t)); complaint != "" {
		t.Fatalf("the recorded request does not match itself: %s", complaint)
	}
	for name, change := range map[string]func(r *recordings.Request){
		"method":     func(r *recordings.Request) { r.Method = "PUT" },
		"path":       func(r *recordings.Request) { r.Path += "/" },
		"header":     func(r *recordings.Request) { r.Header.Set("X-Api-Token", "API_TOKEN") },
		"value":      func(r *recordings.Request) { r.Body = strings.Replace(r.Body, "Support", "Sales", 1) },
		"whitespace": func(r *recordings.Request) { r.Body += "\n" },
		"key order":  func(r *recordings.Request) { r.Body = `{"name":1,"avatar_url":2}` },
	} {
		changed := sent
		changed.Header = sent.Header.Clone()
		change(&changed)
		complaint := unmatched(changed, want, corpus(t))
		shown := changed
		shown.Body = indent(shown.Body)
		if !strings.Contains(complaint, shown.String()) || !strings.Contains(complaint, "not the request of addChannel-200") {
			t.Errorf("a request with another %s is complained about by %q", name, complaint)
		}
	}
	// A request that belongs to another recording altogether is shown beside that one.
	other := named(t, "deleteConversation-404")
	if complaint := unmatched(other.Request, want, corpus(t)); !strings.Contains(complaint, "/conversations/conversation-17 HTTP/1.1\n") ||
		!strings.Contains(complaint, "The nearest recording is deleteConversation-") {
		t.Errorf("the complaint does not name the nearest recording: %s", complaint)
	}
}
