package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Both sides run, connected, until the command is ended.
func TestTheLiveDemo(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var screen bytes.Buffer
	opened := make(chan string, 1)
	env := &environment{getenv: vars{}.getenv, stdout: &output{to: &screen}, stderr: &output{to: io.Discard}, browse: func(address string) error {
		opened <- address
		return nil
	}}
	ended := make(chan error, 1)
	go func() { ended <- runLive(ctx, env) }()
	var inbox string
	select {
	case inbox = <-opened:
	case err := <-ended:
		t.Fatal(err)
	}
	phone := regexp.MustCompile(`phone +(http://\S+)`).FindStringSubmatch(screen.String())
	if phone == nil || !strings.Contains(screen.String(), inbox) {
		t.Fatalf("the addresses were not printed:\n%s", screen.String())
	}
	res, err := http.Get(phone[1])
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(page), "Connected to Pipedrive") {
		t.Errorf("the phone is not connected: %d %s %v", res.StatusCode, page, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
