// Package pipeline makes calls of an HTTP API with JSON in both directions: as many attempts as
// the retry policy wants, within the rate limits, in order where that matters, each with a
// fresh credential. It knows nothing of what the calls say.
//
// The order of one call: its turn, the base URL, the request encoded once; then for each
// attempt leave of the latches, the credential, a slot, so that a token being renewed holds
// none, the exchange, the verdict on the answer, and the decision on what follows.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/internal/credential"
	"github.com/pdchannels/pdchannels/internal/ordered"
	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
)

// Caller is what all calls of a client share.
type Caller struct {
	Credential credential.Credential
	Transport  http.RoundTripper
	Policy     retry.Policy
	Limiter    *ratelimit.Limiter
	UserAgent  []string // as a header value
	// BaseURL tells what the paths are appended to.
	BaseURL func(ctx context.Context) (string, error)
	// AttemptEnds is told of each attempt; its failure is nil if it was accepted.
	AttemptEnds func(ctx context.Context, c *Call, a Attempt)

	turns ordered.Lines[Turn]
}

// Call is one call. The caller of Do sets the exported fields of the first group and reads those of the second.
type Call struct {
	Name   string // for whoever is told of it
	Kind   retry.Kind
	Cost   int    // in tokens of the daily budget
	ID     string // tells the call from others
	Turn   Turn   // calls of the same turn are made one after another; zero: whenever they come
	Build  func(baseURL string) (*http.Request, error)
	Answer Answer
	Bound  Bound // of each attempt; nil: context.WithTimeout
	// Patient says that a call which is held back is not failed, but waits, as long as its context
	// lasts, until it is allowed to find out whether that is over.
	Patient bool

	Attempts int
	Waited   time.Duration // for slots, and by the patient
	// Inferred says that an attempt of unknown outcome is known by the last answer to have been
	// accepted. Then Answer holds nothing.
	Inferred bool
	// Odd names a field of Answer that was of an unexpected type, and is zero; mostly empty.
	Odd string

	caller *Caller
	req    *http.Request
	retry  retry.Call
	token  string // what the last attempt authenticated with
}

// Turn names what calls keep their order by.
type Turn struct{ Channel, ID string }

// A Bound makes of the context of a call that of an attempt, which lasts so long at most.
type Bound func(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc)

// Do makes the call. It returns nil if the call was accepted.
func (c *Caller) Do(ctx context.Context, call *Call) *Failure {
	call.caller, call.retry = c, c.Policy.Begin(call.Kind)
	if call.Bound == nil {
		call.Bound = context.WithTimeout
	}
	f := call.run(ctx)
	call.Attempts = call.retry.Attempts
	if f != nil && call.retry.Unknown && f.Outcome != Unknown {
		f.Outcome, f.Earlier = Unknown, true // whatever the last attempt says of itself
	}
	return f
}

func (c *Call) run(ctx context.Context) *Failure {
	if err := ctx.Err(); err != nil {
		return &Failure{Outcome: NotSent, Err: err}
	}
	if c.Turn != (Turn{}) {
		if err := c.caller.turns.Enter(ctx, c.Turn); err != nil {
			return &Failure{Outcome: NotSent, Message: "an earlier call for the same goes on", Err: err}
		}
		defer c.caller.turns.Leave(c.Turn)
	}
	baseURL, err := c.caller.BaseURL(ctx)
	if err != nil {
		return &Failure{Outcome: NotSent, Message: "no base URL", Err: &cause{err, ""}, Everyone: ctx.Err() == nil}
	}
	if c.req, err = c.Build(baseURL); err != nil {
		return &Failure{Outcome: NotSent, Message: "the request cannot be built", Err: err}
	}
	c.req.Header["Accept"] = acceptJSON
	c.req.Header["User-Agent"] = c.caller.UserAgent
	for pages := 0; ; {
		f := c.attempts(ctx)
		if f == nil || f.Held == nil || !c.Patient {
			return f
		}
		// A page in answer to this very call may be about what it says: then it would wait for ever.
		if f.NotFromAPI && f.Status == http.StatusForbidden {
			if pages++; pages == 2 {
				return f
			}
		}
		start := time.Now()
		err := Pause(ctx, f.RetryAfter)
		c.Waited += time.Since(start)
		if err != nil {
			return c.failed(ctx, f, &Failure{Err: err})
		}
		c.retry.Afresh()
	}
}

var acceptJSON = []string{"application/json"}

func (c *Call) attempts(ctx context.Context) *Failure {
	var last *Failure
	for {
		slot, f := c.prepare(ctx)
		if f != nil {
			return c.failed(ctx, last, f)
		}
		var x try
		last = x.make(ctx, c, slot)
		decision := c.retry.Next(x.result(ctx, last))
		var after *Failure
		if decision.Action == retry.Renew {
			decision, after = c.renew(ctx, decision)
		}
		if c.caller.AttemptEnds != nil {
			c.caller.AttemptEnds(ctx, c, Attempt{
				Number: c.retry.Attempts, Waited: slot.Waited, Took: x.took, Failure: last,
				Repeated: decision.Action == retry.Again, Pause: decision.Wait, Reason: decision.Reason,
			})
		}
		switch decision.Action {
		case retry.Done:
			return nil
		case retry.DoneEarlier:
			c.Inferred = true
			return nil
		case retry.Again:
			if err := Pause(ctx, decision.Wait); err != nil {
				return c.failed(ctx, last, &Failure{Err: err})
			}
		default:
			return c.failed(ctx, last, after)
		}
	}
}

// prepare gets what an attempt needs.
func (c *Call) prepare(ctx context.Context) (ratelimit.Slot, *Failure) {
	none := ratelimit.Slot{}
	if refused := c.caller.Limiter.Refused(c.Cost); refused != nil {
		return none, heldBack(refused)
	}
	if c.retry.Attempts > 0 {
		if err := c.repeatRequest(ctx); err != nil {
			return none, &Failure{Outcome: NotSent, Message: "the request cannot be repeated", Err: err}
		}
	}
	if f := c.authorize(ctx); f != nil {
		return none, f
	}
	slot, err := c.caller.Limiter.Wait(ctx, c.Cost)
	c.Waited += slot.Waited
	if refused, ok := err.(*ratelimit.RefusedError); ok { //nolint:errorlint // Wait returns nothing that wraps one
		return none, heldBack(refused)
	}
	if err != nil {
		return none, &Failure{Outcome: NotSent, Message: "no place within the rate limits yet", Err: err}
	}
	var f *Failure
	if slot.Waited > stale {
		f = c.authorize(ctx)
	}
	if err := ctx.Err(); f == nil && err != nil { // the token may have taken its time
		f = &Failure{Outcome: NotSent, Err: err}
	}
	if f != nil {
		slot.Done(ratelimit.Answer{Unsent: true})
	}
	return slot, f
}

// stale is how long a caller may stand in line with a credential before it asks for a fresh one, which is
// mostly the same.
const stale = 30 * time.Second

// repeatRequest makes the request anew: a transport may still be reading that of the attempt before.
func (c *Call) repeatRequest(ctx context.Context) error {
	again := c.req.Clone(ctx)
	if c.req.GetBody != nil {
		body, err := c.req.GetBody()
		if err != nil {
			return err
		}
		again.Body = body
	}
	c.req = again
	return nil
}

// authorize sets the credential. A token source that listens to a context has as long as an attempt.
func (c *Call) authorize(ctx context.Context) *Failure {
	within := ctx
	if c.caller.Credential.Interruptible {
		lazy := &lazyTimeout{Context: ctx, timeout: c.retry.Timeout()}
		defer lazy.stop()
		within = lazy
	}
	token, err := c.caller.Credential.Authorize(within, c.req.Header)
	if err != nil {
		return &Failure{Outcome: NotSent, Message: "no credential", Err: &cause{err, c.token}, Everyone: ctx.Err() == nil}
	}
	c.token = token
	return nil
}

// renew asks for another credential than the one that was refused, and tells whether to go on with it.
func (c *Call) renew(ctx context.Context, d retry.Decision) (retry.Decision, *Failure) {
	ctx, cancel := context.WithTimeout(ctx, c.caller.Policy.Attempt)
	defer cancel()
	renewed, err := c.caller.Credential.Renew(ctx, c.token)
	switch {
	case err != nil:
		return retry.Decision{Action: retry.Fail, Reason: "the credential was refused, and cannot be renewed"}, &Failure{Err: &cause{err, c.token}}
	case !renewed:
		return retry.Decision{Action: retry.Fail, Reason: "the credential was refused, and there is no other"}, nil
	default:
		d.Action = retry.Again
		return d, nil
	}
}

// failed is the failure of a call: that of the last attempt, and what came after it. Either may be nil.
func (c *Call) failed(ctx context.Context, last, after *Failure) *Failure {
	if last == nil {
		return after
	}
	limited := last.Status == http.StatusTooManyRequests
	if after == nil { // perhaps the context ended, or the limiter knows more of the limit than one answer
		after = &Failure{}
		if last.Outcome != Rejected || limited {
			after.Err = ctx.Err()
		}
		if refused := c.caller.Limiter.Refused(c.Cost); refused != nil && (limited || last.NotFromAPI) {
			after = heldBack(refused)
		}
	}
	if after.Held != nil {
		last.Held, last.RetryAfter = after.Held, after.RetryAfter
	}
	switch {
	case after.Err == nil:
	case last.Err == nil:
		last.Err = after.Err
	case !errors.Is(last.Err, after.Err):
		last.Err = &cause{fmt.Errorf("%w; then: %w", last.Err, after.Err), c.token}
	}
	return last
}

// Pause waits for d, or returns the error of the context that ends first.
func Pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
