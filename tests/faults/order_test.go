// Calls for one message go out in the order they were made.

package faults

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// update is a message in a later state.
func update(id string, status channels.MessageStatus) channels.ReceiveMessageRequest {
	m := message(id, "conversation")
	m.Status = status
	return m
}

// A retry of `sent` that comes late must not overwrite `read`. Whatever happens to the first, the second
// goes out when it is over.
func TestALateRetryOverwritesNothing(t *testing.T) {
	t.Parallel()
	for _, f := range faults() {
		if f.is != unsent && f.is != lost && f.is != lostApplied && f.is != limited {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			p := &pipedrive{plan: &sequence{steps: append(slices.Clone(f.steps), f.steps[0])}} // twice
			client := p.newClient(t, apiToken)
			var group sync.WaitGroup
			for _, status := range []channels.MessageStatus{channels.StatusSent, channels.StatusDelivered, channels.StatusRead} {
				group.Go(func() {
					if _, err := client.ReceiveMessage(t.Context(), update("one", status)); err != nil {
						t.Errorf("%s: %s: %v", f.name, status, err)
					}
				})
				synctest.Wait()
			}
			group.Wait()
			if got := slices.Compact(slices.Clone(p.history["one"])); !slices.Equal(got, []string{"sent", "delivered", "read"}) {
				t.Errorf("%s: the message became %v", f.name, p.history["one"])
			}
		})
	}
}

// Whoever waits for an earlier call of the same message can give up; others do not wait.
func TestWaitingForTheEarlierCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipedrive{plan: &sequence{steps: []step{{breaks: silent}}}}
		client := p.newClient(t, apiToken)
		var group sync.WaitGroup
		group.Go(func() { _, _ = client.ReceiveMessage(t.Context(), update("one", channels.StatusSent)) })
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.ReceiveMessage(ctx, update("one", channels.StatusRead))
		if e, ok := errors.AsType[*channels.Error](err); !ok || e.Outcome != channels.NotSent || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want it not sent", err)
		}
		start := time.Now()
		if _, err := client.ReceiveMessage(t.Context(), update("another", channels.StatusSent)); err != nil || time.Since(start) != 0 {
			t.Errorf("another message: %v after %v", err, time.Since(start))
		}
		group.Wait()
	})
}

// Who gives up waiting for its turn does not give the turn to the next one.
func TestGivingUpOnATurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipedrive{plan: &sequence{}, travel: func() time.Duration { return 2 * time.Second }}
		client := p.newClient(t, apiToken)
		var group sync.WaitGroup
		for _, gives := range []time.Duration{time.Hour, time.Second, time.Hour} {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), gives)
				defer cancel()
				if _, err := client.ReceiveMessage(ctx, update("one", channels.StatusSent)); (err != nil) != (gives == time.Second) {
					t.Errorf("gives up after %v: %v", gives, err)
				}
			})
			synctest.Wait()
		}
		group.Wait()
		if seen := p.requests(); len(seen) != 2 || seen[1].at.Sub(seen[0].at) < 4*time.Second {
			t.Errorf("requests came at %v and %v, want the second after the answer to the first", seen[0].at, seen[1].at)
		}
	})
}

// panics is a transport that panics once, and then answers.
type panics struct {
	mu   sync.Mutex
	done bool
}

func (p *panics) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done {
		p.done = true
		panic("in the transport")
	}
	return inMemory{}.RoundTrip(r)
}

// A transport that panics takes neither a place within the limits with it nor the message's turn.
func TestAPanicGivesBackWhatItHad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, apiToken, channels.WithHTTPClient(&http.Client{Transport: &panics{}}))
		func() {
			defer func() {
				if got := recover(); got != "in the transport" {
					t.Errorf("recovered %v", got)
				}
			}()
			_, err := receive(t.Context(), client, "one")
			t.Errorf("returned %v", err)
		}()
		if s := client.Limiter().State(); s.InFlight != 0 {
			t.Errorf("%+v, want nothing in flight", s)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := receive(ctx, client, "one"); err != nil {
			t.Errorf("the same message again: %v", err)
		}
	})
}

// Two clients with one limiter keep within it together.
func TestTwoClientsShareALimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		plan := &rolling{limit: 20}
		p := &pipedrive{plan: plan, travel: between(5*time.Millisecond, 40*time.Millisecond)}
		limiter, err := channels.NewLimiter(channels.LimiterConfig{Limit: 20})
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for c := range 2 {
			client := p.newClient(t, apiToken, channels.WithLimiter(limiter))
			for w := range 30 {
				group.Go(func() {
					if _, err := receive(t.Context(), client, fmt.Sprintf("%d-%d", c, w)); err != nil {
						t.Error(err)
					}
				})
			}
		}
		group.Wait()
		if plan.refused != 0 {
			t.Errorf("%d × 429, want none", plan.refused)
		}
	})
}
