package ratelimit

import (
	"testing"
	"testing/synctest"
	"time"
)

func page(key string) Answer { return Answer{Status: 403, NotFromAPI: true, Key: key} }

// A proxy's 403 soon after a 429 is its answer to going on.
func TestBlockedAfterRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		must(t, l).Done(answer(429))
		must(t, l).Done(page("m1"))
		after := refusal(t, l.Refused(10), Blocked)
		if after != firstProbe {
			t.Errorf("retry after %v, want %v", after, firstProbe)
		}
		pass(firstProbe)
		must(t, l).Done(page("m1"))
		after = refusal(t, l.Refused(10), Blocked)
		if after != 2*firstProbe {
			t.Errorf("retry after %v, want %v", after, 2*firstProbe)
		}
		pass(2 * firstProbe)
		must(t, l).Done(answer(200))
		must(t, l)
	})
}

// A page may be about one message, whose text the proxy dislikes. Three messages are no chance.
func TestBlockedByThreeMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		for range 5 {
			must(t, l).Done(page("m1"))
		}
		must(t, l).Done(page("m2"))
		must(t, l).Done(answer(200))
		must(t, l).Done(page("m3"))
		must(t, l).Done(page("m4"))
		if err := l.Refused(10); err != nil {
			t.Fatalf("two messages: %v", err)
		}
		must(t, l).Done(page("m5"))
		refusal(t, l.Refused(10), Blocked)
		if s := l.State(); !s.Refusing || s.Reason != Blocked || time.Until(s.NextProbe) != firstProbe {
			t.Errorf("%+v, want the reason and when it ends", s)
		}
	})
}

// A block lasts as long as the proxy tells.
func TestBlockedAsLongAsTold(t *testing.T) {
	t.Parallel()
	for told, want := range map[string]time.Duration{"20": 20 * time.Second, "86400": time.Hour, "soon": firstProbe} {
		synctest.Test(t, func(t *testing.T) {
			l := steady(Config{})
			must(t, l).Done(answer(429))
			blocked := answer(403, headerRetryAfter, told)
			blocked.NotFromAPI = true
			must(t, l).Done(blocked)
			if after := refusal(t, l.Refused(10), Blocked); after != want {
				t.Errorf("Retry-After: %s: refused for %v, want %v", told, after, want)
			}
		})
	}
}

// A minute is the most between the two.
func TestBlockedAMinuteAfterRefusal(t *testing.T) {
	t.Parallel()
	for after, blocks := range map[time.Duration]bool{time.Minute: true, time.Minute + 1: false} {
		synctest.Test(t, func(t *testing.T) {
			l := steady(Config{})
			must(t, l).Done(answer(429))
			pass(after)
			must(t, l).Done(page("m1"))
			if s := l.State(); s.Refusing != blocks {
				t.Errorf("a page %v after a 429: %+v, want it refusing: %v", after, s, blocks)
			}
		})
	}
}

// An API's own 403 blocks nobody, nor does a page long after the last 429.
func TestNotBlocked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		must(t, l).Done(answer(429))
		must(t, l).Done(answer(403))
		pass(time.Minute)
		must(t, l).Done(page("m1"))
		must(t, l)
	})
}

// What a proxy blocked and an API refuses now is blocked no more, but limited.
func TestBlockedProbeMeetsTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := steady(Config{})
		must(t, l).Done(answer(429))
		must(t, l).Done(page("m1"))
		pass(firstProbe)
		must(t, l).Done(answer(429))
		start := time.Now()
		must(t, l)
		if time.Since(start) != Window {
			t.Errorf("waited %v, want %v", time.Since(start), Window)
		}
	})
}
