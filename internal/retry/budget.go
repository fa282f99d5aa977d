package retry

import "sync"

const (
	budgetFull  = 100
	retryCost   = 5
	successGain = 1
)

// Budget limits the retries of all calls together, so that an outage is not answered
// by many times the requests: a retry costs 5 of at most 100 tokens, an answer gives 1, and
// a retry that is answered gives its cost back.
type Budget struct {
	mu     sync.Mutex
	tokens int
}

// NewBudget returns a full budget.
func NewBudget() *Budget { return &Budget{tokens: budgetFull} }

func (b *Budget) pay() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens < retryCost {
		return false
	}
	b.tokens -= retryCost
	return true
}

func (b *Budget) gain(paid bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens += successGain
	if paid {
		b.tokens += retryCost
	}
	b.tokens = min(b.tokens, budgetFull)
}
