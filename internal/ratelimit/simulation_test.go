// A simulated API with a burst limit, and programs that deliver to it, in virtual time.

package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"
)

// habits are what servers do differently.
type habits struct {
	silent     bool // answers do not tell what remains of the limit
	zero       bool // they say that nothing does
	shortReset bool // the reset is when the oldest request leaves the window, in whole seconds, as the emulator has it
}

// server counts as the documentation says: it refuses what would be one request more than the
// limit in any window. It counts what it accepts.
type server struct {
	limit int
	habits

	mu       sync.Mutex
	accepted []time.Time // all of them
	arrived  int
	refused  int
}

func (s *server) receive() (int, http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	used := 0
	for i := len(s.accepted) - 1; i >= 0 && now.Sub(s.accepted[i]) < Window; i-- {
		used++
	}
	s.arrived++
	status := http.StatusOK
	if used >= s.limit {
		status = http.StatusTooManyRequests
		s.refused++
	} else {
		s.accepted = append(s.accepted, now)
		used++
	}
	h := http.Header{headerLimit: {fmt.Sprint(s.limit)}, headerReset: {"2"}}
	switch {
	case s.zero:
		h[headerRemaining] = []string{"0"}
	case !s.silent:
		h[headerRemaining] = []string{fmt.Sprint(s.limit - used)}
	}
	if s.shortReset {
		free := Window - now.Sub(s.accepted[len(s.accepted)-used])
		h[headerReset] = []string{fmt.Sprint(int((free + time.Second - 1) / time.Second))}
	}
	return status, h
}

// program is one that delivers messages, and has a limiter of its own.
type program struct {
	limiter  *Limiter
	messages int
	workers  int

	mu       sync.Mutex
	taken    int
	lost     int
	done     []time.Time
	requests int
}

// deliver runs the programs side by side, and returns when all have delivered.
func deliver(s *server, way latency, programs ...*program) {
	var group sync.WaitGroup
	for _, p := range programs {
		for range p.workers {
			group.Go(func() {
				for p.next() {
					p.send(s, way)
				}
			})
		}
	}
	group.Wait()
}

func (p *program) next() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken++
	return p.taken <= p.messages
}

// send makes at most four attempts at one message.
func (p *program) send(s *server, way latency) {
	for range 4 {
		slot, err := p.limiter.Wait(context.Background(), 10)
		if err != nil {
			break
		}
		pass(way())
		status, h := s.receive()
		pass(way())
		slot.Done(Answer{Status: status, Header: h})
		p.mu.Lock()
		p.requests++
		if status == http.StatusOK {
			p.done = append(p.done, time.Now())
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost++
}

// left is how many messages are still to be begun.
func (p *program) left() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.messages - p.taken
}

// ended is when the last message was accepted.
func (p *program) ended() time.Time { return p.done[len(p.done)-1] }

// latency is how long the next request or answer travels.
type latency func() time.Duration

// between makes latencies that are uniform, and the same in each run.
func between(low, high time.Duration) func() latency {
	return func() latency {
		var mu sync.Mutex
		random := rand.New(rand.NewPCG(1, 2))
		return func() time.Duration {
			mu.Lock()
			defer mu.Unlock()
			return low + time.Duration(random.Int64N(int64(high-low)))
		}
	}
}

// refusal checks that a call was refused for the reason, and returns for how long.
func refusal(t *testing.T, err error, reason Reason) time.Duration {
	t.Helper()
	refused, ok := errors.AsType[*RefusedError](err)
	if !ok || refused.Reason != reason {
		t.Fatalf("error %v, want a refusal: %v", err, reason)
	}
	return refused.RetryAfter
}
