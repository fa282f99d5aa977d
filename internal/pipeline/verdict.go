package pipeline

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
	"github.com/pdchannels/pdchannels/internal/secret"
)

// judge decides what an answer means, of which at most one byte beyond the limit was read. It
// returns nil if the request was accepted.
//
// A 2xx that says success is a success whatever else is odd in it: to repeat what was accepted, or to
// report it as unknown, would be worse than a field that is zero.
func (r *run) judge(resp *http.Response, body []byte, limit int64, readErr error) *retry.Failure {
	e := readEnvelope(body)
	tooLong := int64(len(body)) > limit
	if resp.StatusCode > 299 { // the status decides, however the body ended
		f := r.refusal(resp, body, e)
		f.CutOff = f.CutOff || readErr != nil || tooLong
		if r.Operation.Expects != "" && f.Code == r.Operation.Expects {
			return nil
		}
		return f
	}
	empty := len(bytes.TrimSpace(body)) == 0
	var unknown string
	switch {
	case readErr != nil:
		unknown = "the answer was cut off"
	case tooLong:
		unknown = fmt.Sprintf("the answer is longer than %d bytes", limit)
	case empty && r.Operation.EmptyIsDone:
		return nil
	case empty:
		unknown = "the answer is empty"
	case e.form == notJSON && secret.IsHTML(resp.Header, body):
		unknown = "the answer is " + secret.Page(body, r.secret)
	case e.form == notJSON || e.form == cutOff:
		unknown = "the answer is not JSON, or was cut off"
	case e.success && !e.failure && r.Operation.Expects != "":
		f := r.describe(resp, body)
		f.Outcome, f.Message = retry.Rejected, "a request without any content was accepted, so this is not the Channels API"
		return f
	case e.success && !e.failure:
		r.Result.Data = e.data
		return nil
	case e.failure && !e.success:
		return r.refusal(resp, body, e)
	default:
		unknown = "the answer does not say whether it is a success"
	}
	f := r.describe(resp, body)
	f.Outcome, f.Message = retry.Unknown, unknown
	if readErr != nil {
		f.Err = &cause{readErr, r.secret}
	}
	return f
}

// refusal is the failure of an answer that says no.
func (r *run) refusal(resp *http.Response, body []byte, e envelope) *retry.Failure {
	f := r.describe(resp, body)
	f.Outcome = retry.Rejected
	// A 303 points to the result of what was done.
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusRequestTimeout || resp.StatusCode == http.StatusSeeOther {
		f.Outcome = retry.Unknown
	}
	f.CutOff = e.form == cutOff
	f.NotFromAPI = len(body) > 0 && !f.CutOff && e.form != ofTheAPI
	f.Code = secret.Clean(e.code, r.secret, 64)
	f.Message = secret.Clean(e.message, r.secret, 512)
	f.Info = secret.Clean(e.info, r.secret, 512)
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode <= 399 && resp.StatusCode != http.StatusNotModified:
		f.Message = "a redirect to " + secret.RedirectTarget(resp, r.secret) + ", which is not followed since it would hand over the credential; check the base URL"
	case f.Message != "":
	case f.NotFromAPI && secret.IsHTML(resp.Header, body):
		f.Message = secret.Page(body, r.secret)
	case resp.StatusCode <= 299:
		f.Message = "success is false, without a reason"
	default:
		f.Message = http.StatusText(resp.StatusCode)
	}
	return f
}

// maxShown bounds how much of an answer an error shows.
const maxShown = 2 << 10

// describe fills in what every answer tells.
func (r *run) describe(resp *http.Response, body []byte) *retry.Failure {
	return &retry.Failure{
		Status:        resp.StatusCode,
		RetryAfter:    ratelimit.RetryAfter(resp.StatusCode, resp.Header, time.Now()),
		CorrelationID: secret.Clean(resp.Header.Get("X-Correlation-Id"), r.secret, 128),
		Body:          secret.Clean(string(body[:min(len(body), 4*maxShown)]), r.secret, maxShown),
	}
}
