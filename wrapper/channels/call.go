package channels

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
)

// operation is one of the API's.
type operation struct {
	name string     // as in spec/channels.yaml
	kind retry.Kind // what repeating it does
	cost int        // in tokens of the daily budget
}

// call is one call on its way.
type call struct {
	operation
	id       string     // tells it from other calls of the operation
	order    messageKey // of a message; zero for calls without an order
	validate func() error
	build    func(baseURL string) (*http.Request, error)
	answer   answer
	within   bound // of each attempt; nil: context.WithTimeout

	client *Client
	req    *http.Request
	retry  retry.Call
	secret string        // what the last attempt authenticated with
	waited time.Duration // for places within the limits
	// inferred says that an earlier attempt of unknown outcome is known by the last answer to
	// have been accepted. Then answer holds nothing.
	inferred bool
}

// A bound makes of the context of a call that of an attempt, which lasts so long at most.
type bound func(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc)

// messageKey is what calls keep their order by.
type messageKey struct{ channel, id string }

// do makes the call. All that can go wrong on the way becomes an [*Error] here and nowhere else.
func (c *Client) do(ctx context.Context, call *call) error {
	start := time.Now()
	call.client, call.retry = c, c.policy.Begin(call.kind)
	if call.within == nil {
		call.within = context.WithTimeout
	}
	if c.observer != nil {
		ctx = c.observer.CallBegins(ctx, call.name)
	}
	e := call.run(ctx)
	if e != nil {
		e.Operation, e.Attempts = call.name, call.retry.Attempts
		if call.retry.Unknown {
			e.Outcome = Unknown // whatever the last attempt says of itself
		}
	}
	call.tellEnd(ctx, e, time.Since(start))
	if e == nil {
		return nil
	}
	return e
}

// run validates, waits for its turn, encodes once, and makes attempts.
func (c *call) run(ctx context.Context) *Error {
	if err := c.validate(); err != nil {
		return &Error{Outcome: NotSent, Err: err}
	}
	if err := ctx.Err(); err != nil {
		return &Error{Outcome: NotSent, Err: err}
	}
	if c.order != (messageKey{}) {
		if err := c.client.lines.Enter(ctx, c.order); err != nil {
			return &Error{Outcome: NotSent, Message: "an earlier call for this message goes on", Err: err}
		}
		defer c.client.lines.Leave(c.order)
	}
	baseURL, err := c.client.baseURL(ctx)
	if err != nil {
		return &Error{Outcome: NotSent, Message: "no base URL", Err: &cause{err, ""}}
	}
	if c.req, err = c.build(baseURL); err != nil {
		return &Error{Outcome: NotSent, Message: "the request cannot be built", Err: err}
	}
	c.req.Header["Accept"] = acceptJSON
	c.req.Header["User-Agent"] = c.client.userAgent

	var last *Error
	for {
		slot, e := c.prepare(ctx)
		if e != nil {
			return c.failed(ctx, last, e)
		}
		var a attempt
		last = a.make(ctx, c, slot)
		decision := c.retry.Next(a.result(ctx, last))
		c.tellAttempt(ctx, &a, last, decision)
		switch decision.Action {
		case retry.Done:
			return nil
		case retry.DoneEarlier:
			c.inferred = true
			return nil
		case retry.Fail:
			return c.failed(ctx, last, nil)
		case retry.Renew:
			if renewed, err := c.renew(ctx); err != nil {
				return c.failed(ctx, last, &Error{Err: &cause{err, c.secret}})
			} else if !renewed {
				return c.failed(ctx, last, nil)
			}
		case retry.Again:
			if err := pause(ctx, decision.Wait); err != nil {
				return c.failed(ctx, last, &Error{Err: err})
			}
		}
	}
}

// prepare gets what an attempt needs: leave of the latches, a credential, and then a slot,
// so that a token being renewed holds none.
func (c *call) prepare(ctx context.Context) (ratelimit.Slot, *Error) {
	if refused := c.client.limiter.Refused(c.cost); refused != nil {
		return ratelimit.Slot{}, heldBack(refused)
	}
	if c.retry.Attempts > 0 {
		if err := c.repeatRequest(ctx); err != nil {
			return ratelimit.Slot{}, &Error{Outcome: NotSent, Message: "the request cannot be repeated", Err: err}
		}
	}
	if err := c.authorize(ctx); err != nil {
		return ratelimit.Slot{}, &Error{Outcome: NotSent, Message: "no credential", Err: &cause{err, c.secret}}
	}
	slot, err := c.client.limiter.Wait(ctx, c.cost)
	if refused, ok := err.(*ratelimit.RefusedError); ok { //nolint:errorlint // Wait returns nothing that wraps one
		return slot, heldBack(refused)
	}
	if err != nil {
		return slot, &Error{Outcome: NotSent, Message: "no place within the rate limits yet", Err: err}
	}
	if err := ctx.Err(); err != nil { // the token may have taken its time
		slot.Done(ratelimit.Answer{Unsent: true})
		return slot, &Error{Outcome: NotSent, Err: err}
	}
	c.waited += slot.Waited
	return slot, nil
}

// repeatRequest makes the request anew: a transport may still be reading the one of the
// attempt before.
func (c *call) repeatRequest(ctx context.Context) error {
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
func (c *call) authorize(ctx context.Context) (err error) {
	if c.client.credential.interruptible {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.retry.Timeout())
		defer cancel()
	}
	c.secret, err = c.client.credential.authorize(ctx, c.req.Header)
	return err
}

// renew asks for another credential than the one that was refused, and reports whether there is one.
func (c *call) renew(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, c.client.policy.Attempt)
	defer cancel()
	return c.client.credential.renew(ctx, c.secret)
}

// failed is the error of a call: that of the last attempt, and what came after it. Either may be nil.
func (c *call) failed(ctx context.Context, last, after *Error) *Error {
	if last == nil {
		return after
	}
	if after == nil { // perhaps the context ended, or the limiter knows more of the limit than one answer
		after = &Error{}
		if last.Outcome != Answered || last.rateLimited() {
			after.Err = ctx.Err()
		}
		if refused := c.client.limiter.Refused(c.cost); refused != nil && (last.rateLimited() || last.Foreign) {
			after = heldBack(refused)
		}
	}
	if after.held != nil {
		last.held, last.RetryAfter = after.held, after.RetryAfter
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

// pause waits, as long as the context lasts.
func pause(ctx context.Context, d time.Duration) error {
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
