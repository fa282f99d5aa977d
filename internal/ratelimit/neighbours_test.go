// What one limiter sees of others, and makes of it.

package ratelimit

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// What was seen of others is remembered for a window or two, and after a 429 for that long beyond the hold.
func TestNeighboursAreRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		for _, step := range []struct {
			pass   time.Duration // after the hold
			answer Answer
			want   int
		}{
			{0, answer(200, headerRemaining, "69"), 10},
			{1900 * time.Millisecond, answer(200, headerRemaining, "79"), 10},
			{0, answer(429, headerRemaining, "0"), 77}, // three may be our own
			{0, answer(200, headerRemaining, "79"), 77},
			{Window - 1, answer(200, headerRemaining, "79"), 77},
			{1, answer(200, headerRemaining, "79"), 77},
			{Window - 1, answer(200, headerRemaining, "79"), 77},
			{1, answer(200, headerRemaining, "60"), 18}, // the last two are ours
			{Window, answer(200, headerRemaining, "70"), 18},
			{Window, answer(200, headerRemaining, "79"), 8}, // the one before is held a little longer than the window
			{Window, answer(200), 8},                        // tells nothing
			{0, answer(200, headerRemaining, "80"), 0},
		} {
			pass(step.pass)
			slot := must(t, l)
			slot.Done(step.answer)
			if s := l.State(); s.Neighbours != step.want {
				t.Errorf("%+v: %d neighbours, want %d", step, s.Neighbours, step.want)
			}
		}
	})
}

// A 429 that says nothing of the window is one too: of a server that else tells, it means that nothing remains; of
// another, that others use what this limiter did not, which is forgotten little by little.
func TestNeighboursBySilentRefusal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		before, refusal Answer
		want, later     int // at once, and ten windows later
	}{
		{"tells", answer(200, headerRemaining, "79"), answer(429), 78, 78},
		{"never tells", answer(200), answer(429), 79, 59},
		{"always tells zero", answer(200, headerRemaining, "0"), answer(429, headerRemaining, "0"), 79, 59},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := steady(Config{})
				must(t, l).Done(c.before)
				if s := l.State(); s.Neighbours != 0 {
					t.Errorf("%+v, want it to see nobody", s)
				}
				must(t, l).Done(c.refusal)
				if s := l.State(); s.Neighbours != c.want {
					t.Errorf("%d neighbours after the 429, want %d", s.Neighbours, c.want)
				}
				pass(10 * Window)
				if s := l.State(); s.Neighbours != c.later {
					t.Errorf("%d neighbours ten windows later, want %d", s.Neighbours, c.later)
				}
			})
		})
	}
}

// Beside others a limiter takes nine tenths of what they leave, less twice what is in flight, and spreads the
// second half over the window.
func TestShareBesideOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		start, sent := time.Now(), 0
		send := func() {
			slot := must(t, l)
			sent++
			slot.Done(answer(200, headerRemaining, strconv.Itoa(80-40-sent))) // others use 40
		}
		const slots = 36
		for range slots / 2 {
			send()
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("half of the share took %v, want it at once", waited)
		}
		for sent < slots {
			before := time.Now()
			send()
			if waited := time.Since(before); waited != Window/slots {
				t.Errorf("request %d waited %v, want %v", sent, waited, Window/slots)
			}
		}
		// A window later the first half is free again.
		pass(Window / 2)
		must(t, l)
		if s := l.State(); s.Neighbours != 40 || s.InUse != slots/2+1 {
			t.Errorf("%+v, want 40 neighbours, and the second half in use", s)
		}
	})
}
