// How much gets through Pipedrive's rolling window, in virtual time.

package faults

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// rolling is a plan that counts as Pipedrive does: what would be more than the limit in any two
// seconds is refused, and every answer tells the limit.
type rolling struct {
	limit int

	mu       sync.Mutex
	accepted []time.Time // in the last two seconds
	refused  int
}

func (*rolling) connects() step { return step{} }

func (r *rolling) answers(*request) step {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for len(r.accepted) > 0 && now.Sub(r.accepted[0]) > 2*time.Second {
		r.accepted = r.accepted[1:]
	}
	header := fmt.Sprintf("x-ratelimit-limit: %d\r\nx-ratelimit-remaining: %d\r\nx-ratelimit-reset: 2\r\n", r.limit, max(0, r.limit-len(r.accepted)-1))
	if len(r.accepted) >= r.limit {
		r.refused++
		return step{answer: answer{status: 429, header: header, body: `{"success":false,"error":"request over limit"}`}}
	}
	r.accepted = append(r.accepted, now)
	return step{answer: answer{header: header}}
}

// between returns times on the way, uniform, and the same in each run.
func between(low, high time.Duration) func() time.Duration {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	return func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return low + time.Duration(random.Int64N(int64(high-low)))
	}
}

// A thousand messages against 80 per two seconds. The best that any client could do is to send 80 at
// once, and 80 more whenever two seconds are over.
func TestGoodput(t *testing.T) {
	t.Parallel()
	const messages, limit = 1000, 80
	ideal := 2 * time.Second * ((messages - 1) / limit)
	workers := func(n int) func(*testing.T, *channels.Client, int, int) {
		return func(t *testing.T, c *channels.Client, from, to int) {
			t.Helper()
			var group sync.WaitGroup
			ids := make(chan int)
			for range n {
				group.Go(func() {
					for i := range ids {
						if _, err := receive(t.Context(), c, fmt.Sprintf("message-%d", i)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			for i := from; i < to; i++ {
				ids <- i
			}
			close(ids)
			group.Wait()
		}
	}
	deliver := func(t *testing.T, c *channels.Client, from, to int) {
		t.Helper()
		yielded := 0
		for d := range c.Deliver(t.Context(), some(numbered(to, 200), from)) {
			if d.Err != nil {
				t.Error(d.Err)
			}
			yielded++
		}
		if yielded != to-from {
			t.Errorf("%d were yielded, want %d", yielded, to-from)
		}
	}
	for _, c := range []struct {
		name    string
		limiter channels.LimiterConfig
		clients int
		send    func(t *testing.T, c *channels.Client, from, to int)
		atLeast float64
	}{
		{"50 workers", channels.LimiterConfig{}, 1, workers(50), 0.97},
		{"50 workers, configured for 480", channels.LimiterConfig{Limit: 480}, 1, workers(50), 0.97},
		{"two programs of 25 workers", channels.LimiterConfig{}, 2, workers(25), 0.80},
		{"two programs, configured for 480", channels.LimiterConfig{Limit: 480}, 2, workers(25), 0.80},
		{"Deliver", channels.LimiterConfig{}, 1, deliver, 0.97},
		{"Deliver, configured for 480", channels.LimiterConfig{Limit: 480}, 1, deliver, 0.97},
		{"Deliver in two programs", channels.LimiterConfig{}, 2, deliver, 0.80},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				plan := &rolling{limit: limit}
				p := &pipedrive{plan: plan, travel: between(5*time.Millisecond, 40*time.Millisecond)}
				start := time.Now()
				var group sync.WaitGroup
				for i := range c.clients {
					limiter, err := channels.NewLimiter(c.limiter)
					if err != nil {
						t.Fatal(err)
					}
					client := p.newClient(t, apiToken, channels.WithLimiter(limiter))
					group.Go(func() { c.send(t, client, messages*i/c.clients, messages*(i+1)/c.clients) })
				}
				group.Wait()
				rate := ideal.Seconds() / time.Since(start).Seconds()
				t.Logf("%v of at least %v: %.1f %%, %d × 429", time.Since(start), ideal, 100*rate, plan.refused)
				if rate < c.atLeast || plan.refused != 0 {
					t.Errorf("%.1f %% of the theoretical rate and %d × 429, want at least %.0f %% and none", 100*rate, plan.refused, 100*c.atLeast)
				}
				for i := range messages {
					if n := p.appliedTo("receiveMessage", fmt.Sprintf("message-%d", i)); n != 1 {
						t.Errorf("message %d was applied %d times", i, n)
					}
				}
			})
		})
	}
}
