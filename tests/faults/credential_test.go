// What the client asks its credential for, and when.

package faults

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// tokens is a token source of functions, which counts.
type tokens struct {
	token func(ctx context.Context) (string, error)
	renew func(ctx context.Context, refused string) (string, error)

	mu             sync.Mutex
	asked, renewed int
}

func (*tokens) Token() (*oauth2.Token, error) { return nil, errors.New("asked without a context") }

func (s *tokens) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	token, err := s.token(ctx)
	return &oauth2.Token{AccessToken: token}, err
}

func (s *tokens) Renew(ctx context.Context, refused string) (*oauth2.Token, error) {
	s.mu.Lock()
	s.renewed++
	s.mu.Unlock()
	token, err := s.renew(ctx, refused)
	return &oauth2.Token{AccessToken: token}, err
}

// The API refuses whatever token it gets: the calls fail, with a renewal now and then. When it takes tokens again,
// calls succeed, and the next token that expires is renewed at once.
func TestATokenThatWasJustRenewedIsRefused(t *testing.T) {
	t.Parallel()
	for name, renew := range map[string]func(n int) (string, error){
		"another each time":  func(n int) (string, error) { return "token-" + strconv.Itoa(n), nil },
		"the same each time": func(int) (string, error) { return "token-0", nil },
		"none":               func(int) (string, error) { return "", errors.New("the token endpoint is down") },
	} {
		synctest.Test(t, func(t *testing.T) {
			current := "token-0"
			from := &tokens{token: func(context.Context) (string, error) { return current, nil }}
			from.renew = func(context.Context, string) (string, error) {
				fresh, err := renew(from.renewed)
				if err == nil {
					current = fresh
				}
				return fresh, err
			}
			plan := &sequence{steps: []step{{answer: answer{status: 401, body: unlabelled}}}, forGood: true}
			p := &pipedrive{plan: plan}
			client := p.newClient(t, channels.OAuth(from))
			for n := range 200 {
				start := time.Now()
				_, err := receive(t.Context(), client, strconv.Itoa(n))
				if !errors.Is(err, channels.ErrUnauthorized) || time.Since(start) != 0 {
					t.Fatalf("%s, call %d: %v after %v", name, n, err, time.Since(start))
				}
				<-time.After(time.Second)
			}
			if from.renewed != 6 { // at 0, then 5, 10, 20, 40 and 80 seconds later
				t.Errorf("%s: %d renewals in 200 seconds, want 6", name, from.renewed)
			}
			plan.mu.Lock()
			plan.steps = []step{{}}
			plan.mu.Unlock()
			if _, err := receive(t.Context(), client, "taken"); err != nil {
				t.Errorf("%s: the API takes tokens again: %v", name, err)
			}
			before := from.renewed
			plan.mu.Lock()
			plan.steps, plan.forGood, plan.at = []step{{answer: answer{status: 401, body: unlabelled}}}, false, 0
			plan.mu.Unlock()
			if _, err := receive(t.Context(), client, "expired"); from.renewed != before+1 || (err == nil) != (name == "another each time") {
				t.Errorf("%s: expired later: %d renewals, %v", name, from.renewed-before, err)
			}
		})
	}
}

// A renewal takes no longer than an attempt may.
func TestARenewalThatNeverEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipedrive{plan: &sequence{steps: []step{{answer: answer{status: 401, body: unlabelled}}}, forGood: true}}
		client := p.newClient(t, channels.OAuth(slowTokens{}))
		start := time.Now()
		_, err := receive(t.Context(), client, "one")
		if e, ok := errors.AsType[*channels.Error](err); !ok || e.StatusCode != 401 || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 15*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// Who stands in line for long gets a fresh token, and holds no place within the limits while asking.
func TestATokenIsAskedForOutsideOfThePlace(t *testing.T) {
	t.Parallel()
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			limiter, err := channels.NewLimiter(channels.LimiterConfig{Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			from := &tokens{token: func(ctx context.Context) (string, error) {
				if s := limiter.State(); s.InFlight != 0 && time.Since(begun) > 0 {
					t.Errorf("asked for a token while %d places are held", s.InFlight)
				}
				if fails && time.Since(begun) > 0 {
					return "", errors.New("reauthorize")
				}
				return fmt.Sprintf("of-second-%d", time.Since(begun)/time.Second), ctx.Err()
			}}
			travel := func() time.Duration { return max(20*time.Second-time.Since(begun), 0) * 2 } // the first is slow
			p := &pipedrive{plan: &sequence{}, travel: travel}
			client := p.newClient(t, channels.OAuth(from), channels.WithLimiter(limiter), channels.WithTimeout(time.Minute))
			var group sync.WaitGroup
			group.Go(func() {
				if _, err := receive(t.Context(), client, "slow"); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			_, err = receive(t.Context(), client, "in line")
			group.Wait()
			requests := p.requests()
			if (err != nil) != fails || len(requests) > 1 && requests[1].token != "Bearer of-second-42" || from.asked != 3 {
				t.Errorf("fails %v: %v; asked %d times, sent %+v", fails, err, from.asked, requests)
			}
			if s := limiter.State(); s.InFlight != 0 || s.Waiting != 0 {
				t.Errorf("fails %v: the limiter has %+v", fails, s)
			}
			if _, err := receive(t.Context(), client, "after it"); (err != nil) != fails {
				t.Errorf("fails %v: the next call: %v", fails, err)
			}
		})
	}
}

// every is a plan by which requests meet the steps in turn.
type every struct {
	mu    sync.Mutex
	steps []step
	at    int
}

func (*every) connects() step { return step{} }

func (e *every) answers(*request) step {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.at++
	return e.steps[(e.at-1)%len(e.steps)]
}

// An answer that tells nothing of the token does not end the pauses between renewals.
func TestWhatTellsNothingOfAToken(t *testing.T) {
	t.Parallel()
	refused := step{answer: answer{status: 401, body: unlabelled}}
	for name, between := range map[string]step{
		"a proxy's refusal": {answer: answer{status: 400, body: page}},
		"a lost answer":     {answer: answer{status: 303, body: envelope("")}},
	} {
		synctest.Test(t, func(t *testing.T) {
			from := &tokens{token: func(context.Context) (string, error) { return "token-0", nil }}
			from.renew = func(context.Context, string) (string, error) { return "token-0", nil }
			p := &pipedrive{plan: &every{steps: []step{refused, between}}}
			client := p.newClient(t, channels.OAuth(from))
			for n := range 60 {
				_, _ = receive(t.Context(), client, strconv.Itoa(n))
				<-time.After(100 * time.Millisecond)
			}
			if from.renewed != 2 { // at 0 and at 5 seconds
				t.Errorf("%s: %d renewals in 6 seconds, want 2", name, from.renewed)
			}
		})
	}
}
