package channels

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/pdchannels/pdchannels/gen/channelsclient"
	"github.com/pdchannels/pdchannels/internal/pipeline"
	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
)

// operation is one of the API's.
type operation struct {
	name string     // as in spec/channels.yaml
	kind retry.Kind // what repeating it does
	cost int        // in tokens of the daily budget
}

// do makes a call, unless its request is invalid. All that can go wrong becomes an [*Error] here
// and nowhere else.
func (c *Client) do(ctx context.Context, op *operation, invalid error, call *pipeline.Call) error {
	start := time.Now()
	call.Kind, call.Cost, call.Name = op.kind, op.cost, op.name
	if c.observer != nil {
		ctx = c.observer.CallBegins(ctx, op.name)
	}
	var e *Error
	if invalid != nil {
		e = &Error{Operation: op.name, Outcome: NotSent, Err: invalid}
	} else if f := c.caller.Do(ctx, call); f != nil {
		e = newError(call, f)
	}
	c.tellEnd(ctx, call, e, time.Since(start))
	if e != nil {
		return e
	}
	if call.Odd != "" {
		c.log.LogAttrs(ctx, slog.LevelWarn, "channels: an answer has a value of an unexpected type; its zero value is returned",
			slog.String("operation", op.name), slog.String("field", call.Odd))
	}
	return nil
}

func newError(call *pipeline.Call, f *pipeline.Failure) *Error {
	e := &Error{
		Operation: call.Name, Outcome: Outcome(f.Outcome), Attempts: call.Attempts, StatusCode: f.Status,
		Code: f.Code, Message: f.Message, Info: f.Info, RetryAfter: f.RetryAfter, CorrelationID: f.CorrelationID,
		Body: f.Body, Err: f.Err, NotFromAPI: f.NotFromAPI, cutOff: f.CutOff, earlier: f.Earlier, everyone: f.Everyone,
	}
	if f.Held != nil {
		e.HeldBack = heldKind(f.Held.Reason)
	}
	return e
}

// heldKind is the sentinel of a reason to hold calls back.
func heldKind(r ratelimit.Reason) error {
	switch r {
	case ratelimit.Daily:
		return ErrDailyLimit
	case ratelimit.Blocked:
		return ErrBlocked
	default:
		return ErrRateLimited
	}
}

// answer is a generated one that can be judged.
type answer[T any] struct {
	body T
	says func(*T) (success, complete bool)
}

func (a *answer[T]) Target() any {
	var empty T
	a.body = empty
	return &a.body
}

func (a *answer[T]) Judge() (success, complete bool) { return a.says(&a.body) }

// Refusal reads the envelope that all refusals have in common.
func (a *answer[T]) Refusal(body []byte) (code, message, info string, err error) {
	var said channelsclient.OtherError
	err = json.Unmarshal(body, &said)
	return said.AdditionalData.Code, said.Error, said.ErrorInfo, err
}
