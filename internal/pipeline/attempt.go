package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
	"github.com/pdchannels/pdchannels/internal/sent"
)

// Attempt is what is told of one attempt.
type Attempt struct {
	Number   int           // from 1
	Waited   time.Duration // for its slot
	Took     time.Duration // from sending to the last byte read
	Failure  *Failure      // nil if it was accepted
	Repeated bool          // another one follows
	Pause    time.Duration // before that
	Reason   string        // why another follows, or none
}

// try is one request and its answer.
type try struct {
	watch  sent.Watch
	took   time.Duration
	header http.Header // of the answer; nil if none came
}

// make sends the request and judges the answer. It gives the slot back.
func (x *try) make(ctx context.Context, c *Call, slot ratelimit.Slot) (f *Failure) {
	start := time.Now()
	freed := ratelimit.Answer{Key: c.ID} // and so if the transport panics
	defer func() { slot.Done(freed) }()
	ctx, cancel := c.Bound(ctx, c.retry.Timeout())
	defer cancel()
	f = x.exchange(ctx, c)
	x.took = time.Since(start)
	freed.Status, freed.Header = http.StatusOK, x.header
	if f != nil {
		freed.Unsent, freed.Status, freed.NotFromAPI = f.Outcome == NotSent, f.Status, f.NotFromAPI
	}
	return f
}

func (x *try) exchange(ctx context.Context, c *Call) *Failure {
	req := c.req
	*req = *req.WithContext(x.watch.Attach(ctx)) // in place: the copy stays on the stack
	resp, err := c.caller.Transport.RoundTrip(req)
	switch {
	case err == nil && resp == nil:
		err = errors.New("the transport returned neither an answer nor an error")
		fallthrough
	case err != nil:
		return x.broken(err, c.token)
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	defer func() { _ = resp.Body.Close() }()

	if resp.StatusCode < 200 { // 101: what follows is no answer, and has no end
		return &Failure{Outcome: Unknown, Status: resp.StatusCode, Message: "no answer, but another protocol"}
	}
	x.header = resp.Header
	body := bodies.Get().(*body)
	defer body.release()
	text, err := body.read(resp.Body)
	return c.judge(resp, text, err)
}

// broken is the failure of a request without an answer.
func (x *try) broken(err error, token string) *Failure {
	if x.watch.Nothing(err) {
		return &Failure{Outcome: NotSent, Message: "no connection", Err: &cause{err, token}}
	}
	message := "no answer came"
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		message = "the connection was closed before an answer came"
	}
	return &Failure{Outcome: Unknown, Message: message, Err: &cause{err, token}}
}

// result is what the decision on a further attempt rests on.
func (x *try) result(ctx context.Context, f *Failure) retry.Result {
	r := retry.Result{Reach: retry.Accepted, Took: x.took, Ended: ctx.Err() != nil}
	if f == nil {
		return r
	}
	r.Status, r.Code, r.RetryAfter, r.NotFromAPI = f.Status, f.Code, f.RetryAfter, f.NotFromAPI || f.CutOff
	switch f.Outcome {
	case NotSent:
		r.Reach = retry.Unsent
	case Rejected:
		r.Reach = retry.Refused
	default:
		r.Reach = retry.Unknown
	}
	return r
}

// body is the answer's, as far as it is read.
type body struct {
	bytes.Buffer
	limited io.LimitedReader
}

// bodies keeps what answers are read into: decoding copies what it keeps.
var bodies = sync.Pool{New: func() any { return new(body) }}

// read reads to the end of from, or one byte beyond maxBody.
func (b *body) read(from io.Reader) ([]byte, error) {
	b.limited = io.LimitedReader{R: from, N: maxBody + 1}
	_, err := b.ReadFrom(&b.limited)
	b.limited.R = nil
	return b.Bytes(), err
}

func (b *body) release() {
	if b.Cap() <= 1<<16 { // one large answer should not stay in memory for good
		b.Reset()
		bodies.Put(b)
	}
}
