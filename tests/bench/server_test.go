// The answers: from memory, or over loopback. They are ready beforehand, so that what is measured is the
// caller's alone.

package bench

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
)

// memory answers without a network. It reads each request to its end, as a transport
// does, and leaves httptrace alone.
type memory struct{ answer []byte }

func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return nil, err
		}
		if err := req.Body.Close(); err != nil {
			return nil, err
		}
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(m.answer)),
		Body:          io.NopCloser(bytes.NewReader(m.answer)),
		Request:       req,
	}, nil
}

// pooled is a transport that keeps as many connections as the client has requests in flight: net/http keeps
// two by default.
func pooled(t testing.TB) *http.Transport {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// listen answers over TCP until the test ends, and returns its origin. It is no net/http server, whose allocations
// would be counted in the same process and level the figures out; this one makes none.
func listen(t testing.TB, answer []byte) string {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}) // any free port
	if err != nil {
		t.Fatal(err)
	}
	response := append([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(answer))+"\r\n\r\n"), answer...)
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			conns.Go(func() { serve(conn, response) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		conns.Wait() // the callers have closed theirs: cleanups run in reverse
	})
	return "http://" + listener.Addr().String()
}

// serve answers every request on a connection alike.
func serve(conn net.Conn, response []byte) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	for {
		length, err := readHead(r)
		if err != nil {
			return
		}
		if _, err := r.Discard(length); err != nil {
			return
		}
		if _, err := conn.Write(response); err != nil {
			return
		}
	}
}

// readHead reads to the end of a request's head and returns the length of its body.
func readHead(r *bufio.Reader) (length int, err error) {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		name, value, isHeader := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		switch {
		case len(name) == 0:
			return length, nil
		case isHeader && bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
	}
}
