//go:build interop

// The bridge to Node: starts calls.cjs, and records what its clients put on the wire.

package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"sync"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// object is JSON, of either side.
type object = map[string]any

// node is a running calls.cjs.
type node struct {
	t   *testing.T
	in  *json.Encoder
	out *bufio.Scanner
}

func startNode(t *testing.T) *node {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "calls.cjs")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting Node: %v: install Node 18.20 or later", err)
	}
	t.Cleanup(func() { // the test's context has ended it
		_ = cmd.Wait()
		if t.Failed() && stderr.Len() > 0 {
			t.Logf("Node says: %s", &stderr)
		}
	})
	return &node{t: t, in: json.NewEncoder(stdin), out: bufio.NewScanner(stdout)}
}

// call makes one call; exactly one of the results is not nil.
func (n *node) call(client string, settings object, call string, args ...any) (value, thrown object) {
	n.t.Helper()
	if err := n.in.Encode(object{"client": client, "settings": settings, "call": call, "args": args}); err != nil {
		n.t.Fatalf("%s of %s: telling Node: %v", call, client, err)
	}
	if !n.out.Scan() {
		n.t.Fatalf("%s of %s: Node gave no answer: %v", call, client, n.out.Err())
	}
	var answer struct{ Value, Thrown object }
	if err := json.Unmarshal(n.out.Bytes(), &answer); err != nil {
		n.t.Fatalf("%s of %s: Node answered %q: %v", call, client, n.out.Text(), err)
	}
	if (answer.Value == nil) == (answer.Thrown == nil) {
		n.t.Fatalf("%s of %s: Node answered %q, which is neither a value nor an error", call, client, n.out.Text())
	}
	return answer.Value, answer.Thrown
}

// sent is a request as it was on the wire.
type sent struct {
	method, path string // the path as it was escaped, with the query
	header       http.Header
	body         object // nil if there was none
}

// service is an emulator that remembers what it was sent.
type service struct {
	*emulator.Emulator
	url string

	mu       sync.Mutex
	requests []sent
}

func startService(t *testing.T, cfg emulator.Config) *service {
	t.Helper()
	emu, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := &service{Emulator: emu}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("reading %s %s: %v", r.Method, r.URL, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		request := sent{method: r.Method, path: r.URL.RequestURI(), header: r.Header.Clone()}
		if r.Header.Get("Content-Type") == "application/json" {
			if err := json.Unmarshal(body, &request.body); err != nil {
				t.Errorf("%s %s carries no JSON: %v", r.Method, r.URL, err)
			}
		}
		s.mu.Lock()
		s.requests = append(s.requests, request)
		s.mu.Unlock()
		emu.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// last is the request that came last.
func (s *service) last(t *testing.T) sent {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) == 0 {
		t.Fatal("nothing has arrived")
	}
	return s.requests[len(s.requests)-1]
}
