package channels

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/pdchannels/pdchannels/internal/pipeline"
)

// Observer is told what a client does, for metrics and traces; see [WithObserver]. Its
// methods are called by the goroutine that makes the call, many at a time: they must be
// quick, and safe for concurrent use. No event holds a credential, an id or a text of a message.
//
// A trace of each request needs no observer: an instrumented transport, given by
// [WithHTTPClient], sees the context of the call.
type Observer interface {
	// CallBegins is told of a call before anything is done. The call goes on with the context it
	// returns, which is ctx or one derived from it.
	CallBegins(ctx context.Context, operation string) context.Context
	// AttemptEnds is told of each request, when it is decided what follows.
	AttemptEnds(ctx context.Context, e AttemptEvent)
	// CallEnds is told of each call at its end, also of one that was not sent.
	CallEnds(ctx context.Context, e CallEvent)
}

// Ending says how an attempt or a call ended.
type Ending struct {
	Accepted   bool    // it is done; then Outcome means nothing
	Outcome    Outcome // of a failure
	StatusCode int     // of the failure's answer; 0 if none came
	Code       string  // the API's code; empty if it gave none
}

// AttemptEvent tells of one request.
type AttemptEvent struct {
	Operation string        // the API's name of the call
	Number    int           // which attempt at the call it was, from 1
	Waited    time.Duration // for a place within the rate limits, before it
	Took      time.Duration // from sending to the last byte read
	Ending
	Repeated bool          // another attempt follows
	Pause    time.Duration // before that one; waiting for the rate limits comes on top
	Reason   string        // for people: why another follows, or why none does; empty if it was accepted
}

// CallEvent tells of a call that has ended.
type CallEvent struct {
	Operation string        // the API's name of the call
	Attempts  int           // how many requests were made; 0 if nothing was sent
	Waited    time.Duration // for places within the rate limits, all together
	Took      time.Duration // from beginning to end
	Ending
	Inferred bool   // accepted, as the answer to a later attempt shows
	Reason   string // for people: why it failed, in words of this package
}

// reason is what is said of a failure where nothing may be told of messages: what the API
// itself said is left out.
func (e *Error) reason() string {
	switch {
	case e.HeldBack != nil:
		return e.HeldBack.Error()
	case errors.Is(e.Err, context.Canceled), errors.Is(e.Err, context.DeadlineExceeded):
		return "the time was over, or the caller gave up"
	case e.StatusCode != 0:
		return "it was answered so"
	case e.Message != "":
		return e.Message
	default:
		return "the request is invalid"
	}
}

// tellAttempt is told of each attempt by the caller.
func (c *Client) tellAttempt(ctx context.Context, call *pipeline.Call, a pipeline.Attempt) {
	f := a.Failure
	if a.Repeated {
		c.log.LogAttrs(ctx, slog.LevelInfo, "channels: attempt failed, another follows",
			slog.String("operation", call.Name), slog.Int("attempt", a.Number), slog.String("reason", a.Reason),
			slog.Int("status", f.Status), slog.String("code", f.Code),
			slog.Duration("took", a.Took), slog.Duration("pause", a.Pause))
	}
	if c.observer == nil {
		return
	}
	ending := Ending{Accepted: f == nil}
	if f != nil {
		ending = Ending{Outcome: Outcome(f.Outcome), StatusCode: f.Status, Code: f.Code}
	}
	c.observer.AttemptEnds(ctx, AttemptEvent{
		Operation: call.Name, Number: a.Number, Waited: a.Waited, Took: a.Took, Ending: ending,
		Repeated: a.Repeated, Pause: a.Pause, Reason: a.Reason,
	})
}

// tellEnd tells of a call that has ended; e is nil if it was accepted.
func (c *Client) tellEnd(ctx context.Context, call *pipeline.Call, e *Error, took time.Duration) {
	switch {
	case e != nil:
		c.log.LogAttrs(ctx, slog.LevelWarn, "channels: call failed",
			slog.String("operation", call.Name), slog.Int("attempts", call.Attempts),
			slog.Duration("took", took), slog.Duration("waited", call.Waited),
			slog.String("outcome", e.Outcome.String()), slog.String("reason", e.reason()), slog.Int("status", e.StatusCode),
			slog.String("code", e.Code), slog.String("correlation_id", e.CorrelationID))
	case c.log.Enabled(ctx, slog.LevelDebug): // the arguments cost even if nothing is logged
		c.log.LogAttrs(ctx, slog.LevelDebug, "channels: call",
			slog.String("operation", call.Name), slog.Int("attempts", call.Attempts),
			slog.Duration("took", took), slog.Duration("waited", call.Waited), slog.Bool("inferred", call.Inferred))
	}
	if c.observer != nil {
		ended := CallEvent{
			Operation: call.Name, Attempts: call.Attempts, Waited: call.Waited, Took: took,
			Ending: Ending{Accepted: e == nil}, Inferred: call.Inferred,
		}
		if e != nil {
			ended.Reason = e.reason()
			ended.Ending = Ending{Outcome: e.Outcome, StatusCode: e.StatusCode, Code: e.Code}
		}
		c.observer.CallEnds(ctx, ended)
	}
}
