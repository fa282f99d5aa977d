package pipeline

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
)

// run is the state of a call under way.
type run struct {
	*Call
	req    *http.Request
	retry  retry.Call
	secret string // what the last attempt authenticated with
}

// attempts makes attempts until the policy says stop.
func (r *run) attempts(ctx context.Context) (*http.Response, *retry.Failure) {
	var last *retry.Failure
	for {
		within, cancel, slot, stop := r.prepare(ctx)
		if stop != nil {
			return nil, r.after(last, stop)
		}
		x := r.exchange(within, cancel, slot)
		last = x.failure
		decision := r.retry.Next(last, x.took, ctx.Err() != nil)
		decision, err := r.renewIfRefused(ctx, last, decision)
		if r.Pipeline.AttemptEnds != nil {
			r.Pipeline.AttemptEnds(ctx, r.Operation, Attempt{
				Number: r.retry.Attempts, Waited: slot.Waited, Took: x.took, Status: x.status, Failure: last,
				Repeated: decision.Action == retry.Again, Pause: decision.Wait, Reason: decision.Reason,
			})
		}
		switch decision.Action {
		case retry.Done:
			return x.resp, nil
		case retry.DoneEarlier:
			r.Result.Inferred = true
			return x.resp, nil
		case retry.Again:
			if err := Pause(ctx, decision.Wait); err != nil {
				return nil, r.after(last, &retry.Failure{Err: err})
			}
		default:
			if err != nil {
				return nil, r.after(last, &retry.Failure{Err: err})
			}
			return nil, r.after(last, r.meanwhile(ctx, last))
		}
	}
}

// stale is how long a caller may stand in line before it asks for its credential again, which is
// mostly the same.
const stale = 30 * time.Second

// prepare gets what an attempt needs: a context that bounds it, and a slot. The credential is never
// asked for while a slot is held.
func (r *run) prepare(ctx context.Context) (within context.Context, cancel context.CancelFunc, slot ratelimit.Slot, f *retry.Failure) {
	if refused := r.Pipeline.Limiter.Refused(r.Operation.Cost); refused != nil {
		return nil, nil, slot, heldBack(refused)
	}
	if err := r.nextRequest(ctx); err != nil {
		return nil, nil, slot, &retry.Failure{Outcome: retry.NotSent, Message: "the request cannot be repeated", Err: err}
	}
	start := time.Now()
	within, cancel = context.WithTimeout(ctx, r.retry.Timeout())
	defer func() {
		if f != nil {
			cancel()
		}
	}()
	if f = r.authorize(within, ctx); f != nil {
		return nil, cancel, slot, f
	}
	slot, f = r.waitForSlot(ctx)
	if f == nil && slot.Waited > stale {
		// Everybody behind in this line gives the slot back too, so that this takes no place away.
		waited := slot.Waited
		slot.Done(ratelimit.Answer{Unsent: true})
		cancel()
		within, cancel = context.WithTimeout(ctx, r.retry.Timeout())
		if f = r.authorize(within, ctx); f != nil {
			return nil, cancel, slot, f
		}
		slot, f = r.waitForSlot(ctx)
		slot.Waited += waited
	}
	// The exchange has a time of its own. Where it begins at once, as nearly always, that of the token will do.
	if r.Bound != nil || time.Since(start) > r.retry.Timeout()/50 {
		cancel()
		within, cancel = r.bound(ctx)
	}
	return within, cancel, slot, f
}

// bound returns the context of an exchange.
func (r *run) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.Bound != nil {
		return r.Bound(ctx, r.retry.Timeout())
	}
	return context.WithTimeout(ctx, r.retry.Timeout())
}

func (r *run) waitForSlot(ctx context.Context) (ratelimit.Slot, *retry.Failure) {
	slot, err := r.Pipeline.Limiter.Wait(ctx, r.Operation.Cost)
	r.Result.Waited += slot.Waited
	if refused, ok := errors.AsType[*ratelimit.RefusedError](err); ok {
		return slot, heldBack(refused)
	}
	if err != nil {
		return slot, &retry.Failure{Outcome: retry.NotSent, Message: "no place within the rate limits yet", Err: err}
	}
	return slot, nil
}

// nextRequest makes a fresh request for a further attempt: a transport may still be reading the
// one before.
func (r *run) nextRequest(ctx context.Context) error {
	if r.retry.Attempts == 0 {
		return nil
	}
	again := r.req.Clone(ctx)
	switch {
	case r.req.GetBody != nil:
		body, err := r.req.GetBody()
		if err != nil {
			return err
		}
		again.Body = body
	case r.req.Body != nil && r.req.Body != http.NoBody:
		return errors.New("its body was read, and it has no GetBody")
	}
	r.req = again
	return nil
}

// authorize sets the credential. A token source that listens to a context has as long as an attempt.
func (r *run) authorize(within, ctx context.Context) *retry.Failure {
	secret, err := r.Pipeline.Credential.Authorize(within, r.req.Header)
	if err != nil {
		return &retry.Failure{Outcome: retry.NotSent, Message: "no credential", Err: &cause{err, r.secret}, Everyone: ctx.Err() == nil}
	}
	r.secret = secret
	if err := ctx.Err(); err != nil { // the source may have taken its time
		return &retry.Failure{Outcome: retry.NotSent, Err: err}
	}
	return nil
}

// renewIfRefused looks at an answer for what it says of the credential. Where the decision is to renew it, it
// asks for another one and decides whether to go on with that.
func (r *run) renewIfRefused(ctx context.Context, f *retry.Failure, d retry.Decision) (retry.Decision, error) {
	renewals := &r.Pipeline.renewals
	if f == nil || f.Status != http.StatusUnauthorized {
		if f == nil || f.Outcome == retry.Rejected && f.Status != http.StatusTooManyRequests && !f.NotFromAPI {
			renewals.taken(r.secret)
		}
		return d, nil
	}
	fail := retry.Decision{Action: retry.Fail}
	if may := renewals.refused(r.secret); d.Action != retry.Renew {
		return d, nil
	} else if !may {
		fail.Reason = "the credential was refused, though it was just renewed"
		return fail, nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.Pipeline.Policy.Attempt)
	defer cancel()
	fresh, err := r.Pipeline.Credential.Renew(ctx, r.secret)
	renewals.renewed(r.secret, fresh)
	switch {
	case err != nil:
		fail.Reason = "the credential was refused, and cannot be renewed"
		return fail, &cause{err, r.secret}
	case fresh == "" || fresh == r.secret:
		fail.Reason = "the credential was refused, and there is no other"
		return fail, nil
	default:
		d.Action = retry.Again
		return d, nil
	}
}
