package channels

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/gen/channelsclient"
	"github.com/pdchannels/pdchannels/internal/pipeline"
	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
)

// call is one call, from its beginning to its end: the generated client api makes the request, and
// the pipeline carries it.
type call struct {
	pipeline.Call
	api    channelsclient.Client
	client *Client
	start  time.Time
}

// begin begins a call of an operation on what the key names, or fails if its request is invalid. The call goes
// on with the returned context.
func (c *Client) begin(ctx context.Context, op *pipeline.Operation, key string, invalid error) (context.Context, *call, error) {
	if problem := c.unusable(ctx); problem != nil {
		return nil, nil, &Error{Operation: op.Name, Outcome: NotSent, Err: problem}
	}
	call := &call{Call: pipeline.Call{Pipeline: c.pipeline, Operation: op, Key: key}, client: c, start: time.Now()}
	if c.observer.CallBegins != nil {
		if derived := c.observer.CallBegins(ctx, op.Name); derived != nil {
			ctx = derived
		}
	}
	if invalid != nil {
		return nil, nil, call.end(ctx, nil, &retry.Failure{Outcome: retry.NotSent, Err: invalid})
	}
	baseURL, f := c.baseURL(ctx)
	if f != nil {
		return nil, nil, call.end(ctx, nil, f)
	}
	call.api = channelsclient.Client{Server: baseURL, Client: &call.Call}
	return ctx, call, nil
}

// unusable says why nothing can be called; nil if something can.
func (c *Client) unusable(ctx context.Context) error {
	switch {
	case c == nil || c.pipeline == nil:
		return errors.New("the client is empty: make one with channels.NewClient")
	case ctx == nil:
		return errors.New("the context is nil")
	default:
		return nil
	}
}

// end ends a call with what the generated method returned, and tells log and observer. All that can go
// wrong becomes an [*Error] here.
func (c *call) end(ctx context.Context, resp *http.Response, err error) error {
	if resp != nil {
		_ = resp.Body.Close() // it was read
	}
	var e *Error
	if err != nil {
		f, ok := errors.AsType[*retry.Failure](err)
		if !ok { // the generated method made no request
			f = &retry.Failure{Outcome: retry.NotSent, Message: "the request cannot be built", Err: err}
		}
		e = newError(c.Operation.Name, c.Result.Attempts, f)
		e.namesNothing = c.Operation == &probe
	}
	c.client.callEnded(ctx, c, e)
	if e != nil {
		return e
	}
	return nil
}

// decode reads the data of the answer. What cannot be read is zero.
func (c *call) decode(ctx context.Context, data any) {
	if c.Result.Data == nil || string(c.Result.Data) == "null" {
		c.logUnreadable(ctx, "data")
		return
	}
	mistyped, is := errors.AsType[*json.UnmarshalTypeError](json.Unmarshal(c.Result.Data, data))
	switch {
	case !is:
	case mistyped.Field == "":
		c.logUnreadable(ctx, "data")
	default:
		c.logUnreadable(ctx, "data."+mistyped.Field)
	}
}

// logUnreadable logs where something stood that cannot be read. It does not log what stood there, since nobody
// knows what that is.
func (c *call) logUnreadable(ctx context.Context, field string) {
	c.client.log.WarnContext(ctx, "channels: a field of an answer cannot be read; its zero value is returned",
		slog.String("operation", c.Operation.Name), slog.String("field", field))
}

// logUnlisted logs a value of a request that the document does not list.
func (c *Client) logUnlisted(ctx context.Context, op *pipeline.Operation, field string) {
	c.log.WarnContext(ctx, "channels: a value that the API does not document is sent",
		slog.String("operation", op.Name), slog.String("field", field))
}

func newError(operation string, attempts int, f *retry.Failure) *Error {
	e := &Error{
		Operation: operation, Outcome: Outcome(f.Outcome), Attempts: attempts, StatusCode: f.Status,
		Code: f.Code, Message: f.Message, Info: f.Info, RetryAfter: f.RetryAfter, CorrelationID: f.CorrelationID,
		Body: f.Body, Err: f.Err, NotFromAPI: f.NotFromAPI, cutOff: f.CutOff, earlier: f.Earlier, everyone: f.Everyone,
	}
	if refused, ok := errors.AsType[*ratelimit.RefusedError](f.HeldBack); ok {
		e.HeldBack = heldKind(refused.Reason)
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
