package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/secret"
)

// maxBody bounds what is read of an answer, after decompression. The largest answer there
// is echoes one message.
const maxBody = 1 << 20

// Answer is what JSON is decoded into, and judged by.
type Answer interface {
	// Target returns what to decode into. It is empty, also for the answer to a further attempt.
	Target() any
	// Judge returns what the answer says of success, and whether it carries what it should.
	Judge() (success, complete bool)
	// Refusal reads an answer that says no. The error is of the decoding.
	Refusal(body []byte) (code, message, info string, err error)
}

// judge decodes an answer whose body was read so far, or says why it is none.
func (c *Call) judge(resp *http.Response, body []byte, readErr error) *Failure {
	token := c.token
	if resp.StatusCode > 299 { // the status decides, however the body ended
		f := c.refusal(resp, body)
		f.CutOff = f.CutOff || readErr != nil || len(body) > maxBody
		return f
	}
	unknown := func(message string, err error) *Failure {
		f := describe(resp, body, token)
		f.Outcome, f.Message, f.Err = Unknown, message, err
		return f
	}
	switch {
	case readErr != nil:
		return unknown("the answer was cut off", &cause{readErr, token})
	case len(body) > maxBody:
		return unknown(fmt.Sprintf("the answer is longer than %d bytes", maxBody), nil)
	case len(body) == 0:
		return unknown("the answer is empty", nil)
	}
	// A value of an unexpected type leaves its field at zero; the rest is decoded.
	c.Odd = ""
	err := json.Unmarshal(body, c.Answer.Target())
	mistyped, _ := errors.AsType[*json.UnmarshalTypeError](err)
	if mistyped != nil {
		c.Odd = mistyped.Field
	} else if err != nil {
		if secret.IsHTML(resp.Header, body) {
			return unknown("the answer is "+secret.Page(body, token), nil)
		}
		return unknown("the answer is not JSON, or was cut off", nil)
	}
	success, complete := c.Answer.Judge()
	switch {
	case success && complete:
		return nil
	case success && c.Odd != "":
		return unknown("the answer has a value of an unexpected type in "+secret.Clean(c.Odd, token, 64), nil)
	case success:
		return unknown("the answer lacks its data", nil)
	}
	var explicit struct{ Success *bool }
	if err := json.Unmarshal(body, &explicit); err != nil || explicit.Success == nil {
		return unknown("the answer does not say whether it is a success", nil)
	}
	return c.refusal(resp, body)
}

// refusal is the failure of an answer that says no.
func (c *Call) refusal(resp *http.Response, body []byte) *Failure {
	token := c.token
	f := describe(resp, body, token)
	f.Outcome = Rejected
	// A 303 points to the result of what was done.
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusRequestTimeout || resp.StatusCode == http.StatusSeeOther {
		f.Outcome = Unknown
	}
	code, message, info, err := c.Answer.Refusal(body) // best effort: what does not fit stays empty
	mistyped, _ := errors.AsType[*json.UnmarshalTypeError](err)
	syntax, _ := errors.AsType[*json.SyntaxError](err) // at its end, of what begins as an object: it lacks the rest
	f.CutOff = syntax != nil && syntax.Offset == int64(len(body)) && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{"))
	f.NotFromAPI = len(body) > 0 && !f.CutOff && (err != nil && mistyped == nil || mistyped != nil && mistyped.Field == "")
	f.Code = secret.Clean(code, token, 64)
	f.Message = secret.Clean(message, token, 512)
	f.Info = secret.Clean(info, token, 512)
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode <= 399 && resp.StatusCode != http.StatusNotModified:
		f.Message = "a redirect to " + secret.RedirectTarget(resp, token) + ", which is not followed since it would hand over the credential; check the base URL"
	case f.Message != "":
	case f.NotFromAPI && secret.IsHTML(resp.Header, body):
		f.Message = secret.Page(body, token)
	case resp.StatusCode <= 299:
		f.Message = "success is false, without a reason"
	default:
		f.Message = http.StatusText(resp.StatusCode)
	}
	return f
}

// describe fills in what every answer tells.
func describe(resp *http.Response, body []byte, token string) *Failure {
	return &Failure{
		Status:        resp.StatusCode,
		RetryAfter:    ratelimit.RetryAfter(resp.StatusCode, resp.Header, time.Now()),
		CorrelationID: secret.Clean(resp.Header.Get("X-Correlation-Id"), token, 128),
		Body:          secret.Clean(string(body), token, 2<<10),
	}
}
