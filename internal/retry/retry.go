// Package retry decides whether a call of the Channels API is tried again. It
// sends nothing and waits for nothing: it is told what became of an attempt, and answers
// what to do.
//
//	call := policy.Begin(retry.Upsert)
//	for {
//		…one attempt, at most call.Timeout() long…
//		switch d := call.Next(result); d.Action {
//		case retry.Again:
//			…wait d.Wait…
//		…
//		}
//	}
//
// # What is tried again
//
// An attempt of which nothing was sent is tried again whatever the call. One whose outcome is
// unknown is tried again if a repetition does no harm: an upsert and a delete, but not
// the creation of something, unless the caller wants it. Then "there is one already", after an
// attempt of unknown outcome, is taken for the success of that attempt; as is "there is no
// such thing" of a delete. A 429 is tried again too, after the wait that the limiter
// imposes on everybody. All else would be answered in the same way again.
//
// The figures of [Default] are this project's choice; none is Pipedrive's.
package retry

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// Kind is what repeating a call would do.
type Kind int

// The kinds of calls.
const (
	Upsert Kind = iota // the same once more
	Create             // a second one, or an error that says so
	Delete             // nothing, or an error that says so
)

// Reach is how far an attempt came.
type Reach int

// How far an attempt can come.
const (
	Unsent   Reach = iota // nothing of it left
	Unknown               // something left, and no usable answer came
	Refused               // the API, or something before it, said no
	Accepted              // it is done
)

// Result is what became of one attempt.
type Result struct {
	Reach      Reach
	Status     int           // of the answer; 0 if none came
	Code       string        // the API's code
	RetryAfter time.Duration // as the answer told
	NotFromAPI bool          // the answer is not, or not in full, in the form of the API
	Took       time.Duration
	Ended      bool // the caller's context has ended
}

func (r Result) limited() bool {
	return r.Reach == Refused && r.Status == http.StatusTooManyRequests
}

// Action is what to do after an attempt.
type Action int

// The actions.
const (
	Done        Action = iota
	DoneEarlier        // this answer shows that an attempt of unknown outcome was accepted
	Fail               // with the error of this attempt
	Again              // after Decision.Wait
	Renew              // the credential; again if that gave a new one
)

// Decision is what to do, and why.
type Decision struct {
	Action Action
	Wait   time.Duration
	Reason string // for people; empty for Done
}

// Policy holds for all calls of one client. Copies share the budget.
type Policy struct {
	Attempts     int           // of one call
	Base, Cap    time.Duration // the backoff doubles from Base to Cap, with full jitter
	Attempt      time.Duration // the longest that an attempt may take
	Total        time.Duration // the longest that attempts and backoff may take; waiting for a slot is not counted
	LongestWait  time.Duration // a server that asks for more is left to the caller
	RetryCreates bool          // try a Create of unknown outcome again
	Rand         func() float64
	Budget       *Budget
}

// Default returns the policy that this project starts with: for attempts of at most 15
// seconds, 4 attempts within 60 seconds; for others in proportion.
func Default(attempt time.Duration) Policy {
	const attempts = 4
	return Policy{
		Attempts: attempts, Base: 250 * time.Millisecond, Cap: 8 * time.Second,
		Attempt: attempt, Total: attempts * attempt, LongestWait: 10 * time.Second,
		Rand: rand.Float64, Budget: NewBudget(),
	}
}

// Begin starts a call.
func (p *Policy) Begin(k Kind) Call { return Call{policy: p, kind: k} }

// Call is the state of one call. It is not for concurrent use.
type Call struct {
	// Attempts is how many were made.
	Attempts int
	// Unknown says that one of them may have taken effect without an answer that says so.
	Unknown bool

	policy  *Policy
	kind    Kind
	spent   time.Duration
	renewed bool
	paid    bool // the attempt was paid from the budget
	before  int  // attempts that no longer count
}

// Afresh allows the call as many attempts, and as much time, as it had in the beginning. What the
// attempts before it mean for the outcome is kept.
func (c *Call) Afresh() {
	*c = Call{Attempts: c.Attempts, Unknown: c.Unknown, policy: c.policy, kind: c.kind, before: c.Attempts}
}

// Timeout returns how long the next attempt may take.
func (c *Call) Timeout() time.Duration {
	return min(c.policy.Attempt, c.policy.Total-c.spent)
}

// Next is told the result of an attempt, and decides what follows.
func (c *Call) Next(r Result) Decision {
	c.Attempts++
	c.spent += r.Took
	before := c.Unknown
	c.Unknown = before || r.Reach == Unknown
	if r.Reach >= Refused && !r.limited() {
		c.policy.Budget.gain(c.paid)
	}
	c.paid = false
	switch {
	case r.Reach == Accepted:
		return Decision{Action: Done}
	case before && provesEarlier(c.kind, r):
		return Decision{Action: DoneEarlier, Reason: "an earlier attempt was accepted"}
	case r.Ended:
		return Decision{Action: Fail, Reason: "the context ended"}
	case r.Reach == Refused && r.Status == http.StatusUnauthorized && !c.renewed && c.spent < c.policy.Total:
		c.renewed = true
		return Decision{Action: Renew, Reason: "the credential was refused"}
	case r.limited():
		return c.again(r, 0, "a rate limit is used up") // the limiter has every caller wait
	case r.Reach == Refused:
		if aboutContent(r.Status) && !r.NotFromAPI { // then an earlier attempt was refused as well
			c.Unknown = false
		}
		return Decision{Action: Fail, Reason: "refused"}
	case r.Status >= 300 && r.Status <= 399: // 303: done perhaps, and asking again leads to the same place
		return Decision{Action: Fail, Reason: "redirected"}
	case r.Reach == Unknown && c.kind == Create && !c.policy.RetryCreates:
		return Decision{Action: Fail, Reason: "the outcome is unknown, and repeating it might do it twice"}
	}
	reason := "not sent"
	if r.Reach == Unknown {
		reason = "the outcome is unknown"
	}
	return c.again(r, c.backoff()+r.RetryAfter, reason)
}

// again tries again if nothing has run out.
func (c *Call) again(r Result, wait time.Duration, reason string) Decision {
	attempts := c.policy.Attempts
	if c.renewed {
		attempts++ // what a stale token was refused is not counted
	}
	switch {
	case r.RetryAfter > c.policy.LongestWait:
		return Decision{Action: Fail, Reason: "the server asks for a longer wait than is made here"}
	case c.Attempts-c.before >= attempts:
		return Decision{Action: Fail, Reason: "no attempts left"}
	case c.spent+wait >= c.policy.Total:
		return Decision{Action: Fail, Reason: "no time left"}
	case !r.limited() && !c.policy.Budget.pay():
		return Decision{Action: Fail, Reason: "too many calls fail for more retries"}
	}
	c.paid = !r.limited()
	c.spent += wait
	return Decision{Action: Again, Wait: wait, Reason: reason}
}

// backoff is uniform between nothing and a bound that doubles: callers that failed
// together come back apart.
func (c *Call) backoff() time.Duration {
	bound := c.policy.Base << min(c.Attempts-c.before-1, 16) // beyond any cap, and short of an overflow
	return time.Duration(c.policy.Rand() * float64(min(bound, c.policy.Cap)))
}

// aboutContent recognises the refusals of what was asked, whoever asks and whenever.
func aboutContent(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	default:
		return false
	}
}

// provesEarlier recognises the refusal that only the success of an earlier attempt
// explains. That nobody else did it meanwhile is an assumption.
func provesEarlier(k Kind, r Result) bool {
	switch k {
	case Create:
		return r.Code == "CHANNEL_ALREADY_EXISTS"
	case Delete:
		return r.Status == http.StatusNotFound && r.Code == "NOT_FOUND"
	default:
		return false
	}
}
