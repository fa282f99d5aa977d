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
)

// exchange is one request and its answer.
type exchange struct {
	resp    *http.Response // nil if no answer came
	status  int
	took    time.Duration
	failure *retry.Failure // nil if the request was accepted
}

// exchange sends the request and judges the answer. It ends the context and gives the slot back.
func (r *run) exchange(ctx context.Context, cancel context.CancelFunc, slot ratelimit.Slot) (x exchange) {
	defer cancel()
	start := time.Now()
	learned := ratelimit.Answer{Key: r.Key} // and so if the transport panics
	defer func() { slot.Done(learned) }()
	x.resp, x.failure = r.send(ctx) //nolint:bodyclose // it was read
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
	*r.req = *r.req.WithContext(w.attach(ctx)) // in place: it is a copy of our own, and the one on the heap is saved
	resp, err := r.Pipeline.Transport.RoundTrip(r.req)
	switch {
	case err == nil && resp == nil:
		return nil, r.broken(&w, errors.New("the transport returned neither an answer nor an error"))
	case err != nil:
		return nil, r.broken(&w, err)
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode < 200 { // 101: what follows is no answer, and has no end
		return resp, &retry.Failure{Outcome: retry.Unknown, Status: resp.StatusCode, Message: "no answer, but another protocol"}
	}
	limit := r.longest()
	if r.buffer == nil {
		r.buffer = buffers.Get().(*buffer)
	}
	r.Result.Body, err = r.buffer.read(resp.Body, limit+1)
	return resp, r.judge(resp, r.Result.Body, limit, err)
}

// buffer is what an answer is read into.
type buffer struct {
	bytes.Buffer
	limited io.LimitedReader
}

// read reads from the stream to its end, or as far as the limit.
func (b *buffer) read(stream io.Reader, limit int64) ([]byte, error) {
	b.Reset()
	b.limited = io.LimitedReader{R: stream, N: limit}
	_, err := b.ReadFrom(&b.limited)
	b.limited.R = nil
	return b.Bytes(), err
}

// buffers keeps buffers for further calls, since decoding copies what it keeps.
var buffers = sync.Pool{New: func() any { return new(buffer) }}

// Release lets another call use the memory of the answer: Result.Body and Result.Data are over.
func (c *Call) Release() {
	if b := c.buffer; b != nil && b.Cap() <= 1<<16 { // a large one should not stay in memory for good
		buffers.Put(b)
	}
	c.buffer, c.Result.Body, c.Result.Data = nil, nil, nil
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
