// What is guessed of the daily budget where no answer tells it.

package ratelimit

import (
	"testing"
	"testing/synctest"
	"time"
)

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

// What an answer says of the budget outweighs what 429s seem to say.
func TestWhatIsToldIsNotGuessed(t *testing.T) {
	t.Parallel()
	plenty := answer(429, headerDailyLeft, "29000")
	for _, c := range []struct {
		name    string
		answers []Answer
		refuses bool
	}{
		{"nothing is told", []Answer{answer(429), answer(429), answer(429), answer(429)}, true},
		{"plenty is left", []Answer{plenty, plenty, plenty, plenty, plenty}, false},
		{"plenty was left", []Answer{answer(200, headerDailyLeft, "29000"), answer(429), answer(429), answer(429), answer(429), answer(429)}, false},
		{"some requests are left", []Answer{answer(201, headerDailyCalls, "7"), answer(429), answer(429), answer(429), answer(429)}, false},
		{"no requests are left", []Answer{answer(429, headerDailyCalls, "0")}, true},
		{"tokens are left, of requests none", []Answer{answer(429, headerDailyCalls, "0", headerDailyLeft, "10")}, false},
		{"the window is full", []Answer{answer(429, headerRemaining, "0"), answer(429, headerRemaining, "0"), answer(429, headerRemaining, "0"), answer(429, headerRemaining, "0")}, false},
		{"the window is not full", []Answer{answer(429, headerRemaining, "9"), answer(429, headerRemaining, "9"), answer(429, headerRemaining, "9"), answer(429, headerRemaining, "9")}, true},
		{"a success between", []Answer{answer(429), answer(429), answer(429), answer(200), answer(429), answer(429), answer(429)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := steady(Config{})
				for _, a := range c.answers {
					must(t, l).Done(a)
				}
				if s := l.State(); s.Refusing != c.refuses {
					t.Errorf("%+v, want it refusing: %v", s, c.refuses)
				}
			})
		})
	}
}

// Where it was only guessed that the budget is gone, an answer that tells more decides.
func TestGuessGivesWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		probe Answer
		after time.Duration
	}{
		{"good", answer(200), 0},
		{"the budget is told", answer(502, headerDailyLeft, "29000"), 0},
		{"the budget is told by a 429", answer(429, headerDailyLeft, "29000"), 0},
		{"requests are left", answer(429, headerDailyCalls, "3"), 0},
		{"the window is full", answer(429, headerRemaining, "0"), 0},
		{"nothing is told", answer(429), 2 * firstGuess},
		{"nothing at all", Answer{}, firstGuess},
		{"the budget is gone", answer(200, headerDailyLeft, "0"), firstProbe},
		{"the budget is gone, says a 429", answer(429, headerDailyLeft, "0"), firstProbe},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := steady(Config{})
				refuseUntilLatched(t, l)
				pass(firstGuess)
				must(t, l).Done(c.probe)
				if c.after == 0 {
					must(t, l)
				} else if after := refusal(t, l.Refused(10), Daily); after != c.after {
					t.Errorf("refused for %v, want %v", after, c.after)
				}
			})
		})
	}
}

// refuseUntilLatched lets the limiter meet 429s until it refuses, and returns how many.
func refuseUntilLatched(t *testing.T, l *Limiter) int {
	t.Helper()
	for n := range 10 {
		slot, err := l.Wait(t.Context(), 10)
		if err != nil {
			if after := refusal(t, err, Daily); after != firstGuess {
				t.Errorf("refused for %v, want %v", after, firstGuess)
			}
			return n
		}
		slot.Done(answer(429))
	}
	t.Fatal("ten 429s did not stop it")
	return 0
}

// A guess that turned out wrong leaves nothing behind: it takes four 429s again, and what is told later holds.
func TestGuessIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		refuseUntilLatched(t, l)
		pass(firstGuess)
		must(t, l).Done(answer(429, headerRemaining, "0"))
		if n := refuseUntilLatched(t, l); n != 4 {
			t.Errorf("%d requests reached the server before it was guessed again, want 4", n)
		}
		pass(firstGuess)
		must(t, l).Done(answer(200))
		first, second := must(t, l), must(t, l)
		first.Done(answer(200, headerDailyLeft, "0"))
		refusal(t, l.Refused(10), Daily)
		pass(time.Minute)
		second.Done(answer(200, headerDailyLeft, "0"))
		if after := refusal(t, l.Refused(10), Daily); after != firstProbe-time.Minute {
			t.Errorf("refused for %v, want it until the first answer's probe", after)
		}
	})
}
