// The burst limit and the daily budget, and the headers that tell of them.

package emulator

import (
	"cmp"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

// burstWindow is the rolling window of the burst limit.
const burstWindow = 2 * time.Second

// limits counts the requests and the tokens of the one installation.
//
// Our choice: OAuth tokens and API tokens share both limits, and a request is counted for
// the installation whatever its token, so that a renewed token brings no new quota.
type limits struct {
	clock  func() time.Time
	burst  int
	others int // requests of other programs, which are always there
	budget int

	mu       sync.Mutex
	admitted []time.Time // within the window, oldest first: at most burst of them
	day      time.Time   // the midnight that the spent tokens count from
	spent    int
}

func newLimits(cfg Config) *limits {
	return &limits{clock: cfg.Clock, burst: cfg.BurstLimit, budget: cfg.DailyBudget}
}

// view tells what is used.
func (l *limits) view() emulatorserver.Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass(l.clock())
	return emulatorserver.Limits{BurstLimit: l.burst, BurstUsed: len(l.admitted), DailyBudget: l.budget, DailyUsed: l.spent}
}

// change sets what is above zero, then empties or uses up what is counted.
func (l *limits) change(c emulatorserver.LimitsChange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass(l.clock())
	l.burst, l.budget = cmp.Or(c.BurstLimit, l.burst), cmp.Or(c.DailyBudget, l.budget)
	if c.Clear {
		l.admitted, l.spent = nil, 0
	}
	if c.UseUpDay {
		l.spent = l.budget
	}
}

// share lets other programs use three quarters of the burst limit, or none of it.
func (l *limits) share(busy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.others = 0; busy {
		l.others = l.burst * 3 / 4
	}
}

// pass lets requests leave the window, and the day end.
func (l *limits) pass(now time.Time) {
	// A clock that was set back would hold them until it is there again.
	for len(l.admitted) > 0 && (now.Sub(l.admitted[0]) >= burstWindow || now.Before(l.admitted[0])) {
		l.admitted = l.admitted[1:]
	}
	if day := now.Truncate(24 * time.Hour); !day.Equal(l.day) {
		l.day, l.spent = day, 0
	}
}

// admit counts a request that costs so many tokens, and writes the limits' state into
// header. An empty answer admits it; otherwise it names the limit that is used up.
//
// Our choice: a request refused by the burst limit counts for neither limit, so that a client
// that waits is free again; one refused by the budget counts for the burst limit alone; any
// other one costs its tokens, whatever its answer.
func (l *limits) admit(cost int, header http.Header) (exhausted string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	l.pass(now)
	switch {
	case len(l.admitted) >= max(l.burst-l.others, 1):
		exhausted = "burst limit"
	case cost > l.budget-l.spent:
		exhausted = "daily budget"
		l.admitted = append(l.admitted, now)
	default:
		l.admitted = append(l.admitted, now)
		l.spent += cost
	}
	header.Set("X-Ratelimit-Limit", strconv.Itoa(l.burst))
	header.Set("X-Ratelimit-Remaining", strconv.Itoa(max(l.burst-l.others-len(l.admitted), 0)))
	// Our choice: x-ratelimit-reset is in whole seconds, rounded up, until the oldest request leaves the window.
	reset := burstWindow - now.Sub(l.admitted[0]) // there is one: the limit is above zero
	header.Set("X-Ratelimit-Reset", strconv.Itoa(int((reset+time.Second-1)/time.Second)))
	header.Set("X-Daily-Ratelimit-Token-Limit", strconv.Itoa(l.budget))
	header.Set("X-Daily-Ratelimit-Token-Remaining", strconv.Itoa(max(l.budget-l.spent, 0)))
	return exhausted
}
