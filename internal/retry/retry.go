// Package retry decides whether a call of the Channels API is repeated. It sends nothing and
// waits for nothing: it learns how an attempt ended, and answers what to do next.
//
//	call := policy.Begin(retry.Rule{Harmless: true})
//	for {
//		…one attempt, at most call.Timeout() long…
//		switch d := call.Next(failure, took, ended); d.Action {
//		case retry.Again:
//			…wait d.Wait…
//		…
//		}
//	}
//
// # What is repeated
//
// An attempt that sent nothing is repeated whatever the call. One whose outcome is unknown is
// repeated if that does no harm. Then a refusal may show that the earlier attempt was accepted:
// "it exists already" of a create, "there is no such thing" of a delete; the [Rule] of the call
// knows it. A 429 is repeated after the wait that the limiter imposes on every caller. Any other
// refusal is final, since the answer would be the same.
//
// The figures of [Default] are this project's choice; none is Pipedrive's.
package retry

import (
	"math"
	"math/rand/v2"
	"net/http"
	"time"
)

// Rule says what repeating a call means.
type Rule struct {
	// Harmless says that a call of unknown outcome may be repeated.
	Harmless bool
	// Proves reports whether the refusal of a repeated call shows that an attempt of unknown outcome
	// was accepted. That nobody else did the same meanwhile is an assumption. nil: none does.
	Proves func(*Failure) bool
}

// Action is what to do after an attempt.
type Action int

// The actions.
const (
	Done        Action = iota
	DoneEarlier        // this refusal shows that an attempt of unknown outcome was accepted
	Fail               // with the failure of this attempt
	Again              // after Decision.Wait
	Renew              // the credential, then again if there is a new one
)

// Decision is what to do, and why.
type Decision struct {
	Action Action
	Wait   time.Duration
	Reason string // for people; empty for Done
}

// Policy holds for all calls of one client. Copies share the budget.
type Policy struct {
	Attempts    int           // of one call
	Base, Cap   time.Duration // the backoff doubles from Base to Cap, with full jitter
	Attempt     time.Duration // how long an attempt may take
	Total       time.Duration // how long attempts and backoff may take; waiting for a slot does not count
	LongestWait time.Duration // a longer Retry-After is returned to the caller
	Rand        func() float64
	Budget      *Budget
}

// Default returns the policy that this project starts with: for attempts of at most 15
// seconds, 4 attempts within 60 seconds; for others in proportion.
func Default(attempt time.Duration) Policy {
	const attempts = 4
	attempt = min(attempt, math.MaxInt64/attempts)
	return Policy{
		Attempts: attempts, Base: 250 * time.Millisecond, Cap: 8 * time.Second,
		Attempt: attempt, Total: attempts * attempt, LongestWait: 10 * time.Second,
		Rand: rand.Float64, Budget: NewBudget(),
	}
}

// Begin starts a call.
func (p *Policy) Begin(r Rule) Call { return Call{policy: p, rule: r} }

// Call is the state of one call. It is not for concurrent use.
type Call struct {
	// Attempts is how many were made.
	Attempts int
	// Unknown says that one of them may have taken effect, and no answer tells.
	Unknown bool

	policy  *Policy
	rule    Rule
	spent   time.Duration
	renewed bool
	paid    bool // the attempt was paid from the budget
	before  int  // attempts that no longer count
}

// Afresh allows the call as many attempts, and as much time, as it had at first. It remembers
// whether the outcome is unknown.
func (c *Call) Afresh() {
	*c = Call{Attempts: c.Attempts, Unknown: c.Unknown, policy: c.policy, rule: c.rule, before: c.Attempts}
}

// Timeout returns how long the next attempt may take.
func (c *Call) Timeout() time.Duration {
	return min(c.policy.Attempt, c.policy.Total-c.spent)
}

// Next decides what follows an attempt. f is nil if the attempt was accepted; ended says that the
// caller's context has ended.
func (c *Call) Next(f *Failure, took time.Duration, ended bool) Decision {
	c.Attempts++
	c.spent += took
	answered := f == nil || f.Outcome == Rejected
	limited := f != nil && f.limited()
	if answered && !limited {
		c.policy.Budget.gain(c.paid)
	}
	c.paid = false
	if f == nil {
		return Decision{Action: Done}
	}
	before := c.Unknown
	c.Unknown = before || f.Outcome == Unknown
	switch {
	case before && f.Outcome == Rejected && c.rule.Proves != nil && c.rule.Proves(f):
		return Decision{Action: DoneEarlier, Reason: "an earlier attempt was accepted"}
	case ended:
		return Decision{Action: Fail, Reason: "the context ended"}
	case f.Outcome == Rejected && f.Status == http.StatusUnauthorized && !c.renewed && c.spent < c.policy.Total:
		c.renewed = true
		return Decision{Action: Renew, Reason: "the credential was refused"}
	case limited:
		return c.again(f, 0, "a rate limit is used up") // the limiter makes every caller wait
	case f.Outcome == Rejected:
		if f.aboutContent() { // then an earlier attempt was refused as well
			c.Unknown = false
		}
		return Decision{Action: Fail, Reason: "refused"}
	case f.Status >= 300 && f.Status <= 399: // 303: perhaps done, and asking again leads to the same place
		return Decision{Action: Fail, Reason: "redirected"}
	case f.Outcome == Unknown && !c.rule.Harmless:
		return Decision{Action: Fail, Reason: "the outcome is unknown, and repeating it might do it twice"}
	}
	reason := "not sent"
	if f.Outcome == Unknown {
		reason = "the outcome is unknown"
	}
	return c.again(f, c.backoff()+f.RetryAfter, reason)
}

// again repeats the call if nothing has run out.
func (c *Call) again(f *Failure, wait time.Duration, reason string) Decision {
	attempts := c.policy.Attempts
	if c.renewed {
		attempts++ // an attempt with a stale token is not counted
	}
	needed := wait
	if f.RetryAfter > 0 { // no call fails by the jitter on top of it
		needed = min(wait, f.RetryAfter)
	}
	switch {
	case f.RetryAfter > c.policy.LongestWait:
		return Decision{Action: Fail, Reason: "the server asks for a longer wait than is made here"}
	case c.Attempts-c.before >= attempts:
		return Decision{Action: Fail, Reason: "no attempts left"}
	case c.spent+needed >= c.policy.Total:
		return Decision{Action: Fail, Reason: "no time left"}
	case !f.limited() && !c.policy.Budget.pay():
		return Decision{Action: Fail, Reason: "too many calls fail for more retries"}
	}
	c.paid = !f.limited()
	wait = min(wait, needed+(c.policy.Total-c.spent-needed)/2) // leave time for the attempt
	c.spent += wait
	return Decision{Action: Again, Wait: wait, Reason: reason}
}

// backoff is uniform between zero and a bound that doubles: callers that failed
// together come back apart.
func (c *Call) backoff() time.Duration {
	bound := c.policy.Base << min(c.Attempts-c.before-1, 16) // beyond any cap, and short of an overflow
	return time.Duration(c.policy.Rand() * float64(min(bound, c.policy.Cap)))
}

// limited reports whether a rate limit is used up.
func (f *Failure) limited() bool {
	return f.Outcome == Rejected && f.Status == http.StatusTooManyRequests
}

// aboutContent reports whether the API refused what was asked, whoever asks and whenever. An answer
// that was cut off, or that something else gave, does not tell.
func (f *Failure) aboutContent() bool {
	if f.NotFromAPI || f.CutOff {
		return false
	}
	switch f.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	default:
		return false
	}
}
