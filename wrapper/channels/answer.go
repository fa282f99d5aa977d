package channels

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/gen/channelsclient"
	"github.com/pdchannels/pdchannels/internal/answertext"
	"github.com/pdchannels/pdchannels/internal/ratelimit"
)

// maxBody bounds what is read of an answer, after decompression. The largest answer there
// is echoes one message.
const maxBody = 1 << 20

// answer is a generated answer that can judge itself.
type answer interface {
	// judge returns what the answer says of success, and whether it carries what it should.
	judge() (success, complete bool)
	// reset makes it empty, for the answer to a further attempt.
	reset()
}

type addChannelAnswer struct {
	channelsclient.AddChannelResponse
}

func (a *addChannelAnswer) judge() (success, complete bool) { return a.Success, a.Data.Id != "" }
func (a *addChannelAnswer) reset()                          { *a = addChannelAnswer{} }

type receiveMessageAnswer struct {
	channelsclient.ReceiveMessageResponse
}

func (a *receiveMessageAnswer) judge() (success, complete bool) { return a.Success, a.Data.Id != "" }
func (a *receiveMessageAnswer) reset()                          { *a = receiveMessageAnswer{} }

type bareAnswer struct{ channelsclient.DeleteResponse }

func (a *bareAnswer) judge() (success, complete bool) { return a.Success, true }
func (a *bareAnswer) reset()                          { *a = bareAnswer{} }

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
		if answertext.IsHTML(resp.Header, body) {
			return unknown("the answer is "+answertext.Page(body, secret), nil)
		}
		return unknown("the answer is not JSON, or was cut off", nil)
	}
	success, complete := a.judge()
	switch {
	case success && complete:
		return odd, nil
	case success && odd != "":
		return unknown("the answer has a value of an unexpected type in "+answertext.Clean(odd, secret, 64), nil)
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
	e.Code = answertext.Clean(said.AdditionalData.Code, secret, 64)
	e.Message = answertext.Clean(said.Error, secret, 512)
	e.Info = answertext.Clean(said.ErrorInfo, secret, 512)
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode <= 399 && resp.StatusCode != http.StatusNotModified:
		e.Message = "a redirect to " + answertext.RedirectTarget(resp, secret) + ", which is not followed since it would hand over the credential; check the base URL"
	case e.Message != "":
	case e.Foreign && answertext.IsHTML(resp.Header, body):
		e.Message = answertext.Page(body, secret)
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
		RetryAfter:    ratelimit.RetryAfter(resp.StatusCode, resp.Header, time.Now()),
		CorrelationID: answertext.Clean(resp.Header.Get("X-Correlation-Id"), secret, 128),
		Body:          answertext.Clean(string(body), secret, 2<<10),
	}
}
