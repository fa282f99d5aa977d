// Between the client and the network: every exchange as it was, before anything is taken out.
package contract

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"
)

// exchange is a request and its answer as they were.
type exchange struct {
	method, path          string
	requestHeader, header http.Header
	requestBody, body     []byte
	status                int
}

// without takes what made ids and names unique out of the exchange again.
func (x exchange) without(suffix string) exchange {
	x.path = strings.ReplaceAll(x.path, suffix, "")
	x.requestBody = bytes.ReplaceAll(x.requestBody, []byte(suffix), nil)
	x.body = bytes.ReplaceAll(x.body, []byte(suffix), nil)
	return x
}

// wiretap keeps the last exchange that went through it.
type wiretap struct {
	base http.RoundTripper
	pace time.Duration
	last *exchange
}

// RoundTrip passes the request on.
func (w *wiretap) RoundTrip(req *http.Request) (*http.Response, error) {
	select {
	case <-time.After(w.pace):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	x := exchange{method: req.Method, path: req.URL.EscapedPath(), requestHeader: req.Header.Clone()}
	req = req.Clone(req.Context())
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		x.requestBody = body
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := w.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	const bound = 4 << 20
	if x.body, err = io.ReadAll(io.LimitReader(resp.Body, bound)); err != nil {
		return nil, err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	w.last = &x
	resp.Body = io.NopCloser(bytes.NewReader(x.body))
	return resp, nil
}
