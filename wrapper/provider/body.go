// A request's body, bounded in size and in pace.

package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"
)

// A sender may pause for maxPatience; each byte earns it a little more, so
// that in the long run it must keep up minPace. A slow reader, such as an app
// that passes a file on, costs the sender nothing.
const (
	maxPatience = 15 * time.Second
	minPace     = 4 << 10 // bytes a second
)

// bodyKey finds the body in the context of its request, since generated code passes on
// only a reader over it.
type bodyKey struct{}

// body wraps a request's body. It is used by one goroutine at a time.
type body struct {
	io.ReadCloser
	conn     *http.ResponseController
	size     int64 // bytes that may still come
	stretch  int64 // bytes that may come before the next call of allow
	patience time.Duration
	boundary string // between the parts of a form
	recent   []byte // the last bytes read, at least lookback of them: what a multipart.Reader may have read ahead
	err      error  // the first error, io.EOF included; nothing is read after it
}

const (
	unbounded = 1 << 62
	lookback  = 8 << 10
)

var errBodyTooLong = invalidBody("the body is too long")

func newBody(w http.ResponseWriter, r *http.Request, size int64) *body {
	b := &body{
		ReadCloser: r.Body, conn: http.NewResponseController(w),
		size: size, stretch: unbounded, patience: maxPatience,
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		b.err = invalidBody(fmt.Sprintf("the header Content-Encoding: %q is not supported", coding))
	}
	if r.ContentLength > size {
		b.err = errBodyTooLong
	}
	return b
}

// allow bounds how much may be read until it is called again.
func (b *body) allow(n int64) { b.stretch = n }

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.stretch == 0 {
		b.err = invalidBody("the header of a part, or what follows the last part, is too long")
		return 0, b.err
	}
	// One byte beyond the size tells a body that ends there from one that does not.
	p = p[:min(int64(len(p)), b.size+1, b.stretch)]

	start := time.Now()
	if err := b.conn.SetReadDeadline(start.Add(b.patience)); err != nil {
		b.err = fmt.Errorf("the body cannot be read, because nothing could stop a slow sender: %w; "+
			"let each http.ResponseWriter around the handler have Unwrap, and serve by http.Server", err)
		return 0, b.err
	}
	n, err := b.ReadCloser.Read(p)
	b.patience += time.Duration(n)*time.Second/minPace - time.Since(start)
	b.patience = min(b.patience, maxPatience)
	b.size -= int64(n)
	b.stretch -= int64(n)
	if b.recent = append(b.recent, p[:n]...); len(b.recent) > 4*lookback {
		b.recent = append(b.recent[:0], b.recent[len(b.recent)-lookback:]...)
	}

	switch {
	case b.size < 0:
		err = errBodyTooLong
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = invalidBody("the body came too slowly")
	case err != nil && err != io.EOF: //nolint:errorlint // io.EOF comes bare
		err = invalidBody("the body broke off")
	}
	b.err = err
	return n, err
}

// cut returns what came before and after the first line of the recent bytes that begins with the delimiter.
func (b *body) cut(delimiter string) (before, after []byte) {
	for at := 0; ; at++ {
		next := bytes.Index(b.recent[at:], []byte(delimiter))
		if next < 0 {
			return b.recent, nil
		}
		if at += next; at == 0 || b.recent[at-1] == '\n' {
			return b.recent[:at], b.recent[at+len(delimiter):]
		}
	}
}

// readBoundary sets the boundary of a form. A Content-Type that package mime refuses is written anew for it, since
// generated code asks package mime.
func (b *body) readBoundary(r *http.Request) {
	header := r.Header.Get("Content-Type")
	_, params, err := mime.ParseMediaType(header)
	if err != nil {
		var kind string
		if kind, params, err = readParams(header); err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
			return
		}
		r.Header = r.Header.Clone()
		r.Header.Set("Content-Type", mime.FormatMediaType(kind, map[string]string{"boundary": params["boundary"]}))
	}
	b.boundary = params["boundary"]
}

// finish bounds how long the server waits for the rest of a body that was not read to its end.
func (b *body) finish() {
	if b.err != io.EOF { //nolint:errorlint // io.EOF comes bare
		_ = b.conn.SetReadDeadline(time.Now().Add(time.Second))
	}
}
