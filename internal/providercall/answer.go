// What an app answered: the value that was asked for, or a refusal.

package providercall

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/gen/providerclient"
)

// Answer is what an app answered.
type Answer struct {
	Endpoint    string // its name in a manifest
	Method, URL string // of the request; empty if it could not be made
	StatusCode  int
	ContentType string
	Location    string // of a redirect, which was not followed
	Body        []byte
}

func (a Answer) ok() bool { return a.StatusCode >= 200 && a.StatusCode < 300 }

// RefusalError is an answer of another status than 2xx.
type RefusalError struct {
	StatusCode int
	Code       string    // of the envelope; empty if it came in none
	Message    string    // for people
	RetryBy    time.Time // zero if the answer has none that can be read
}

// Error names the code.
func (r *RefusalError) Error() string {
	if r.Code == "" {
		return "it refused without a code"
	}
	return "it refused with the code " + r.Code
}

// RetryIn is how long an app that answered 429 wants to be left alone, by its retry_by. It is false for other errors, and
// for a time that is not told or more than 10 seconds ahead.
func RetryIn(err error, now time.Time) (time.Duration, bool) {
	const most = 10 * time.Second
	r := (*RefusalError)(nil)
	if !errors.As(err, &r) || r.StatusCode != http.StatusTooManyRequests || r.RetryBy.IsZero() {
		return 0, false
	}
	pause := max(r.RetryBy.Sub(now), 0)
	return pause, pause <= most
}

// Decode decodes the answer into v, a type of gen/providerclient, or returns a *[RefusalError]. It is
// lenient: whether the answer is as documented, [Answer.Judge] tells.
func (a Answer) Decode(v any) error {
	if !a.ok() {
		var e providerclient.Error
		if json.Unmarshal(a.Body, &e) != nil {
			return &RefusalError{StatusCode: a.StatusCode}
		}
		retryBy, _ := ParseTime(e.Data.RetryBy)
		return &RefusalError{StatusCode: a.StatusCode, Code: e.Data.Code, Message: e.Data.Message, RetryBy: retryBy}
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		return errors.New("its answer is not what the document has for the endpoint")
	}
	return nil
}
