// Package pipeline carries the calls of the generated client: a [Call] is its HttpRequestDoer. It
// makes as many attempts as the retry policy allows, within the rate limits, in order where that
// matters, each with a fresh credential, and reads from the API's envelope what an answer means.
//
// The order of one call: its turn; then for each attempt the latches of the limiter, the
// credential, a slot (so that a token being renewed holds none), the exchange, the verdict
// on the answer, and the decision on what follows.
package pipeline

import (
	"context"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/internal/ordered"
	"github.com/pdchannels/pdchannels/internal/ratelimit"
	"github.com/pdchannels/pdchannels/internal/retry"
)

// Pipeline is what all calls of a client share. It is safe for concurrent use.
type Pipeline struct {
	Credential Credential
	Transport  http.RoundTripper
	Policy     retry.Policy
	Limiter    *ratelimit.Limiter
	UserAgent  []string // as a header value
	// AttemptEnds is told of each attempt.
	AttemptEnds func(ctx context.Context, op *Operation, a Attempt)

	turns    ordered.Lines[Turn]
	renewals renewals
}

// Operation is what is particular to an operation of the API.
type Operation struct {
	Name string
	Cost int // in tokens of the daily budget
	Rule retry.Rule
	// EmptyIsDone says that a 2xx without a body is a success, as of a delete.
	EmptyIsDone bool
	// Expects is the code of a refusal that the call is made for: then that refusal is the
	// success, and a success is a failure. Mostly empty.
	Expects string
}

// Attempt is how one attempt ended.
type Attempt struct {
	Number   int           // from 1
	Waited   time.Duration // for its slot
	Took     time.Duration // from sending to the last byte read
	Status   int           // of the answer; 0 if none came
	Failure  *retry.Failure
	Repeated bool          // another one follows
	Pause    time.Duration // before that
	Reason   string        // why another follows, or none
}

// Call is one call. It makes one request; the fields above Result are set before.
type Call struct {
	Pipeline  *Pipeline
	Operation *Operation
	Key       string // tells the call from others, as the id of a message does
	Turn      Turn   // calls of the same turn are made one after another; zero: whenever they come
	Bound     Bound  // of each attempt; nil: context.WithTimeout
	// Hold decides on a call that failed because of the limits: to make it afresh, after waiting as long
	// as it takes, or to let it fail. nil lets it fail.
	Hold func(ctx context.Context, f *retry.Failure) (afresh bool, err error)

	Result Result

	buffer *buffer // what the answer was read into
}

// Result is what is known of a call at its end.
type Result struct {
	Attempts int
	Waited   time.Duration // for slots, and in Hold
	Status   int           // of the last answer; 0 if none came
	Body     []byte        // of the last answer, until Release
	Data     []byte        // the JSON of its data; nil if there is none
	// Inferred says that an attempt of unknown outcome was accepted, as a refusal of a later one shows.
	Inferred bool
}

// Turn names what calls keep their order by.
type Turn struct{ Channel, ID string }

// A Bound derives the context of an attempt, which lasts at most as long as given, from that of the call.
type Bound func(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc)

var acceptJSON = []string{"application/json"}

// Do makes the call with the request of the generated client, which it keeps. The response is one of a
// success; its body was read, and stands in Result. The error is a [*retry.Failure].
func (c *Call) Do(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		return nil, &retry.Failure{Outcome: retry.NotSent, Err: err}
	}
	if c.Turn != (Turn{}) {
		if err := c.Pipeline.turns.Enter(ctx, c.Turn); err != nil {
			return nil, &retry.Failure{Outcome: retry.NotSent, Message: "an earlier call for the same message is not over", Err: err}
		}
		defer c.Pipeline.turns.Leave(c.Turn)
	}
	req.Header["Accept"], req.Header["User-Agent"] = acceptJSON, c.Pipeline.UserAgent
	r := run{Call: c, req: req, retry: c.Pipeline.Policy.Begin(c.Operation.Rule)}
	resp, f := r.toTheEnd(ctx)
	c.Result.Attempts = r.retry.Attempts
	if f == nil {
		return resp, nil
	}
	if r.retry.Unknown && f.Outcome != retry.Unknown {
		f.Outcome, f.Earlier = retry.Unknown, true // whatever the last attempt says of itself
	}
	return nil, f
}

// toTheEnd makes attempts until the call is over, also where it is held back meanwhile.
func (r *run) toTheEnd(ctx context.Context) (*http.Response, *retry.Failure) {
	for {
		resp, f := r.attempts(ctx)
		if f == nil || r.Hold == nil || f.HeldBack == nil && f.Status != http.StatusTooManyRequests {
			return resp, f
		}
		start := time.Now()
		afresh, err := r.Hold(ctx, f)
		r.Result.Waited += time.Since(start)
		if !afresh {
			f.Err = join(f.Err, err, r.secret)
			return nil, f
		}
		r.retry.Afresh()
	}
}

// Pause waits for d, or returns the error of the context that ends first.
func Pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
