// The context of a call ends, wherever the call is at that moment.

package faults

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// slowTokens is a token source that never ends a renewal and, if token is set, never gives a token.
type slowTokens struct{ token bool }

func (s slowTokens) Token() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: "token-0"}, nil }

func (s slowTokens) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	if s.token {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Token()
}

func (s slowTokens) Renew(ctx context.Context, _ string) (*oauth2.Token, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestContextEnds(t *testing.T) {
	t.Parallel()
	// A second is shorter than an attempt and than a hold, and longer than the first backoff: what waits
	// for that fails until the second is over.
	const second = time.Second
	one := channels.LimiterConfig{Limit: 1}
	for _, c := range []struct {
		name       string
		steps      []step
		credential channels.Credential
		stuck      bool                   // nobody answers the SYN
		limiter    channels.LimiterConfig // with Limit 1 the only place is taken before
		lasts      time.Duration
		want       channels.Outcome
		came       int // requests
	}{
		{name: "before the call", credential: apiToken, want: channels.NotSent},
		{name: "waiting for a token", credential: channels.OAuth(slowTokens{token: true}), lasts: second, want: channels.NotSent},
		{name: "waiting for a place", credential: apiToken, limiter: one, lasts: second, want: channels.NotSent},
		{name: "connecting", credential: apiToken, stuck: true, lasts: second, want: channels.NotSent},
		{name: "waiting for an answer", credential: apiToken, steps: []step{{breaks: silent}}, lasts: second, want: channels.Unknown, came: 1},
		{name: "reading an answer", credential: apiToken, steps: []step{{breaks: silentInBody}}, lasts: second, want: channels.Unknown, came: 1},
		{name: "held by a 429", credential: apiToken, steps: []step{{answer: answer{status: 429}}}, lasts: second, want: channels.Rejected, came: 1},
		{name: "renewing the token", credential: channels.OAuth(slowTokens{}), steps: []step{{answer: answer{status: 401}}}, lasts: second, want: channels.Rejected, came: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, op := range operations {
				synctest.Test(t, func(t *testing.T) {
					p := &pipedrive{plan: &sequence{steps: c.steps, forGood: true}}
					transport := p.piped(t)
					if c.stuck {
						transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
							<-t.Context().Done() // net/http dials without the context of the call
							return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
						}
					}
					limiter, err := channels.NewLimiter(c.limiter)
					if err != nil {
						t.Fatal(err)
					}
					client := newClient(t, c.credential, channels.WithBaseURL(base), channels.WithLimiter(limiter),
						channels.WithHTTPClient(&http.Client{Transport: transport}))
					came := c.came
					if c.limiter.Limit == 1 {
						if _, err := receive(t.Context(), client, "before"); err != nil {
							t.Fatal(err)
						}
						came++
					}
					ctx, cancel := context.WithTimeout(t.Context(), c.lasts)
					defer cancel()
					start := time.Now()
					_, err = op.call(ctx, client, "one")
					e, ok := errors.AsType[*channels.Error](err)
					if !ok || e.Outcome != c.want || !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%s: %v, want %v and that the context ended", op.name, err, c.want)
					}
					if took := time.Since(start); took != c.lasts {
						t.Errorf("%s: returned after %v, want %v", op.name, took, c.lasts)
					}
					if got := len(p.requests()); got != came {
						t.Errorf("%s: %d requests came, want %d", op.name, got, came)
					}
					if s := limiter.State(); s.InFlight != 0 || s.Waiting != 0 {
						t.Errorf("%s: it is gone, yet the limiter has %+v", op.name, s)
					}
				})
			}
		})
	}
}

// Between two attempts: what was sent before stays unknown, and what was not stays not sent.
func TestContextEndsInBackoff(t *testing.T) {
	t.Parallel()
	for breaks, want := range map[point]channels.Outcome{refused: channels.NotSent, requestRead: channels.Unknown} {
		for _, op := range operations {
			if op.name == "addChannel" && !op.again && want == channels.Unknown {
				continue // it is over after one attempt
			}
			synctest.Test(t, func(t *testing.T) {
				p := &pipedrive{plan: &sequence{steps: []step{{breaks: breaks}}, forGood: true}}
				ctx, cancel := context.WithCancel(t.Context())
				client := p.newClient(t, apiToken, channels.WithRetries(channels.RetryPolicy{RepeatAddChannel: op.again}), after(1, cancel))
				start := time.Now()
				_, err := op.call(ctx, client, "one")
				e, ok := errors.AsType[*channels.Error](err)
				if !ok || e.Outcome != want || e.Attempts != 1 || !errors.Is(err, context.Canceled) || time.Since(start) != 0 {
					t.Errorf("%s: %v after %v, want %v after one attempt and at once", op.name, err, time.Since(start), want)
				}
			})
		}
	}
}

// after cancels at the end of the attempt with that number.
func after(attempt int, cancel context.CancelFunc) channels.Option {
	return channels.WithObserver(channels.Observer{AttemptEnds: func(_ context.Context, e channels.AttemptEvent) {
		if e.Number == attempt {
			cancel()
		}
	}})
}
