package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
)

// exchange is one request and its answer.
type exchange struct {
	resp    *http.Response // its body in memory; nil if no answer came
	status  int
	took    time.Duration
	failure *retry.Failure // nil if the request was accepted
}

// exchange sends the request, judges the answer and gives the slot back.
func (r *run) exchange(ctx context.Context, slot ratelimit.Slot) (x exchange) {
	start := time.Now()
	learned := ratelimit.Answer{Key: r.Key} // and so if the transport panics
	defer func() { slot.Done(learned) }()
	bound := r.Bound
	if bound == nil {
		bound = context.WithTimeout
	}
	ctx, cancel := bound(ctx, r.retry.Timeout())
	defer cancel()
	x.resp, x.failure = r.send(ctx) //nolint:bodyclose // it is in memory
	x.took = time.Since(start)
	if x.resp != nil {
		x.status, learned.Header = x.resp.StatusCode, x.resp.Header
	}
	r.Result.Status, learned.Status = x.status, x.status
	if f := x.failure; f != nil {
		learned.Unsent, learned.NotFromAPI = f.Outcome == retry.NotSent, f.NotFromAPI
	}
	return x
}

// send makes the request and judges the answer. The response is nil if none came.
func (r *run) send(ctx context.Context) (*http.Response, *retry.Failure) {
	var w watch
	resp, err := r.Pipeline.Transport.RoundTrip(r.req.WithContext(w.attach(ctx)))
	switch {
	case err == nil && resp == nil:
		return nil, r.broken(&w, errors.New("the transport returned neither an answer nor an error"))
	case err != nil:
		return nil, r.broken(&w, err)
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	stream := resp.Body
	defer func() { _ = stream.Close() }()
	if resp.StatusCode < 200 { // 101: what follows is no answer, and has no end
		return resp, &retry.Failure{Outcome: retry.Unknown, Status: resp.StatusCode, Message: "no answer, but another protocol"}
	}
	limit := r.longest()
	body, err := io.ReadAll(io.LimitReader(stream, limit+1))
	f := r.judge(resp, body, limit, err)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, f
}

// longest bounds what is read of an answer, after decompression. An answer may echo what was sent,
// and spell each character of it with up to four times as many bytes.
func (r *run) longest() int64 { return 1<<20 + 4*max(r.req.ContentLength, 0) }

// broken is the failure of a request without an answer.
func (r *run) broken(w *watch, err error) *retry.Failure {
	f := &retry.Failure{Outcome: retry.Unknown, Message: "no answer came", Err: &cause{err, r.secret}}
	switch {
	case w.nothingSent(err):
		f.Outcome, f.Message = retry.NotSent, "no connection"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.Message = "the connection was closed before an answer came"
	}
	return f
}
