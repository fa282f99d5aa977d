package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// server counts as Pipedrive does: it refuses what would be the (limit+1)th accepted
// request within the window, and tells its limit with every answer.
type server struct {
	mu       sync.Mutex
	limit    int
	arrivals []time.Time // of those accepted
	refused  int
	worst    int // the most it saw in one window, refused ones included
	all      []time.Time
}

func (s *server) receive() (int, http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	inWindow := func(times []time.Time) (n int) {
		for i := len(times) - 1; i >= 0 && now.Sub(times[i]) <= Window; i-- {
			n++
		}
		return n
	}
	s.all = append(s.all, now)
	s.worst = max(s.worst, inWindow(s.all))
	h := http.Header{headerLimit: {fmt.Sprint(s.limit)}, headerReset: {"2"}}
	if inWindow(s.arrivals) >= s.limit {
		s.refused++
		return http.StatusTooManyRequests, h
	}
	s.arrivals = append(s.arrivals, now)
	return http.StatusOK, h
}

// deliver sends the messages over the limiters, by so many workers each, and returns how
// long it took in virtual time and how many were refused locally.
func deliver(limiters []*Limiter, s *server, messages, workers int, latency func() time.Duration) (took time.Duration, lost int) {
	start := time.Now()
	var mu sync.Mutex
	var group sync.WaitGroup
	left := messages
	next := func() bool {
		mu.Lock()
		defer mu.Unlock()
		left--
		return left >= 0
	}
	for _, l := range limiters {
		for range workers {
			group.Go(func() {
				for next() {
					if !send(l, s, latency) {
						mu.Lock()
						lost++
						mu.Unlock()
					}
				}
			})
		}
	}
	group.Wait()
	return time.Since(start), lost
}

// send makes four attempts at one message.
func send(l *Limiter, s *server, latency func() time.Duration) bool {
	for range 4 {
		slot, err := l.Wait(context.Background(), 10)
		if err != nil {
			return false
		}
		pass(latency())
		status, h := s.receive()
		pass(latency())
		slot.Done(Answer{Status: status, Header: h})
		if status == http.StatusOK {
			return true
		}
	}
	return false
}

// between returns latencies of one way, uniform, and the same in each run.
func between(low, high time.Duration) func() time.Duration {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	return func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return low + time.Duration(random.Int64N(int64(high-low)))
	}
}

// The figures this package was designed for, against the best any client could do: 80
// requests at once, and again every two seconds.
func TestGoodput(t *testing.T) {
	t.Parallel()
	const messages, limit = 1000, 80
	ideal := Window * ((messages - 1) / limit)
	for _, c := range []struct {
		name      string
		configs   []Config
		low, high time.Duration
		workers   int
		atLeast   float64
	}{
		{"one process", []Config{{}}, 5 * time.Millisecond, 40 * time.Millisecond, 50, 0.97},
		{"configured for 480", []Config{{Limit: 480}}, 5 * time.Millisecond, 40 * time.Millisecond, 50, 0.97},
		{"two processes", []Config{{Share: 2}, {Share: 2}}, 5 * time.Millisecond, 40 * time.Millisecond, 25, 0.95},
		{"two processes configured for 480", []Config{{Share: 2, Limit: 480}, {Share: 2, Limit: 480}}, 5 * time.Millisecond, 40 * time.Millisecond, 25, 0.95},
		{"far away", []Config{{}}, 50 * time.Millisecond, 300 * time.Millisecond, 50, 0.80},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{limit: limit}
				var limiters []*Limiter
				for _, config := range c.configs {
					limiters = append(limiters, New(config))
				}
				took, lost := deliver(limiters, s, messages, c.workers, between(c.low, c.high))
				rate := ideal.Seconds() / took.Seconds()
				t.Logf("%v of at least %v: %.1f %%; %d × 429; %d lost", took, ideal, 100*rate, s.refused, lost)
				if rate < c.atLeast || s.refused != 0 || lost != 0 || len(s.arrivals) != messages {
					t.Errorf("want at least %.0f %%, and nothing refused or lost", 100*c.atLeast)
				}
			})
		})
	}
}

// Somebody else uses the installation too: this limiter cannot know, yet loses nothing.
func TestForeignTraffic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{limit: 80}
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(200 * time.Millisecond):
					s.receive()
				}
			}
		}()
		l := New(Config{})
		took, lost := deliver([]*Limiter{l}, s, 500, 50, between(5*time.Millisecond, 40*time.Millisecond))
		close(stop)
		t.Logf("%v, %d × 429, %d lost", took, s.refused, lost)
		if lost != 0 {
			t.Errorf("%d messages lost", lost)
		}
		if state := l.State(); state.Refusing {
			t.Errorf("refusing: %v", state.Refusing)
		}
	})
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
