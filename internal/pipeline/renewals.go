package pipeline

import (
	"sync"
	"time"
)

const (
	firstPause = 5 * time.Second
	lastPause  = 5 * time.Minute
)

// renewals keeps calls from asking for one token after another where the API refuses them all. As
// long as the newest token is refused, one call may renew it in each pause; the pauses double from
// five seconds to five minutes. Any other answer to that token ends this.
type renewals struct {
	mu     sync.Mutex
	newest string // what the last renewal gave; empty once the API took it
	pause  time.Duration
	until  time.Time
}

// refused is told of a 401, and reports whether the token may be renewed now.
func (n *renewals) refused(secret string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	switch {
	case secret != n.newest:
		return true
	case n.pause == 0:
		n.pause, n.until = firstPause, now.Add(firstPause)
		return false
	case now.Before(n.until):
		return false
	default:
		n.pause = min(2*n.pause, lastPause)
		n.until = now.Add(n.pause)
		return true
	}
}

// renewed is told what a renewal gave instead of the refused token: perhaps the same, or nothing.
func (n *renewals) renewed(refused, fresh string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.newest = refused
	if fresh != "" {
		n.newest = fresh
	}
}

// taken is told that the API took a token, whatever it then thought of the request.
func (n *renewals) taken(secret string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.newest != "" && secret == n.newest {
		n.newest, n.pause, n.until = "", 0, time.Time{}
	}
}
