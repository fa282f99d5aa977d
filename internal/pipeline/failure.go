package pipeline

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/secret"
)

// Outcome says what became of a request that failed.
type Outcome int

// The outcomes.
const (
	Unknown  Outcome = iota // something left, and no answer says what came of it
	NotSent                 // nothing left
	Rejected                // it was refused
)

// Failure is why a call failed. Its texts are bounded, printable, and without the token of
// the request.
type Failure struct {
	Outcome       Outcome
	Status        int    // 0 if no answer came
	Code          string // the API's
	Message       string // the API's, or else ours
	Info          string
	RetryAfter    time.Duration
	CorrelationID string
	Body          string // its start
	Err           error  // a cause from elsewhere
	NotFromAPI    bool   // the answer is not in the API's form
	CutOff        bool   // the answer was not read in full, so a code may have been lost
	Everyone      bool   // every call would fail so now: there is no credential, or no base URL
	Earlier       bool   // the outcome is unknown by an earlier attempt; all else is of the last one
	// Held says that calls are held back by the limiter; nil if they are not.
	Held *ratelimit.RefusedError
}

// heldBack is the failure of a call that is better not sent.
func heldBack(refused *ratelimit.RefusedError) *Failure {
	return &Failure{
		Outcome: NotSent, Message: "held back, since " + refused.Reason.String(), Held: refused,
		RetryAfter: (refused.RetryAfter + time.Second - 1).Truncate(time.Second),
	}
}

// cause is an error from elsewhere with a text that can be shown: net/http quotes what a
// server sent, at any length, and that may echo the token of the request. It is found by
// errors.Is and errors.As as if it were the error itself, but not unwrapped.
type cause struct {
	err   error
	token string
}

func (c *cause) Error() string              { return secret.Clean(c.err.Error(), c.token, 512) }
func (c *cause) Is(target error) bool       { return errors.Is(c.err, target) }
func (c *cause) As(target any) bool         { return errors.As(c.err, target) }
func (c *cause) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.Error()) }
