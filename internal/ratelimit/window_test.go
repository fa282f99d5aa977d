package ratelimit

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// Whatever the limit, the latencies and the demand: no server sees more than its limit in any
// window, and every call gets through.
func TestNeverMoreThanTheLimitInAnyWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(slowStart, 120).Draw(rt, "limit")
		configured := rapid.SampledFrom([]int{0, limit / 2, limit, 480}).Draw(rt, "configured")
		slowest := rapid.IntRange(1, 3000).Draw(rt, "slowest one-way latency in ms")
		delays := rapid.SliceOfN(rapid.IntRange(0, slowest), 1, 60).Draw(rt, "latencies in ms")
		silent := rapid.Bool().Draw(rt, "remaining is not told")
		p := &program{
			messages: rapid.IntRange(1, 400).Draw(rt, "messages"),
			workers:  rapid.IntRange(1, 70).Draw(rt, "workers"),
		}
		var wrong string
		synctest.Test(t, func(*testing.T) { // rapid's own failures must not cross the bubble
			s := &server{limit: limit, habits: habits{silent: silent}}
			p.limiter = New(Config{Limit: configured})
			var mu sync.Mutex
			i := 0
			deliver(s, func() time.Duration {
				mu.Lock()
				defer mu.Unlock()
				i++
				return time.Duration(delays[i%len(delays)]) * time.Millisecond
			}, p)
			if seen := p.limiter.State().Neighbours; s.refused > 0 || p.lost > 0 || len(s.accepted) != p.messages || seen != 0 {
				wrong = fmt.Sprintf("%d refused, %d lost, %d accepted, %d seen of others", s.refused, p.lost, len(s.accepted), seen)
			}
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

// A limiter that sees nobody leaves one slot of the window to a newcomer for some of the time, and uses every
// slot for the rest.
func TestOneSlotIsLeftToANewcomer(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int][2]int{80: {79, 80}, 20: {19, 20}, 19: {19, 19}, 1: {1, 1}} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{limit: limit}
			p := &program{limiter: New(Config{Limit: limit}), messages: 12 * limit, workers: limit}
			fewest, most := limit, 0
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				deliver(s, func() time.Duration { return time.Millisecond }, p)
			}()
			for pass(Window); p.left() > 2*limit; {
				used := 0 // the most within half a window
				for range 100 {
					pass(Window / 200)
					used = max(used, p.limiter.State().InUse)
				}
				fewest, most = min(fewest, used), max(most, used)
			}
			<-ended
			if got := [2]int{fewest, most}; got != want || s.refused > 0 {
				t.Errorf("limit %d: %d slots in use, want %d; %d × 429", limit, got, want, s.refused)
			}
		})
	}
}

// The ring is a queue, whatever is done to it.
func TestRing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var r ring
		var model []time.Duration
		now := time.Duration(0)
		for range rapid.IntRange(1, 200).Draw(rt, "steps") {
			if rapid.IntRange(0, 9).Draw(rt, "push mostly") > 1 {
				now += time.Duration(rapid.IntRange(0, 5).Draw(rt, "later"))
				r.push(now)
				model = append(model, now)
			} else {
				until := now - time.Duration(rapid.IntRange(0, 10).Draw(rt, "ago"))
				r.dropUntil(until)
				for len(model) > 0 && model[0] <= until {
					model = model[1:]
				}
			}
			if r.n != len(model) {
				rt.Fatalf("holds %d, want %d", r.n, len(model))
			}
			if len(model) > 0 && r.first() != model[0] {
				rt.Fatalf("first is %d, want %d", r.first(), model[0])
			}
		}
	})
}

// However many requests it has seen, a limiter keeps no more than the limit's number of times.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{Limit: 400})
		for range 100_000 {
			must(t, l).Done(Answer{Status: 200})
		}
		if size := len(l.window.cooling.times); size > 800 {
			t.Errorf("the ring grew to %d for a limit of 400", size)
		}
	})
}

//nolint:paralleltest // it counts allocations
func TestNoAllocationWhereNobodyWaits(t *testing.T) {
	l := New(Config{Limit: MaxLimit})
	header := answer(200, headerLimit, "1000000", headerDailyLeft, "30000").Header
	allocations := testing.AllocsPerRun(4000, func() {
		slot, err := l.Wait(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		slot.Done(Answer{Status: 200, Header: header, Key: "m1"})
	})
	if allocations != 0 {
		t.Errorf("%.1f allocations for each request", allocations)
	}
}

func BenchmarkLimiter(b *testing.B) {
	header := answer(200, headerLimit, "80", headerDailyLeft, "30000").Header
	l := New(Config{})
	for b.Loop() {
		slot, err := l.Wait(b.Context(), 10)
		if err != nil {
			b.Fatal(err)
		}
		l.window.cooling = ring{times: l.window.cooling.times} // time passes
		slot.Done(Answer{Status: 200, Header: header, Key: "m1"})
	}
}
