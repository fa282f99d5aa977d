// One call: the request by the document and the manifest, and the whole answer within bounds.

package providercall

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Our choice: no more than 8 MiB of an answer are read, and no id and no cursor of more bytes than MaxValue sent.
const (
	maxAnswer = 8 << 20
	MaxValue  = 4096
)

// call is what one call says, whoever the app is.
type call struct {
	endpoint    string
	values      values
	query       []parameter
	body        []byte
	contentType string // of the body
}

// values are what the variables of a URL stand for.
type values = map[string]string

// parameter is a parameter of the query; an empty value is not sent.
type parameter struct{ name, value string }

func (c Client) send(ctx context.Context, what call) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	out := Answer{Endpoint: what.endpoint}
	req, err := c.request(ctx, what)
	if err != nil {
		return out, err
	}
	out.Method, out.URL = req.Method, req.URL.String()
	resp, err := c.http.Do(req)
	if err != nil {
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err // the URL is in the answer already
		}
		return out, err
	}
	defer func() { _ = resp.Body.Close() }()
	out.StatusCode, out.ContentType, out.Location = resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Location")
	out.Body, err = readAnswer(resp.Body)
	return out, err
}

// request builds the request: the method by the document, the URL by the app's endpoints.
func (c Client) request(ctx context.Context, what call) (*http.Request, error) {
	operations, err := documented()
	if err != nil {
		return nil, err
	}
	target, err := c.fill(what.endpoint, what.values, c.dots)
	if err != nil {
		return nil, err
	}
	if c.below != "" {
		target = target.JoinPath(c.below)
	}
	query := []string{target.RawQuery, c.query}
	if c.query == "" {
		for _, p := range what.query {
			if len(p.value) > MaxValue {
				return nil, fmt.Errorf("%s: %s has %d bytes, too many for a URL", what.endpoint, p.name, len(p.value))
			}
			if p.value != "" {
				query = append(query, p.name+"="+url.QueryEscape(p.value))
			}
		}
	}
	target.RawQuery = strings.Join(notEmpty(query), "&")
	method := cmp.Or(c.method, operations[what.endpoint].method)
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(what.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "pdchannels")
	if what.contentType != "" {
		req.Header.Set("Content-Type", what.contentType)
	}
	if c.authorization != "" {
		req.Header.Set("Authorization", c.authorization)
	}
	return req, nil
}

func notEmpty(all []string) (rest []string) {
	for _, s := range all {
		if s != "" {
			rest = append(rest, s)
		}
	}
	return rest
}

// readAnswer reads a body of bounded size, whose decoding is bounded, too.
func readAnswer(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	switch {
	case err != nil:
		return body, fmt.Errorf("its answer broke off: %w", err)
	case len(body) > maxAnswer:
		return body, fmt.Errorf("its answer is longer than %d bytes", maxAnswer)
	case elements(body) > maxElements:
		return body, fmt.Errorf("its answer has lists of more than %d elements", maxElements)
	}
	return body, nil
}
