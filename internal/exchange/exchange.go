// Package exchange makes calls of an HTTP API with JSON in both directions: as many attempts as
// the retry policy wants, within the rate limits, in order where that matters, each with a
// fresh credential. It knows nothing of what the calls say.
//
// The order of one call: its turn, the base URL, the request encoded once; then for each
// attempt leave of the latches, the credential, a slot, so that a token being renewed holds
// none, the exchange, the verdict on the answer, and the decision on what follows.
package exchange

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/internal/credential"
	"github.com/pdchannels/pdchannels/internal/inorder"
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
	// AttemptEnds is told of each attempt, with what is decided; the failure is nil if it was accepted.
	AttemptEnds func(ctx context.Context, c *Call, a Attempt, f *Failure, d retry.Decision)

	turns inorder.Lines[Turn]
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
	Within Bound // of each attempt; nil: context.WithTimeout

	Attempts int
	Waited   time.Duration // for slots
	// Inferred says that an attempt of unknown outcome is known by the last answer to have been
	// accepted. Then Answer holds nothing.
	Inferred bool
	// Odd names a field of Answer that was of an unexpected type, and is zero; mostly empty.
	Odd string

	caller *Caller
	req    *http.Request
	retry  retry.Call
	secret string // what the last attempt authenticated with
}

// Turn names what calls keep their order by.
type Turn struct{ Within, ID string }

// A Bound makes of the context of a call that of an attempt, which lasts so long at most.
type Bound func(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc)

// Do makes the call. It returns nil if the call was accepted.
func (c *Caller) Do(ctx context.Context, call *Call) *Failure {
	call.caller, call.retry = c, c.Policy.Begin(call.Kind)
	if call.Within == nil {
		call.Within = context.WithTimeout
	}
	f := call.run(ctx)
	call.Attempts = call.retry.Attempts
	if f != nil && call.retry.Unknown {
		f.Outcome = Unknown // whatever the last attempt says of itself
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
		return &Failure{Outcome: NotSent, Message: "no base URL", Err: &cause{err, ""}}
	}
	if c.req, err = c.Build(baseURL); err != nil {
		return &Failure{Outcome: NotSent, Message: "the request cannot be built", Err: err}
	}
	c.req.Header["Accept"] = acceptJSON
	c.req.Header["User-Agent"] = c.caller.UserAgent
	return c.attempts(ctx)
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
		if c.caller.AttemptEnds != nil {
			c.caller.AttemptEnds(ctx, c, Attempt{c.retry.Attempts, slot.Waited, x.took}, last, decision)
		}
		switch decision.Action {
		case retry.Done:
			return nil
		case retry.DoneEarlier:
			c.Inferred = true
			return nil
		case retry.Fail:
			return c.failed(ctx, last, nil)
		case retry.Renew:
			if renewed, err := c.renew(ctx); err != nil {
				return c.failed(ctx, last, &Failure{Err: &cause{err, c.secret}})
			} else if !renewed {
				return c.failed(ctx, last, nil)
			}
		case retry.Again:
			if err := Pause(ctx, decision.Wait); err != nil {
				return c.failed(ctx, last, &Failure{Err: err})
			}
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
	if err := c.authorize(ctx); err != nil {
		return none, &Failure{Outcome: NotSent, Message: "no credential", Err: &cause{err, c.secret}}
	}
	slot, err := c.caller.Limiter.Wait(ctx, c.Cost)
	if refused, ok := err.(*ratelimit.RefusedError); ok { //nolint:errorlint // Wait returns nothing that wraps one
		return none, heldBack(refused)
	}
	if err != nil {
		return none, &Failure{Outcome: NotSent, Message: "no place within the rate limits yet", Err: err}
	}
	if err := ctx.Err(); err != nil { // the token may have taken its time
		slot.Done(ratelimit.Answer{Unsent: true})
		return none, &Failure{Outcome: NotSent, Err: err}
	}
	c.Waited += slot.Waited
	return slot, nil
}

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
func (c *Call) authorize(ctx context.Context) (err error) {
	if c.caller.Credential.Interruptible {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.retry.Timeout())
		defer cancel()
	}
	c.secret, err = c.caller.Credential.Authorize(ctx, c.req.Header)
	return err
}

// renew asks for another credential than the one that was refused.
func (c *Call) renew(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, c.caller.Policy.Attempt)
	defer cancel()
	return c.caller.Credential.Renew(ctx, c.secret)
}

// failed is the failure of a call: that of the last attempt, and what came after it. Either may be nil.
func (c *Call) failed(ctx context.Context, last, after *Failure) *Failure {
	if last == nil {
		return after
	}
	limited := last.Status == http.StatusTooManyRequests
	if after == nil { // perhaps the context ended, or the limiter knows more of the limit than one answer
		after = &Failure{}
		if last.Outcome != Answered || limited {
			after.Err = ctx.Err()
		}
		if refused := c.caller.Limiter.Refused(c.Cost); refused != nil && (limited || last.Foreign) {
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
		last.Err = &cause{fmt.Errorf("%w; then: %w", last.Err, after.Err), c.secret}
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
