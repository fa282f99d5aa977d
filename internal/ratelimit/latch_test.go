package ratelimit

import (
	"testing"
	"testing/synctest"
	"time"
)

// refuseUntilLatched lets the limiter meet 429s until it refuses, and returns how many.
func refuseUntilLatched(t *testing.T, l *Limiter) int {
	t.Helper()
	for n := range 10 {
		slot, err := l.Wait(t.Context(), 10)
		if err != nil {
			refusal(t, err, Daily)
			return n
		}
		slot.Done(answer(429))
	}
	t.Fatal("ten 429s did not stop it")
	return 0
}

// The first 429 may be the burst limit's. Three more, each after a full wait, are not.
func TestDailyByRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		if n := refuseUntilLatched(t, l); n != 4 {
			t.Errorf("%d requests reached the server, want 4", n)
		}
	})
}

// Requests that were in flight together are refused together: that is one sign, not many.
func TestRefusalsOfOneMomentCountOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		var slots []Slot
		for range slowStart {
			slots = append(slots, must(t, l))
		}
		for _, slot := range slots {
			slot.Done(answer(429))
		}
		must(t, l).Done(answer(429))
		must(t, l).Done(answer(200))
		for range 3 {
			must(t, l).Done(answer(429))
		}
		must(t, l)
	})
}

// With the budget gone one request per interval reaches the server, the interval
// doubles up to an hour, and a success opens the gate.
func TestDailyProbes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		refuseUntilLatched(t, l)
		reached, start := 0, time.Now()
		var at []time.Duration
		for time.Since(start) < 5*time.Hour {
			pass(time.Second)
			if slot, err := l.Wait(t.Context(), 10); err == nil {
				reached++
				at = append(at, time.Since(start).Round(time.Minute))
				pass(100 * time.Millisecond)
				slot.Done(answer(429, headerReset, "2"))
			} else {
				refusal(t, err, Daily)
			}
		}
		want := []float64{5, 15, 35, 75, 135, 195, 255}
		if len(at) != len(want) {
			t.Fatalf("probes at %v, want at minutes %v", at, want)
		}
		for i := range want {
			if at[i].Minutes() != want[i] {
				t.Errorf("probe %d after %v, want %v minutes", i, at[i], want[i])
			}
		}
		pass(time.Hour)
		must(t, l).Done(answer(200))
		for range 8 {
			slot := must(t, l)
			slot.Done(answer(200))
		}
		if s := l.State(); s.Refusing {
			t.Errorf("%+v, want it open", s)
		}
	})
}

// Callers that come while a probe is away wait for what it finds.
func TestProbeIsAlone(t *testing.T) {
	t.Parallel()
	daily := func(t *testing.T, l *Limiter) {
		t.Helper()
		must(t, l).Done(answer(200, headerDailyLeft, "0"))
	}
	blocked := func(t *testing.T, l *Limiter) {
		t.Helper()
		for _, key := range []string{"m1", "m2", "m3"} {
			must(t, l).Done(page(key))
		}
	}
	for _, c := range []struct {
		name   string
		reason Reason
		close  func(*testing.T, *Limiter)
		answer Answer
		opens  bool
	}{
		{"daily, good", Daily, daily, answer(200), true},
		{"daily, refused", Daily, daily, answer(429), false},
		{"daily, a page", Daily, daily, page("m1"), false},
		{"blocked, good", Blocked, blocked, answer(200), true},
		{"blocked, a page", Blocked, blocked, page("m4"), false},
		{"blocked, nothing", Blocked, blocked, Answer{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := steady(Config{})
				c.close(t, l)
				refusal(t, l.Refused(10), c.reason)
				pass(firstProbe)
				probe := must(t, l)
				result := make(chan error)
				go func() {
					slot, err := l.Wait(t.Context(), 10)
					if err == nil {
						slot.Done(answer(200))
					}
					result <- err
				}()
				synctest.Wait()
				if s := l.State(); s.InFlight != 1 || s.Waiting != 1 || !s.Refusing || s.Reason != c.reason {
					t.Fatalf("%+v, want one away and one waiting", s)
				}
				probe.Done(c.answer)
				if err := <-result; !c.opens {
					refusal(t, err, c.reason)
				} else if err != nil {
					t.Errorf("after a good probe: %v", err)
				}
			})
		})
	}
}

// A probe that tells nothing waits its turn again; one that never left does not.
func TestUndecidedProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		refuseUntilLatched(t, l)
		pass(firstProbe)
		must(t, l).Done(Answer{Unsent: true})
		must(t, l).Done(answer(502))
		refusal(t, l.Refused(10), Daily)
		pass(firstProbe)
		must(t, l).Done(Answer{})
		refusal(t, l.Refused(10), Daily)
		pass(firstProbe)
		must(t, l).Done(answer(200))
		must(t, l)
	})
}

// The header tells beforehand: a call that costs more than is left stays here, a cheaper one goes.
func TestDailyByHeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		must(t, l).Done(answer(200, headerDailyLeft, "8"))
		if s := l.State(); s.DailyTokens != 8 {
			t.Errorf("%+v, want 8 tokens", s)
		}
		_, err := l.Wait(t.Context(), 10)
		if after := refusal(t, err, Daily); after != firstProbe {
			t.Errorf("retry after %v, want %v", after, firstProbe)
		}
		slot, err := l.Wait(t.Context(), 6)
		if err != nil {
			t.Fatalf("six of eight tokens: %v", err)
		}
		slot.Done(answer(200, headerDailyLeft, "2"))
		_, err = l.Wait(t.Context(), 6)
		refusal(t, err, Daily)
		pass(firstProbe)
		must(t, l).Done(answer(200, headerDailyLeft, "30000"))
		must(t, l)
	})
}

// The last tokens are not promised twice: who might be one too many waits for the answers.
func TestLastTokensAreSpentOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		must(t, l).Done(answer(200, headerDailyLeft, "25"))
		first, second := must(t, l), must(t, l)
		third := make(chan error)
		go func() {
			_, err := l.Wait(t.Context(), 10)
			third <- err
		}()
		synctest.Wait()
		first.Done(answer(200, headerDailyLeft, "15"))
		synctest.Wait()
		if l.State().Waiting != 1 {
			t.Fatalf("%+v, want the third to wait", l.State())
		}
		second.Done(answer(200, headerDailyLeft, "5"))
		refusal(t, <-third, Daily)
	})
}

// A 429 whose header says that nothing is left needs no three.
func TestDailyByRefusalWithHeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		must(t, l).Done(answer(429, headerDailyLeft, "0"))
		refusal(t, l.Refused(10), Daily)
		pass(firstProbe)
		must(t, l).Done(answer(429, headerDailyLeft, "0"))
		if after := refusal(t, l.Refused(10), Daily); after != 2*firstProbe {
			t.Errorf("retry after %v, want %v", after, 2*firstProbe)
		}
	})
}
