package channels

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pdchannels/pdchannels/gen/channelsclient"
)

// maxBody bounds what is read of an answer, after decompression. The largest answer there
// is echoes one message.
const maxBody = 1 << 20

// call makes one call: validate, build, authenticate, send, read, judge. All that can go
// wrong on the way becomes an [*Error] here and nowhere else.
func (c *Client) call(ctx context.Context, operation string, validate func() error, build func(baseURL string) (*http.Request, error), a answer) error {
	start := time.Now()
	e := c.attempt(ctx, operation, validate, build, a)
	if e == nil {
		if c.log.Enabled(ctx, slog.LevelDebug) { // the arguments cost even if nothing is logged
			c.log.LogAttrs(ctx, slog.LevelDebug, "channels: call", slog.String("operation", operation), slog.Duration("took", time.Since(start)))
		}
		return nil
	}
	e.Operation = operation
	c.log.LogAttrs(ctx, slog.LevelWarn, "channels: call failed",
		slog.String("operation", operation), slog.Duration("took", time.Since(start)),
		slog.String("outcome", e.Outcome.String()), slog.Int("status", e.StatusCode),
		slog.String("code", e.Code), slog.String("correlation_id", e.CorrelationID))
	return e
}

func (c *Client) attempt(ctx context.Context, operation string, validate func() error, build func(baseURL string) (*http.Request, error), a answer) *Error {
	if err := validate(); err != nil {
		return &Error{Outcome: NotSent, Err: err}
	}
	if err := ctx.Err(); err != nil {
		return &Error{Outcome: NotSent, Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	baseURL, err := c.baseURL(ctx)
	if err != nil {
		return &Error{Outcome: NotSent, Message: "no base URL", Err: &cause{err, ""}}
	}
	req, err := build(baseURL)
	if err != nil {
		return &Error{Outcome: NotSent, Message: "the request cannot be built", Err: err}
	}

	req.Header["Accept"] = acceptJSON
	req.Header["User-Agent"] = c.userAgent
	secret, err := c.credential.authorize(ctx, req.Header)
	if err != nil {
		return &Error{Outcome: NotSent, Message: "no credential", Err: &cause{err, secret}}
	}
	if err := ctx.Err(); err != nil { // the token may have taken its time
		return &Error{Outcome: NotSent, Err: err}
	}

	var w watch
	*req = *req.WithContext(w.attach(ctx)) // in place: the copy stays on the stack
	resp, err := c.transport.RoundTrip(req)
	switch {
	case err == nil && resp == nil:
		err = errors.New("the transport returned neither an answer nor an error")
		fallthrough
	case err != nil:
		return w.broken(err, secret)
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	defer func() { _ = resp.Body.Close() }()

	if resp.StatusCode < 200 { // 101: what follows is no answer, and has no end
		return &Error{Outcome: Unknown, StatusCode: resp.StatusCode, Message: "no answer, but another protocol"}
	}
	body := bodies.Get().(*bytes.Buffer)
	defer putBody(body)
	odd, e := judge(resp, body, secret, a)
	if e == nil && odd != "" {
		c.log.LogAttrs(ctx, slog.LevelWarn, "channels: an answer has a value of an unexpected type; its zero value is returned",
			slog.String("operation", operation), slog.String("field", odd))
	}
	return e
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

// watch sees whether anything of a request may have left: whether a connection was asked
// for, and whether there was one to write to. Only net/http's own transport reports that, so
// silence proves nothing. That the headers were written comes too late to go by: over HTTP/2
// it is reported after they have left.
type watch struct {
	trace            httptrace.ClientTrace
	asked, connected atomic.Bool
}

func (w *watch) attach(ctx context.Context) context.Context {
	w.trace.GetConn = func(string) { w.asked.Store(true) }
	w.trace.GotConn = func(httptrace.GotConnInfo) { w.connected.Store(true) }
	return httptrace.WithClientTrace(ctx, &w.trace)
}

// broken is the error of a request without an answer.
func (w *watch) broken(err error, secret string) *Error {
	if !w.connected.Load() && (w.asked.Load() || neverConnected(err)) {
		return &Error{Outcome: NotSent, Message: "no connection", Err: &cause{err, secret}}
	}
	message := "no answer came"
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		message = "the connection was closed before an answer came"
	}
	return &Error{Outcome: Unknown, Message: message, Err: &cause{err, secret}}
}

// cause is an error from elsewhere with a text that can be shown: net/http quotes what a
// server sent, at any length, and that may echo the secret of the request. It is found by
// errors.Is and errors.As as if it were the error itself, but not unwrapped.
type cause struct {
	err    error
	secret string
}

func (c *cause) Error() string              { return clean(c.err.Error(), c.secret, 512) }
func (c *cause) Is(target error) bool       { return errors.Is(c.err, target) }
func (c *cause) As(target any) bool         { return errors.As(c.err, target) }
func (c *cause) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.Error()) }

// neverConnected recognises the errors that come before a request can be written.
func neverConnected(err error) bool {
	var handshake *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dial *net.OpError
	return errors.As(err, &handshake) || errors.As(err, &record) || (errors.As(err, &dial) && dial.Op == "dial")
}

// judge reads an answer into a, or says why it is none. odd names a field of a good answer
// that is of an unexpected type.
func judge(resp *http.Response, buf *bytes.Buffer, secret string, a answer) (odd string, e *Error) {
	_, readErr := buf.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
	body := buf.Bytes()
	if resp.StatusCode > 299 { // the status decides, however the body ended
		e := refusal(resp, body, secret)
		e.partial = readErr != nil || len(body) > maxBody
		return "", e
	}
	unknown := func(message string, err error) (string, *Error) {
		e := describe(resp, body, secret)
		e.Outcome, e.Message, e.Err = Unknown, message, err
		return "", e
	}
	switch {
	case readErr != nil:
		return unknown("the answer was cut off", &cause{readErr, secret})
	case len(body) > maxBody:
		return unknown(fmt.Sprintf("the answer is longer than %d bytes", maxBody), nil)
	case len(body) == 0:
		return unknown("the answer is empty", nil)
	}
	// A value of an unexpected type leaves its field at zero; the rest is decoded.
	err := json.Unmarshal(body, a)
	mistyped, _ := errors.AsType[*json.UnmarshalTypeError](err)
	if mistyped != nil {
		_, odd, _ = strings.Cut(mistyped.Field, ".") // without the name of the embedded type
	} else if err != nil {
		if looksLikeHTML(resp, body) {
			return unknown("the answer is "+htmlPage(body, secret), nil)
		}
		return unknown("the answer is not JSON, or was cut off", nil)
	}
	success, complete := a.judge()
	switch {
	case success && complete:
		return odd, nil
	case success && odd != "":
		return unknown("the answer has a value of an unexpected type in "+clean(odd, secret, 64), nil)
	case success:
		return unknown("the answer lacks its data", nil)
	}
	var explicit struct{ Success *bool }
	if err := json.Unmarshal(body, &explicit); err != nil || explicit.Success == nil {
		return unknown("the answer does not say whether it is a success", nil)
	}
	return "", refusal(resp, body, secret)
}

// refusal is the error of an answer that says no.
func refusal(resp *http.Response, body []byte, secret string) *Error {
	e := describe(resp, body, secret)
	e.Outcome = Answered
	// A 303 points to the result of what was done.
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusRequestTimeout || resp.StatusCode == http.StatusSeeOther {
		e.Outcome = Unknown
	}
	var said channelsclient.OtherError
	err := json.Unmarshal(body, &said) // best effort: what does not fit stays empty
	mistyped, _ := errors.AsType[*json.UnmarshalTypeError](err)
	e.Foreign = len(body) > 0 && (err != nil && mistyped == nil || mistyped != nil && mistyped.Field == "")
	e.Code = clean(said.AdditionalData.Code, secret, 64)
	e.Message = clean(said.Error, secret, 512)
	e.Info = clean(said.ErrorInfo, secret, 512)
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode <= 399 && resp.StatusCode != http.StatusNotModified:
		e.Message = "a redirect to " + redirectTarget(resp, secret) + ", which is not followed since it would hand over the credential; check the base URL"
	case e.Message != "":
	case e.Foreign && looksLikeHTML(resp, body):
		e.Message = htmlPage(body, secret)
	case resp.StatusCode <= 299:
		e.Message = "success is false, without a reason"
	default:
		e.Message = http.StatusText(resp.StatusCode)
	}
	return e
}

// describe fills in what every answer tells.
func describe(resp *http.Response, body []byte, secret string) *Error {
	return &Error{
		StatusCode:    resp.StatusCode,
		RetryAfter:    retryAfter(resp, time.Now()),
		CorrelationID: clean(resp.Header.Get("X-Correlation-Id"), secret, 128),
		Body:          clean(string(body), secret, 2<<10),
	}
}
