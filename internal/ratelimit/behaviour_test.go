package ratelimit

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// steady returns a limiter without jitter, unless the configuration has some.
func steady(c Config) *Limiter {
	if c.Rand == nil {
		c.Rand = func() float64 { return 0 }
	}
	return New(c)
}

// pass lets virtual time pass.
func pass(d time.Duration) { <-time.After(d) }

func must(t *testing.T, l *Limiter) Slot {
	t.Helper()
	slot, err := l.Wait(t.Context(), 10)
	if err != nil {
		t.Fatalf("Wait: %v", err)
	}
	return slot
}

func answer(status int, headers ...string) Answer {
	a := Answer{Status: status, Header: http.Header{}}
	for i := 0; i < len(headers); i += 2 {
		a.Header.Set(headers[i], headers[i+1])
	}
	return a
}

func TestSlowStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		var slots []Slot
		for range slowStart {
			slots = append(slots, must(t, l))
		}
		go func() { _, _ = l.Wait(t.Context(), 10) }() // one too many
		synctest.Wait()
		if s := l.State(); s.Waiting != 1 || s.InFlight != slowStart {
			t.Fatalf("%+v, want %d in flight and one waiting", s, slowStart)
		}
		slots[0].Done(answer(200))
		synctest.Wait()
		if s := l.State(); s.Waiting != 0 || s.InFlightLimit != slowStart+1 {
			t.Fatalf("%+v, want none waiting and a limit that grew", s)
		}
		slots[1].Done(answer(429))
		if s := l.State(); s.InFlightLimit != 1 {
			t.Fatalf("%+v, want one in flight after a 429", s)
		}
		for range 100 {
			slots[2].Done(answer(200))
			l.window.inFlight++
		}
		if s := l.State(); s.InFlightLimit != maxInFlight {
			t.Fatalf("%+v, want at most %d in flight", s, maxInFlight)
		}
	})
}

func TestLimitIsLearnt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{Limit: 480})
		for _, c := range []struct {
			header string
			want   int
		}{
			{"80", 80}, {" 400 ", 400}, {"0", 400}, {"-5", 400}, {"8e1", 400}, {"", 400},
			{"99999999999999999999", 400}, {"2000000000", MaxLimit}, {"1", 1},
		} {
			must(t, l).Done(answer(200, headerLimit, c.header))
			if got := l.State().Limit; got != c.want {
				t.Errorf("after %q: a limit of %d, want %d", c.header, got, c.want)
			}
			pass(Window + guard)
		}
	})
}

// A limit that shrinks while many slots are in use is kept from then on.
func TestLimitShrinks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{Limit: 8})
		var slots []Slot
		for range 8 {
			slots = append(slots, must(t, l))
		}
		for _, s := range slots {
			s.Done(answer(200, headerLimit, "2"))
			pass(100 * time.Millisecond)
		}
		start := time.Now()
		must(t, l)
		// Slots 1 to 7 have to be free again; the seventh was answered 200 ms ago.
		if waited := time.Since(start); waited != Window+guard-200*time.Millisecond {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestUnsentFreesItsSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{Limit: 1})
		start := time.Now()
		must(t, l).Done(Answer{Unsent: true})
		must(t, l).Done(Answer{}) // sent, and no answer: the server may have counted it
		must(t, l).Done(answer(200))
		if waited := time.Since(start); waited != Window+guard {
			t.Errorf("three calls took %v, want one window", waited)
		}
	})
}

func TestFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{Limit: 1})
		order := make(chan int, 10)
		cancelled, cancel := context.WithCancel(t.Context())
		for i := range 10 {
			go func() {
				ctx := t.Context()
				if i == 4 {
					ctx = cancelled
				}
				slot, err := l.Wait(ctx, 10)
				if err != nil {
					order <- -1
					return
				}
				order <- i
				slot.Done(answer(200))
			}()
			synctest.Wait()
		}
		cancel()
		for _, want := range []int{0, -1, 1, 2, 3, 5, 6, 7, 8, 9} {
			if got := <-order; got != want {
				t.Errorf("served %d, want %d", got, want)
			}
		}
	})
}

// A caller that gives up in the moment it is served leaves its slot to the next in line.
func TestCancelledWhenServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{Limit: 1})
		w := &waiter{cost: 10, ready: make(chan struct{})}
		place := l.queue.PushBack(w)
		l.serve()
		next := make(chan Slot)
		go func() { next <- must(t, l) }()
		synctest.Wait()
		if s := l.State(); s.InFlight != 1 || s.Waiting != 1 {
			t.Fatalf("%+v, want one served and one waiting", s)
		}
		start := time.Now()
		l.leave(place, w)
		slot := <-next
		if time.Since(start) != 0 || l.daily.pending != 10 {
			t.Errorf("the next one waited %v, and %d tokens are pending", time.Since(start), l.daily.pending)
		}
		slot.Done(Answer{Unsent: true})
		if s := l.State(); s.InFlight != 0 || s.InUse != 0 || l.daily.pending != 0 {
			t.Errorf("%+v, want all free", s)
		}
	})
}

// When the first in line gives up, the one behind it may be able to go.
func TestLeavingServesTheLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		must(t, l).Done(answer(200, headerDailyLeft, "16"))
		must(t, l)
		dear, giveUp := context.WithCancel(t.Context())
		go func() { _, _ = l.Wait(dear, 10) }() // six may be left: not enough
		synctest.Wait()
		go func() { _, _ = l.Wait(t.Context(), 6) }()
		synctest.Wait()
		giveUp()
		synctest.Wait()
		if s := l.State(); s.Waiting != 0 || s.InFlight != 2 {
			t.Errorf("%+v, want the cheap call sent", s)
		}
	})
}

// A call that could go at once does not pass one that cannot.
func TestNobodyPasses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		must(t, l).Done(answer(200, headerDailyLeft, "16"))
		away := must(t, l)
		go func() { _, _ = l.Wait(t.Context(), 10) }() // six may be left: not enough
		synctest.Wait()
		go func() { _, _ = l.Wait(t.Context(), 6) }()
		synctest.Wait()
		if s := l.State(); s.Waiting != 2 {
			t.Errorf("%+v, want both to wait", s)
		}
		away.Done(answer(200, headerDailyLeft, "30000"))
		synctest.Wait()
		if s := l.State(); s.Waiting != 0 || s.InFlight != 2 {
			t.Errorf("%+v, want both to go", s)
		}
	})
}

func TestContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{Limit: 1})
		must(t, l)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		pass(time.Minute)
		start := time.Now()
		if slot, err := l.Wait(ctx, 10); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 59*time.Minute || slot.Waited != 59*time.Minute {
			t.Errorf("%v after %v, which says %v; want the deadline after 59 minutes", err, time.Since(start), slot.Waited)
		}
		if _, err := l.Wait(ctx, 10); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the deadline at once", err)
		}
	})
}
