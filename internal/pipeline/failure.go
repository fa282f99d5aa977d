package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
	"github.com/pdchannels/pdchannels/internal/secret"
)

// heldBack is the failure of a call that the limiter does not let go.
func heldBack(refused *ratelimit.RefusedError) *retry.Failure {
	return &retry.Failure{
		Outcome: retry.NotSent, Message: "held back, since " + refused.Reason.String(), HeldBack: refused,
		RetryAfter: (refused.RetryAfter + time.Second - 1).Truncate(time.Second),
	}
}

// after is the failure of a call: that of its last attempt, if there was one, and what kept it from
// another.
func (r *run) after(last, stop *retry.Failure) *retry.Failure {
	if last == nil {
		return stop
	}
	if stop.HeldBack != nil {
		last.HeldBack, last.RetryAfter = stop.HeldBack, stop.RetryAfter
	}
	last.Err = join(last.Err, stop.Err, r.secret)
	return last
}

// meanwhile is what happened beside a failed attempt: the limiter may know more of a limit than one
// answer tells, or the context has ended.
func (r *run) meanwhile(ctx context.Context, last *retry.Failure) *retry.Failure {
	limited := last.Status == http.StatusTooManyRequests
	if limited || last.NotFromAPI {
		if refused := r.Pipeline.Limiter.Refused(r.Operation.Cost); refused != nil {
			return heldBack(refused)
		}
	}
	if limited || last.Outcome != retry.Rejected {
		return &retry.Failure{Err: ctx.Err()}
	}
	return &retry.Failure{}
}

func join(err, then error, secret string) error {
	switch {
	case then == nil || errors.Is(err, then):
		return err
	case err == nil:
		return then
	default:
		return &cause{fmt.Errorf("%w; then: %w", err, then), secret}
	}
}

// Printable returns the error with a text that is bounded and without the secret.
func Printable(err error, secret string) error { return &cause{err, secret} }

// cause is an error from elsewhere with a text that can be shown: net/http quotes what a
// server sent, at any length, and that may echo the secret of the request. errors.Is and errors.As
// find it as if it were the error itself, but it is not unwrapped.
type cause struct {
	err    error
	secret string
}

func (c *cause) Error() string              { return secret.Clean(c.err.Error(), c.secret, 512) }
func (c *cause) Is(target error) bool       { return errors.Is(c.err, target) }
func (c *cause) As(target any) bool         { return errors.As(c.err, target) }
func (c *cause) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.Error()) }
