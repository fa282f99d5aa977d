// The daily budget: told by a header, or guessed where no answer ever tells it.

package ratelimit

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// With the budget gone one request per interval reaches the server, the interval doubles up
// to an hour, and a success opens the gate. What was only guessed is looked at much sooner.
func TestDailyProbes(t *testing.T) {
	t.Parallel()
	told := []string{headerDailyLeft, "0", headerReset, "2"}
	for _, c := range []struct {
		name    string
		headers []string
		want    []time.Duration
	}{
		{"told", told, []time.Duration{300, 900, 2100, 4500, 8100, 11700, 15300}},
		{"guessed", []string{headerReset, "2"}, []time.Duration{30, 90, 210, 450, 930, 1890, 3810, 7410, 11010, 14610}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := steady(Config{})
				for l.Refused(10) == nil {
					must(t, l).Done(answer(429, c.headers...))
				}
				start := time.Now()
				var at []time.Duration
				for time.Since(start) < 5*time.Hour {
					slot, err := l.Wait(t.Context(), 10)
					if err != nil {
						pass(refusal(t, err, Daily))
						continue
					}
					at = append(at, time.Since(start)/time.Second)
					slot.Done(answer(429, c.headers...))
				}
				if !slices.Equal(at, c.want) {
					t.Fatalf("probes at seconds %d, want %d", at, c.want)
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
		})
	}
}

// The budget that a later answer tells replaces the one before, but a late answer is no later one.
func TestBudgetIsToldAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		late := must(t, l)
		pass(time.Second)
		must(t, l).Done(answer(200, headerDailyLeft, "8"))
		refusal(t, l.Refused(10), Daily)
		late.Done(answer(200, headerDailyLeft, "18"))
		refusal(t, l.Refused(9), Daily)
		cheap, err := l.Wait(t.Context(), 6)
		if err != nil {
			t.Fatal(err)
		}
		cheap.Done(answer(200, headerDailyLeft, "9"))
		if refused := l.Refused(9); refused != nil {
			t.Errorf("nine tokens are left: %v", refused)
		}
		refusal(t, l.Refused(10), Daily)
	})
}

// A call that costs all that is left goes; one token more, and it does not.
func TestDailyBudgetAtItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		must(t, l).Done(answer(200, headerDailyLeft, "26"))
		first, second := must(t, l), must(t, l) // 26 − 10 − 10 = 6
		third, err := l.Wait(t.Context(), 6)
		if err != nil {
			t.Fatal(err)
		}
		first.Done(answer(200, headerDailyLeft, "16"))
		second.Done(answer(200, headerDailyLeft, "6"))
		if l.Refused(6) != nil || l.Refused(7) == nil {
			t.Errorf("six tokens left: %v for 6, %v for 7", l.Refused(6), l.Refused(7))
		}
		third.Done(answer(200, headerDailyCalls, "0"))
		refusal(t, l.Refused(1), Daily)
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
		must(t, l).Done(answer(200, headerDailyLeft, "0"))
		refusal(t, l.Refused(10), Daily)
		pass(firstProbe)
		must(t, l).Done(Answer{Unsent: true})
		for _, a := range []Answer{answer(500), answer(502), {}, answer(408), answer(429, headerRemaining, "0")} {
			must(t, l).Done(a)
			if after := refusal(t, l.Refused(10), Daily); after != firstProbe {
				t.Errorf("after %d: refused for %v, want %v", a.Status, after, firstProbe)
			}
			pass(firstProbe)
		}
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
		lost, err := l.Wait(t.Context(), 6)
		if err != nil {
			t.Fatal(err)
		}
		lost.Done(Answer{}) // no answer tells nothing
		if s := l.State(); s.DailyTokens != 8 {
			t.Errorf("%+v, want 8 tokens", s)
		}
		_, err = l.Wait(t.Context(), 10)
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
