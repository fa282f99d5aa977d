package ratelimit

import (
	"net/http"
	"time"
)

// The intervals of probes.
const (
	firstProbe = 5 * time.Minute
	firstGuess = 30 * time.Second // where the end of the budget is only guessed
	lastProbe  = time.Hour        // also the longest that a server's word keeps callers out
)

// budget is the daily budget, in tokens.
type budget struct {
	left    int  // as the last answer told; unknown if it did not
	told    bool // some answer has told it: then nothing is guessed
	pending int  // tokens of the requests in flight, which left may not know of
	strikes int  // 429s in a row that may be the budget's: the first, and those sent after a full wait
	guessed bool // the latch is closed by strikes
	gone    latch
}

// look reads what is left in the answer to a request that was sent at that time.
func (b *budget) look(h http.Header, sent time.Duration) {
	left, told := dailyLeft(h)
	b.left = left
	if !told {
		return
	}
	b.told = true
	if b.guessed || left != unknown && left >= b.gone.cost && sent >= b.gone.since {
		b.open()
	}
}

// check refuses calls that cost more than an answer said is left.
func (b *budget) check(now time.Duration, cost int) {
	if b.left != unknown && b.left < cost {
		b.gone.trip(now, firstProbe, b.left+1)
	}
}

// reaches tells whether a call can be paid whatever those in flight spend of what was told.
func (b *budget) reaches(cost int) bool { return b.left == unknown || b.left-b.pending >= cost }

// refused is told of a 429, and whether that can be no other than the burst limit's. Nothing
// documented tells the two apart, so where no answer ever tells the budget, a limit that three full
// waits have not ended is taken for it.
func (b *budget) refused(now time.Duration, s Slot, burst, afterWait bool) {
	probe := s.probe == &b.gone
	switch {
	case b.left != unknown: // told
		if b.left < s.cost && probe {
			b.gone.again(now)
		} else {
			b.check(now, s.cost)
		}
	case burst && b.guessed:
		b.open()
	case burst && probe:
		b.gone.undecided(now, true)
	case burst, b.told && !probe:
	case probe:
		b.gone.again(now)
	case afterWait:
		if b.strikes++; b.strikes > 3 {
			b.gone.trip(now, firstGuess, 0)
			b.guessed = true
		}
	}
}

func (b *budget) open() {
	b.gone.open()
	b.strikes, b.guessed = 0, false
}
