package retry

import "time"

// Outcome says what became of a request.
type Outcome int

// The outcomes.
const (
	Unknown  Outcome = iota // sent, at least in part, and no answer tells the result
	NotSent                 // nothing of it left
	Rejected                // the API, or something before it, said no
	Accepted                // it is done
)

// Failure is why an attempt failed, and in the end why the call did. Its texts are bounded,
// printable, and free of the secret of the request.
type Failure struct { //nolint:errname // an error only on its way through a generated client
	Outcome       Outcome // never Accepted
	Status        int     // 0 if no answer came
	Code          string  // the API's
	Message       string  // the API's, or else ours
	Info          string
	RetryAfter    time.Duration
	CorrelationID string
	Body          string // its start
	Err           error  // a cause from elsewhere
	NotFromAPI    bool   // the answer is not in the API's form
	CutOff        bool   // the answer was not read in full, so a code may have been lost
	Everyone      bool   // every call would fail so now: there is no credential, or no base URL
	Earlier       bool   // the outcome is unknown by an earlier attempt; all else is of the last one
	HeldBack      error  // why the rate limiter holds calls back; nil if it does not
}

// Error returns the message. A *Failure is an error so that it passes through a generated client.
func (f *Failure) Error() string { return f.Message }
