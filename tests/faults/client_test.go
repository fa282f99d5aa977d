// What a client is given: a credential, and somebody to tell.

package faults

import (
	"context"
	"strconv"
	"sync"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

var apiToken = channels.APIToken("token-0")

// callEnd is what an observer is told at the end of a call.
type callEnd struct{ channels.CallEvent }

// watch remembers what it is told.
type watch struct {
	mu       sync.Mutex
	attempts []channels.AttemptEvent
	calls    []channels.CallEvent
}

func (w *watch) observer() channels.Option {
	return channels.WithObserver(channels.Observer{
		AttemptEnds: func(_ context.Context, e channels.AttemptEvent) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.attempts = append(w.attempts, e)
		},
		CallEnds: func(_ context.Context, e channels.CallEvent) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.calls = append(w.calls, e)
		},
	})
}

func (w *watch) last() callEnd {
	w.mu.Lock()
	defer w.mu.Unlock()
	return callEnd{w.calls[len(w.calls)-1]}
}

// renewing is a token source with a new token for each that was refused.
type renewing struct {
	mu      sync.Mutex
	current int
}

func (s *renewing) Token() (*oauth2.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &oauth2.Token{AccessToken: "token-" + strconv.Itoa(s.current)}, nil
}

func (s *renewing) Renew(context.Context, string) (*oauth2.Token, error) {
	s.mu.Lock()
	s.current++
	s.mu.Unlock()
	return s.Token()
}
