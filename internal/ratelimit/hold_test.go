// What a 429 makes all callers do.

package ratelimit

import (
	"testing"
	"testing/synctest"
	"time"
)

// One 429 holds all callers until the reset it tells, and a little longer.
func TestHold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		headers []string
		want    time.Duration
	}{
		{"reset", []string{headerReset, "3"}, 3*time.Second + Window/8},
		{"retry-after first", []string{headerReset, "3", headerRetryAfter, "1"}, time.Second + time.Second/8},
		{"none told", nil, Window + Window/8},
		{"a date in 1970", []string{headerReset, "1767225600"}, Window + Window/8},
		{"zero", []string{headerReset, "0"}, Window + Window/8},
		{"the longest that is waited for", []string{headerRetryAfter, "10"}, MaxHold + Window/8},
		{"the same as a date, by another clock", []string{headerRetryAfter, "Sun, 01 Mar 2026 08:00:10 GMT", "Date", "Sun, 01 Mar 2026 08:00:00 GMT"}, MaxHold + Window/8},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := steady(Config{Rand: func() float64 { return 0.5 }})
				pass(time.Second)
				must(t, l).Done(answer(429, c.headers...))
				start := time.Now()
				if s, want := l.State(), start.Add(c.want); s.Refusing || !s.HeldUntil.Equal(want) {
					t.Errorf("%+v, want held until %v", s, want)
				}
				if slot := must(t, l); time.Since(start) != c.want || slot.Waited != c.want {
					t.Errorf("waited %v and says %v, want %v", time.Since(start), slot.Waited, c.want)
				}
			})
		})
	}
}

// A limit that lasts longer than anybody should be kept waiting is told instead.
func TestLongHold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		first, second := must(t, l), must(t, l)
		waiting := make(chan error)
		first.Done(answer(429, headerReset, "2"))
		go func() {
			_, err := l.Wait(t.Context(), 10)
			waiting <- err
		}()
		synctest.Wait()
		second.Done(answer(429, headerRetryAfter, "60"))
		if after := refusal(t, <-waiting, Burst); after != time.Minute {
			t.Errorf("retry after %v, want a minute", after)
		}
		refusal(t, l.Refused(10), Burst)
		pass(49 * time.Second)
		refusal(t, l.Refused(10), Burst)
		pass(time.Second)
		start := time.Now()
		must(t, l)
		if time.Since(start) != MaxHold {
			t.Errorf("waited %v, want the last ten seconds", time.Since(start))
		}
		must(t, New(Config{})) // nobody else is held
	})
}

// No word of a server keeps callers out for longer than an hour, and a shorter one does
// not end a longer one.
func TestHoldIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		first, second := must(t, l), must(t, l)
		first.Done(answer(429, headerRetryAfter, "172800"))
		second.Done(answer(429, headerRetryAfter, "1"))
		if after := refusal(t, l.Refused(10), Burst); after != time.Hour {
			t.Errorf("retry after %v, want an hour", after)
		}
	})
}
