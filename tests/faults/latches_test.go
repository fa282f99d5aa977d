// What keeps later calls at home: the daily budget, and the block by a proxy.

package faults

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// A page with 403 may be about one message, whose text a proxy dislikes. Three messages in a row are
// no chance; the same one three times is.
func TestPagesInARow(t *testing.T) {
	t.Parallel()
	for _, op := range operations {
		synctest.Test(t, func(t *testing.T) {
			p := &pipedrive{plan: &sequence{steps: []step{{answer: answer{status: 403, body: page}}}, forGood: true}}
			client := p.newClient(t, apiToken, channels.WithRetries(channels.RetryPolicy{RepeatAddChannel: op.again}))
			for i, id := range []string{"one", "one", "one", "two", "three"} {
				_, err := op.call(t.Context(), client, id)
				e, ok := errors.AsType[*channels.Error](err)
				if last := i == 4; !ok || e.Outcome != channels.Rejected || errors.Is(err, channels.ErrBlocked) != last {
					t.Errorf("%s, page %d: %v, want it blocked: %v", op.name, i+1, err, last)
				}
			}
			_, err := op.call(t.Context(), client, "four")
			e, ok := errors.AsType[*channels.Error](err)
			if !ok || e.Outcome != channels.NotSent || !errors.Is(err, channels.ErrBlocked) || e.RetryAfter != 5*time.Minute || len(p.requests()) != 5 {
				t.Errorf("%s: %v, want it held back for five minutes", op.name, err)
			}
			if s := client.Limiter().State(); s.Refusing == nil || time.Until(s.NextProbe) != 5*time.Minute {
				t.Errorf("%s: %+v, want the reason and when it is tried again", op.name, s)
			}
		})
	}
}

// midnight is a plan with a daily budget in tokens: whatever it pays for is answered; then all is
// refused until the reset.
type midnight struct {
	reset time.Time
	tells bool // in a header, how much is left

	mu     sync.Mutex
	budget int
	gone   time.Time   // when it was used up
	at     []time.Time // of the refusals
}

func (*midnight) connects() step { return step{} }

func (m *midnight) answers(r *request) step {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !time.Now().Before(m.reset) {
		m.budget = 1 << 20
	}
	cost := 10
	if r.method == "DELETE" {
		cost = 6
	}
	if m.budget < cost {
		m.at = append(m.at, time.Now())
		return step{answer: answer{status: 429, header: m.left() + "x-ratelimit-reset: 2\r\n", body: `{"success":false}`}}
	}
	if m.budget -= cost; m.budget < cost {
		m.gone = time.Now()
	}
	return step{answer: answer{header: m.left()}}
}

func (m *midnight) left() string {
	if !m.tells {
		return ""
	}
	return "x-daily-ratelimit-token-remaining: " + strconv.Itoa(m.budget) + "\r\n"
}

// probes checks that after the first refusals one request reached the server in each of the
// intervals, which double up to an hour, from five minutes, or from half a minute if no header tells. The
// first are those in flight when it happened and, if no header tells, three more after full waits.
func (m *midnight) probes(t *testing.T, most int) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	last, first := m.gone, 0
	for first < len(m.at) && (first == 0 && !m.tells || m.at[first].Sub(last) < 20*time.Second) {
		last = m.at[first]
		first++
	}
	if first > most {
		t.Errorf("%d requests were refused at first, want at most %d", first, most)
	}
	interval, want := 5*time.Minute, 7 // minutes 5, 15, 35, 75, 135, 195, 255
	if !m.tells {
		interval, want = 30*time.Second, 10 // minutes ½, 1½, 3½, 7½, 15½, 31½, 63½, 123½, 183½, 243½
	}
	for i, at := range m.at[first:] {
		if after := at.Sub(last); after < interval || after > interval+time.Minute {
			t.Errorf("probe %d came %v after the refusal before, want %v", i+1, after, interval)
		}
		last, interval = at, min(2*interval, time.Hour)
	}
	if probes := len(m.at) - first; probes != want && probes != want-1 { // each comes a little later
		t.Errorf("%d probes were refused in five hours, want %d", probes, want)
	}
}

// The daily budget is used up in the middle of the work, for five hours. Whoever goes on calling is
// refused at home, but for one call now and then; the first of these after the reset gets through, and
// all after it.
func TestDailyBudgetIsGone(t *testing.T) {
	t.Parallel()
	for _, tells := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			plan := &midnight{reset: time.Now().Add(5 * time.Hour), tells: tells, budget: 1000}
			p := &pipedrive{plan: plan}
			client := p.newClient(t, apiToken)
			var group sync.WaitGroup
			var resumed [5]bool
			for w := range resumed {
				group.Go(func() {
					for n := 0; time.Until(plan.reset) > -90*time.Minute; n++ {
						_, err := receive(t.Context(), client, strconv.Itoa(w)+"-"+strconv.Itoa(n))
						resumed[w] = err == nil
						if err != nil && !errors.Is(err, channels.ErrRateLimited) {
							t.Errorf("%v, want a limit", err)
						}
						<-time.After(30 * time.Second)
					}
				})
			}
			group.Wait()
			plan.probes(t, 5+3)
			if slices.Contains(resumed[:], false) {
				t.Errorf("an hour and a half after the reset: %v, want all to get through", resumed)
			}
		})
	}
}

// Deliver waits for the reset itself, and loses nothing.
func TestDeliverWaitsForMidnight(t *testing.T) {
	t.Parallel()
	for _, tells := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			plan := &midnight{reset: time.Now().Add(5 * time.Hour), tells: tells, budget: 1000}
			p := &pipedrive{plan: plan}
			client := p.newClient(t, apiToken)
			delivered := 0
			for d := range client.Deliver(t.Context(), numbered(500, 20)) {
				if d.Err != nil {
					t.Fatalf("%s: %v", d.Request.ID, d.Err)
				}
				delivered++
			}
			plan.probes(t, 64+3)
			if delivered != 500 || len(p.history) != 500 {
				t.Errorf("%d yielded and %d applied, want all 500", delivered, len(p.history))
			}
			if late := time.Since(plan.reset); late > time.Hour+time.Minute {
				t.Errorf("it was done %v after the reset", late)
			}
		})
	}
}

// The longest wait that a call makes is made, and by the clock of the server if it tells one.
func TestTheLongestWait(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]string{
		"seconds":                          "Retry-After: 10\r\n",
		"a date, by a clock an hour ahead": "Date: Sat, 01 Jan 2000 01:00:00 GMT\r\nRetry-After: Sat, 01 Jan 2000 01:00:10 GMT\r\n",
	} {
		for _, status := range []int{429, 503} {
			synctest.Test(t, func(t *testing.T) { // which begins at midnight
				p := &pipedrive{plan: &sequence{steps: []step{{answer: answer{status: status, header: header, body: envelope("")}}}}}
				client := p.newClient(t, apiToken)
				start := time.Now()
				if _, err := receive(t.Context(), client, "one"); err != nil {
					t.Errorf("%s, %d: %v", name, status, err)
				}
				if took := time.Since(start); took < 10*time.Second || took > 11*time.Second {
					t.Errorf("%s, %d: it took %v", name, status, took)
				}
			})
		}
	}
}
