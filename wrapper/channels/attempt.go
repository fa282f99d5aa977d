package channels

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/internal/answertext"
	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
	"github.com/pdchannels/pdchannels/internal/sent"
)

// attempt is one request and its answer.
type attempt struct {
	watch  sent.Watch
	waited time.Duration
	took   time.Duration
	header http.Header // of the answer; nil if none came
}

// make sends the request and judges the answer. It gives the slot back.
func (a *attempt) make(ctx context.Context, c *call, slot ratelimit.Slot) (e *Error) {
	a.waited = slot.Waited
	start := time.Now()
	freed := ratelimit.Answer{Key: c.id} // and so if the transport panics
	defer func() { slot.Done(freed) }()
	ctx, cancel := c.within(ctx, c.retry.Timeout())
	defer cancel()
	e = a.exchange(ctx, c)
	a.took = time.Since(start)
	freed.Status, freed.Header = http.StatusOK, a.header
	if e != nil {
		freed.Unsent, freed.Status, freed.Foreign = e.Outcome == NotSent, e.StatusCode, e.Foreign
	}
	return e
}

func (a *attempt) exchange(ctx context.Context, c *call) *Error {
	if err := ctx.Err(); err != nil { // the slot or the token may have taken its time
		return &Error{Outcome: NotSent, Err: err}
	}
	req := c.req
	*req = *req.WithContext(a.watch.Attach(ctx)) // in place: the copy stays on the stack
	resp, err := c.client.transport.RoundTrip(req)
	switch {
	case err == nil && resp == nil:
		err = errors.New("the transport returned neither an answer nor an error")
		fallthrough
	case err != nil:
		return a.broken(err, c.secret)
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	defer func() { _ = resp.Body.Close() }()

	if resp.StatusCode < 200 { // 101: what follows is no answer, and has no end
		return &Error{Outcome: Unknown, StatusCode: resp.StatusCode, Message: "no answer, but another protocol"}
	}
	a.header = resp.Header
	body := bodies.Get().(*bytes.Buffer)
	defer putBody(body)
	c.answer.reset()
	odd, e := judge(resp, body, c.secret, c.answer)
	if e == nil && odd != "" {
		c.client.log.LogAttrs(ctx, slog.LevelWarn, "channels: an answer has a value of an unexpected type; its zero value is returned",
			slog.String("operation", c.name), slog.String("field", odd))
	}
	return e
}

// broken is the error of a request without an answer.
func (a *attempt) broken(err error, secret string) *Error {
	if a.watch.Nothing(err) {
		return &Error{Outcome: NotSent, Message: "no connection", Err: &cause{err, secret}}
	}
	message := "no answer came"
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		message = "the connection was closed before an answer came"
	}
	return &Error{Outcome: Unknown, Message: message, Err: &cause{err, secret}}
}

// result is what the decision on a further attempt rests on.
func (a *attempt) result(ctx context.Context, e *Error) retry.Result {
	r := retry.Result{Reach: retry.Accepted, Took: a.took, Ended: ctx.Err() != nil}
	if e == nil {
		return r
	}
	r.Status, r.Code, r.RetryAfter = e.StatusCode, e.Code, e.RetryAfter
	switch e.Outcome {
	case NotSent:
		r.Reach = retry.Unsent
	case Answered:
		r.Reach = retry.Refused
	default:
		r.Reach = retry.Unknown
	}
	return r
}

var acceptJSON = []string{"application/json"}

// bodies keeps buffers for answers: decoding copies what it keeps.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func putBody(b *bytes.Buffer) {
	if b.Cap() <= 1<<16 { // one large answer should not stay in memory for good
		b.Reset()
		bodies.Put(b)
	}
}

// cause is an error from elsewhere with a text that can be shown: net/http quotes what a
// server sent, at any length, and that may echo the secret of the request. It is found by
// errors.Is and errors.As as if it were the error itself, but not unwrapped.
type cause struct {
	err    error
	secret string
}

func (c *cause) Error() string              { return answertext.Clean(c.err.Error(), c.secret, 512) }
func (c *cause) Is(target error) bool       { return errors.Is(c.err, target) }
func (c *cause) As(target any) bool         { return errors.As(c.err, target) }
func (c *cause) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.Error()) }
