// What an answer comes to: the value that was asked for, or the app's refusal.

package providercall

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/pdchannels/pdchannels/gen/providerclient"
)

// RefusalError is an answer of another status than 2xx.
type RefusalError struct {
	Status  int
	Code    string    // of the envelope; empty if it came in none
	Message string    // for people
	RetryBy time.Time // zero if it is not told, or cannot be read
}

// Error tells the code.
func (r *RefusalError) Error() string {
	if r.Code == "" {
		return "it refused without a code"
	}
	return "it refused with the code " + r.Code
}

// Decode decodes the answer into v, a type of gen/providerclient, or returns a *[RefusalError]. It is
// lenient; whether the answer is as documented is for [Answer.Judge] to say.
func (a Answer) Decode(v any) error {
	if a.Status < 200 || a.Status > 299 {
		var e providerclient.Error
		if json.Unmarshal(a.Body, &e) != nil {
			return &RefusalError{Status: a.Status}
		}
		retryBy, _ := ParseTime(e.Data.RetryBy)
		return &RefusalError{Status: a.Status, Code: e.Data.Code, Message: e.Data.Message, RetryBy: retryBy}
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		return errors.New("its answer is not what the document has for the endpoint")
	}
	return nil
}
