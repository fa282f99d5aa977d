package channels

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/pdchannels/pdchannels/internal/pipeline"
	"github.com/pdchannels/pdchannels/internal/retry"
)

// dearest is what a request of Do is taken to cost: as much as the dearest documented operation here.
const dearest = 10

// BaseURL returns the prefix of the path /channels, without a slash at its end: what [WithBaseURL] set, or
// what the token source tells.
func (c *Client) BaseURL(ctx context.Context) (string, error) {
	if problem := c.unusable(ctx); problem != nil {
		return "", &Error{Operation: "base URL", Outcome: NotSent, Err: problem}
	}
	baseURL, f := c.baseURL(ctx)
	if f != nil {
		return "", newError("base URL", 0, f)
	}
	return strings.TrimSuffix(baseURL, "/"), nil
}

// Do makes a request that no method of the client covers, with its credential, limits, retries, log and observer.
// So a client is the HttpRequestDoer of the client in gen/channelsclient, which carries no compatibility
// promise, and of others that are generated from Pipedrive's documents.
//
// The request goes to the host of [Client.BaseURL], or nowhere. Its own credentials are replaced. A request of
// unknown outcome is repeated if its method is idempotent (RFC 9110, section 9.2.2), which POST and
// PATCH are not; one with a body needs GetBody for that, as [http.NewRequest] sets it.
//
// The response is a 2xx in the API's envelope with success: true, or one without a body. Its body is in memory, and
// need not be closed. Everything else is an [*Error], whose Operation is the method.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if req == nil || req.URL == nil {
		return nil, &Error{Operation: "request", Outcome: NotSent, Err: errors.New("the request is nil")}
	}
	op := &pipeline.Operation{Name: req.Method, Cost: dearest, EmptyIsDone: true}
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		op.Rule = retry.Rule{Harmless: true}
	case "":
		op.Name, op.Rule = http.MethodGet, retry.Rule{Harmless: true}
	}
	ctx, call, err := c.begin(req.Context(), op, op.Name+" "+req.URL.Path, nil)
	if err != nil {
		return nil, err
	}
	if base, err := url.Parse(call.api.Server); err != nil || req.URL.Scheme != base.Scheme || req.URL.Host != base.Host {
		err := errors.New("the request is for another host than that of the base URL, which alone gets the credential")
		return nil, call.end(ctx, nil, &retry.Failure{Outcome: retry.NotSent, Err: err})
	}
	req = req.Clone(ctx)
	req.Header.Del("Authorization")
	req.Header.Del("X-Api-Token")
	resp, err := call.Do(req)
	if err := call.end(ctx, resp, err); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(call.Result.Body))
	return resp, nil
}
