package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// screen is a stdout whose first line a test waits for.
type screen struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{}
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		select {
		case s.wrote <- struct{}{}:
		default:
		}
	}()
	return s.text.Write(p)
}

func TestRun(t *testing.T) {
	t.Parallel()
	env := map[string]string{"PIPEDRIVE_CLIENT_ID": "id", "PIPEDRIVE_CLIENT_SECRET": "secret-of-the-app", "PIPEDRIVE_OAUTH_URL": "http://127.0.0.1:2"}
	out := &screen{wrote: make(chan struct{}, 1)}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--addr", "127.0.0.1:0"}, func(name string) string { return env[name] }, out, io.Discard)
	}()
	select {
	case <-out.wrote:
	case err := <-ended:
		t.Fatal(err)
	}
	address, _, _ := strings.Cut(strings.TrimPrefix(out.text.String(), "The customer's phone:  "), "\n")
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if page, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(page), "A customer’s phone") || strings.Contains(out.text.String(), env["PIPEDRIVE_CLIENT_SECRET"]) {
		t.Errorf("%s answered %d %s %v", address, res.StatusCode, page, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{nil, nil, "set PIPEDRIVE_CLIENT_ID and PIPEDRIVE_CLIENT_SECRET"},
		{[]string{"--no-such-flag"}, nil, "flag provided but not defined"},
		{[]string{"--addr", "nowhere"}, map[string]string{"PIPEDRIVE_CLIENT_ID": "id", "PIPEDRIVE_CLIENT_SECRET": "x"}, "nowhere"},
		{[]string{"--addr", "127.0.0.1:0", "--url", "http://messenger.example"}, map[string]string{"PIPEDRIVE_CLIENT_ID": "id", "PIPEDRIVE_CLIENT_SECRET": "x"}, "https"},
	} {
		err := run(t.Context(), test.args, func(name string) string { return test.env[name] }, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want an error that says %q", test.args, err, test.want)
		}
	}
}
