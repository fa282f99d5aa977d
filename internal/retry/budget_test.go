package retry

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// In an outage the retries of all calls together are few.
func TestOutage(t *testing.T) {
	t.Parallel()
	for _, result := range []attempt{{Outcome: NotSent}, {Outcome: Unknown, Status: 502}} {
		p := policy()
		const calls = 1000
		attempts := 0
		for range calls {
			call := p.Begin(upsert)
			waits(&call, result)
			attempts += call.Attempts
		}
		if attempts != calls+20 {
			t.Errorf("%d attempts at %d calls, want 20 more than calls", attempts, calls)
		}
		// And it ends: answers fill the budget again.
		for range 2 * budgetFull {
			call := p.Begin(upsert)
			next(&call, accepted)
		}
		if p.Budget.tokens != budgetFull {
			t.Errorf("%d tokens after the outage, want %d", p.Budget.tokens, budgetFull)
		}
	}
}

// With a fifth of the attempts failing, the budget is not what calls fail by.
func TestFaultsWithinTheBudget(t *testing.T) {
	t.Parallel()
	p := policy()
	random := rand.New(rand.NewPCG(5, 6))
	const calls, workers = 10_000, 50
	failed := 0
	var open []*Call // fifty at a time, so that their retries are paid together
	for begun := 0; begun < calls || len(open) > 0; {
		for len(open) < workers && begun < calls {
			call := p.Begin(upsert)
			open = append(open, &call)
			begun++
		}
		i := random.IntN(len(open))
		result := accepted
		if random.IntN(5) == 0 {
			result = attempt{Outcome: Unknown}
		}
		switch d := next(open[i], result); d.Action {
		case Fail:
			failed++
			if d.Reason != "no attempts left" {
				t.Errorf("failed, since %s", d.Reason)
			}
			fallthrough
		case Done:
			open[i] = open[len(open)-1]
			open = open[:len(open)-1]
		default:
		}
	}
	if failed > calls*5/1000 { // 0.2⁴ = 0.16 %
		t.Errorf("%d of %d failed", failed, calls)
	}
}

// Whatever happens: a call ends, in time and attempts, and nothing is created twice.
func TestInvariants(t *testing.T) {
	t.Parallel()
	result := rapid.Custom(func(t *rapid.T) attempt {
		return attempt{
			Outcome:    rapid.SampledFrom([]Outcome{NotSent, Unknown, Rejected, Accepted}).Draw(t, "outcome"),
			Status:     rapid.SampledFrom([]int{0, 200, 302, 400, 401, 404, 409, 429, 500, 503}).Draw(t, "status"),
			Code:       rapid.SampledFrom([]string{"", "NOT_FOUND", "CHANNEL_ALREADY_EXISTS"}).Draw(t, "code"),
			RetryAfter: time.Duration(rapid.IntRange(0, 20).Draw(t, "retry after")) * sec,
			Took:       time.Duration(rapid.IntRange(0, 15).Draw(t, "took")) * sec,
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		p := policy()
		p.Budget.tokens = rapid.IntRange(0, budgetFull).Draw(t, "budget")
		rule := []Rule{upsert, create, remove}[rapid.IntRange(0, 2).Draw(t, "kind")]
		call := p.Begin(rule)
		var total time.Duration
		for n := 1; ; n++ {
			if n > 5 {
				t.Fatal("a sixth attempt")
			}
			if call.Timeout() <= 0 || total+call.Timeout() > p.Total {
				t.Fatalf("attempt %d may take %v after %v", n, call.Timeout(), total)
			}
			r := result.Draw(t, "result")
			r.Took = min(r.Took, call.Timeout())
			d := next(&call, r)
			total += r.Took + d.Wait
			if p.Budget.tokens < 0 || p.Budget.tokens > budgetFull {
				t.Fatalf("%d tokens", p.Budget.tokens)
			}
			if d.Action != Again && d.Action != Renew {
				if d.Action == Done && r.Outcome != Accepted {
					t.Fatalf("done by %+v", r)
				}
				return
			}
			if !rule.Harmless && call.Unknown {
				t.Fatal("a create of unknown outcome goes on")
			}
			if r.RetryAfter > p.LongestWait && d.Action == Again {
				t.Fatalf("waits %v", r.RetryAfter)
			}
		}
	})
}

// What a sequence of results does to a budget of fifty.
func TestBudgetAccounts(t *testing.T) {
	t.Parallel()
	unknown, good := attempt{Outcome: Unknown}, accepted
	limited, stale := attempt{Outcome: Rejected, Status: 429}, attempt{Outcome: Rejected, Status: 401}
	for _, c := range []struct {
		name    string
		results []attempt
		want    int
	}{
		{"a success gives one", []attempt{good}, 51},
		{"so does a refusal", []attempt{{Outcome: Rejected, Status: 400}}, 51},
		{"a retry costs five", []attempt{unknown}, 45},
		{"and gives it back", []attempt{unknown, good}, 51},
		{"the last one only", []attempt{unknown, unknown, good}, 46},
		{"429 is no answer and no cost", []attempt{limited, limited}, 50},
		{"nor does it give back", []attempt{unknown, limited}, 45},
		{"nor what follows it", []attempt{unknown, limited, good}, 46},
		{"a renewal gives back once", []attempt{unknown, stale, good}, 52},
	} {
		p := policy()
		p.Budget.tokens = 50
		call := p.Begin(upsert)
		for _, r := range c.results {
			next(&call, r)
		}
		if p.Budget.tokens != c.want {
			t.Errorf("%s: %d, want %d", c.name, p.Budget.tokens, c.want)
		}
	}
}
