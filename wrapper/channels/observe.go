package channels

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/pdchannels/pdchannels/internal/pipeline"
)

// Observer is a set of functions that are told what a client does, for metrics and traces; see
// [WithObserver]. Any of them may be nil. They are called on the goroutine that makes the call, by
// many goroutines at a time: they must be quick, and safe for concurrent use. No event holds a
// credential, an id or the text of a message.
//
// To trace each request no observer is needed: an instrumented transport, given by
// [WithHTTPClient], gets the context of the call.
type Observer struct {
	// CallBegins is called before anything is done. The call goes on with the context it returns, which is ctx
	// or derived from it.
	CallBegins func(ctx context.Context, operation string) context.Context
	// AttemptEnds is called after each request, when it is decided what follows.
	AttemptEnds func(ctx context.Context, e AttemptEvent)
	// CallEnds is called at the end of each call, also of one that was not sent.
	CallEnds func(ctx context.Context, e CallEvent)
}

// AttemptEvent tells of one request.
type AttemptEvent struct {
	Operation  string        // the API's name of the call
	Number     int           // which attempt at the call it was, from 1
	Waited     time.Duration // for a place within the rate limits, before it
	Took       time.Duration // from sending to the last byte read
	Outcome    Outcome       // Accepted, or how it failed
	StatusCode int           // the HTTP status; 0 if no answer came
	Code       string        // the API's code, if it failed with one
	Repeated   bool          // another attempt follows
	Pause      time.Duration // before that one; waiting for the rate limits comes on top
	Reason     string        // for people: why another follows, or why none does; empty if it was accepted
}

// CallEvent tells of a call that has ended.
type CallEvent struct {
	Operation  string        // the API's name of the call
	Attempts   int           // how many requests were made; 0 if nothing was sent
	Waited     time.Duration // for places within the rate limits, all together
	Took       time.Duration // from beginning to end
	Outcome    Outcome       // Accepted, or how it failed
	StatusCode int           // the HTTP status of the last answer; 0 if none came
	Code       string        // the API's code, if it failed with one
	Inferred   bool          // accepted, as the answer to a later attempt shows
	Reason     string        // for people: why it failed, in words of this package
}

// reason says why a call failed in words of this package: the API's own may quote a message.
func (e *Error) reason() string {
	switch {
	case e.HeldBack != nil:
		return e.HeldBack.Error()
	case errors.Is(e.Err, context.Canceled), errors.Is(e.Err, context.DeadlineExceeded):
		return "canceled or timed out"
	case e.StatusCode != 0 && e.Outcome == Rejected:
		return "rejected by the API"
	case e.StatusCode != 0:
		return "the answer does not tell the result"
	case e.Message != "":
		return e.Message
	default:
		return "the request is invalid"
	}
}

// attemptEnded is told of each attempt by the pipeline.
func (c *Client) attemptEnded(ctx context.Context, op *pipeline.Operation, a pipeline.Attempt) {
	outcome, code := Accepted, ""
	if a.Failure != nil {
		outcome, code = Outcome(a.Failure.Outcome), a.Failure.Code
	}
	if a.Repeated {
		c.log.LogAttrs(ctx, slog.LevelInfo, "channels: attempt failed, another follows",
			slog.String("operation", op.Name), slog.Int("attempt", a.Number), slog.String("reason", a.Reason),
			slog.Int("status", a.Status), slog.String("code", code),
			slog.Duration("took", a.Took), slog.Duration("pause", a.Pause))
	}
	if c.observer.AttemptEnds != nil {
		c.observer.AttemptEnds(ctx, AttemptEvent{
			Operation: op.Name, Number: a.Number, Waited: a.Waited, Took: a.Took, Outcome: outcome, StatusCode: a.Status, Code: code,
			Repeated: a.Repeated, Pause: a.Pause, Reason: a.Reason,
		})
	}
}

// callEnded tells log and observer of a call that has ended; e is nil if it was accepted.
func (c *Client) callEnded(ctx context.Context, call *call, e *Error) {
	event := CallEvent{
		Operation: call.Operation.Name, Attempts: call.Result.Attempts, Waited: call.Result.Waited, Took: time.Since(call.start),
		Outcome: Accepted, StatusCode: call.Result.Status, Inferred: call.Result.Inferred,
	}
	if e != nil {
		event.Outcome, event.StatusCode, event.Code, event.Reason = e.Outcome, e.StatusCode, e.Code, e.reason()
	}
	if c.log.Enabled(ctx, slog.LevelDebug) { // the arguments cost even if nothing is logged
		attrs := []slog.Attr{
			slog.String("operation", event.Operation), slog.Int("attempts", event.Attempts),
			slog.Duration("took", event.Took), slog.Duration("waited", event.Waited), slog.String("outcome", event.Outcome.String()),
		}
		if e != nil {
			attrs = append(attrs, slog.String("reason", event.Reason), slog.Int("status", e.StatusCode),
				slog.String("code", e.Code), slog.String("correlation_id", e.CorrelationID))
		}
		c.log.LogAttrs(ctx, slog.LevelDebug, "channels: call", attrs...)
	}
	if c.observer.CallEnds != nil {
		c.observer.CallEnds(ctx, event)
	}
}
