// Programs of one installation that know nothing of each other.

package ratelimit

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// What several programs reach together, as a mean where runs differ much: the share of the best possible rate,
// the share of requests that were refused, and how fairly they got their part. One alone loses next to nothing.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	near := between(5*time.Millisecond, 40*time.Millisecond)
	far := between(50*time.Millisecond, 300*time.Millisecond)
	type figures struct {
		rate    float64 // at least
		refused float64 // at most
		fair    float64 // at least
		lost    float64 // at most
	}
	aloneNear, aloneFar := figures{0.97, 0, 1, 0}, figures{0.82, 0, 1, 0}
	togetherNear, togetherFar := figures{0.85, 0.01, 0.95, 0}, figures{0.72, 0.04, 0.95, 0}
	blind := figures{0.60, 0.08, 0.85, 0.001}
	for _, c := range []struct {
		name            string
		habits          habits
		latency         func() latency
		programs        []int
		runs            float64
		alone, together figures
	}{
		{"near", habits{}, near, []int{1, 2, 4, 8}, 1, aloneNear, togetherNear},
		{"near, with the emulator's resets", habits{shortReset: true}, near, []int{1, 2, 8}, 1, aloneNear, togetherNear},
		{"near, a server that tells nothing of the window", habits{silent: true}, near, []int{1, 2, 8}, 1, aloneNear, blind},
		{"near, a server that always says nothing remains", habits{zero: true}, near, []int{1, 4}, 1, aloneNear, blind},
		{"far", habits{}, far, []int{1, 2, 4, 8}, 3, aloneFar, togetherFar},
		{"far, with the emulator's resets", habits{shortReset: true}, far, []int{2, 8}, 3, aloneFar, togetherFar},
	} {
		for _, n := range c.programs {
			t.Run(fmt.Sprintf("%s, %d programs", c.name, n), func(t *testing.T) {
				t.Parallel()
				const limit, messages, workers = 80, 1640, 50
				var got figures
				for range int(c.runs) {
					synctest.Test(t, func(*testing.T) {
						s := &server{limit: limit, habits: c.habits}
						programs := make([]*program, n)
						for i := range programs {
							programs[i] = &program{limiter: New(Config{}), messages: messages, workers: workers}
						}
						start := time.Now()
						deliver(s, c.latency(), programs...)
						ideal := Window * time.Duration((n*messages-1)/limit)
						got.rate += ideal.Seconds() / time.Since(start).Seconds() / c.runs
						got.refused += float64(s.refused) / float64(s.arrived) / c.runs
						got.fair += fairness(programs) / c.runs
						for _, p := range programs {
							got.lost += float64(p.lost) / float64(n*messages) / c.runs
						}
					})
				}
				want := c.together
				if n == 1 {
					want = c.alone
				}
				t.Logf("%.1f %% of the rate, %.2f %% × 429, fairness %.3f, %.3f %% lost", 100*got.rate, 100*got.refused, got.fair, 100*got.lost)
				if got.rate < want.rate || got.refused > want.refused || got.fair < want.fair-1e-9 || got.lost > want.lost {
					t.Errorf("want %+v", want)
				}
			})
		}
	}
}

// fairness is Jain's index of what each program had delivered when the first had all of its own:
// 1 if all had the same, 1/n if one had everything.
func fairness(programs []*program) float64 {
	first := programs[0].ended()
	for _, p := range programs {
		if p.ended().Before(first) {
			first = p.ended()
		}
	}
	var sum, squares float64
	for _, p := range programs {
		n := 0.0
		for _, at := range p.done {
			if !at.After(first) {
				n++
			}
		}
		sum += n
		squares += n * n
	}
	return sum * sum / (float64(len(programs)) * squares)
}

// A program with a single message begins beside one that fills the window. It makes four attempts, as
// every call does.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		habits  habits
		latency func() latency
	}{
		{"near", habits{}, between(5*time.Millisecond, 40*time.Millisecond)},
		{"near, with the emulator's resets", habits{shortReset: true}, between(5*time.Millisecond, 40*time.Millisecond)},
		{"far", habits{}, between(50*time.Millisecond, 300*time.Millisecond)},
		{"close by", habits{}, between(0, time.Millisecond)},
		{"close by, with the emulator's resets", habits{shortReset: true}, between(0, time.Millisecond)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, way := &server{limit: 80, habits: c.habits}, c.latency()
				bulk := &program{limiter: New(Config{}), messages: 10_000, workers: 50}
				ended := make(chan struct{})
				go func() {
					deliver(s, way, bulk)
					close(ended)
				}()
				lost, n := 0, 0
				for pass(5 * time.Second); bulk.left() > 500; pass(1700 * time.Millisecond) {
					single := &program{limiter: New(Config{}), messages: 1, workers: 1}
					deliver(s, way, single)
					lost += single.lost
					n++
				}
				<-ended
				if lost+bulk.lost != 0 || n < 50 {
					t.Errorf("of %d single messages %d were lost, and %d of the bulk", n, lost, bulk.lost)
				}
			})
		})
	}
}

// Somebody else uses the installation too, at a pace of its own and without a limiter. What is left is used,
// and little is refused.
func TestForeignTraffic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		every   time.Duration
		atLeast float64 // of what is left
	}{
		{200 * time.Millisecond, 0.80}, // an eighth of the limit
		{50 * time.Millisecond, 0.75},  // half of it
		{31 * time.Millisecond, 0.50},  // four fifths
	} {
		t.Run(c.every.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{limit: 80}
				stop := make(chan struct{})
				foreignRefused := 0
				go func() {
					for {
						select {
						case <-stop:
							return
						case <-time.After(c.every):
							if status, _ := s.receive(); status != 200 {
								foreignRefused++
							}
						}
					}
				}()
				p := &program{limiter: New(Config{}), messages: 1000, workers: 50}
				start := time.Now()
				deliver(s, between(5*time.Millisecond, 40*time.Millisecond)(), p)
				close(stop)
				left := 80 - Window.Seconds()/c.every.Seconds()
				rate := 1000 / (left / Window.Seconds() * time.Since(start).Seconds())
				refused := float64(s.refused-foreignRefused) / float64(p.requests)
				t.Logf("%.1f %% of what is left, %.2f %% × 429, %d of the others refused", 100*rate, 100*refused, foreignRefused)
				if rate < c.atLeast || refused > 0.01 || p.lost != 0 {
					t.Errorf("want at least %.0f %%, at most 1 %% × 429, and none of %d lost", 100*c.atLeast, p.lost)
				}
				if state := p.limiter.State(); state.Refusing || state.Neighbours < int(0.7*(80-left)) || state.Neighbours > int(81-left) {
					t.Errorf("%+v, want it to see about %.0f of others", state, 80-left)
				}
			})
		})
	}
}
