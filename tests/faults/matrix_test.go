// Every failure × every operation, once and for good, in virtual time.

package faults

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// sequence is a plan of steps, one for each attempt; after them all is well, or the last goes on.
type sequence struct {
	mu      sync.Mutex
	steps   []step
	forGood bool
	at      int
}

// step returns the next step, and takes it if the condition holds for it.
func (s *sequence) step(take func(point) bool) step {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at >= len(s.steps) {
		return step{}
	}
	next := s.steps[s.at]
	if take(next.breaks) && (s.at < len(s.steps)-1 || !s.forGood) {
		s.at++
	}
	return next
}

func (s *sequence) connects() step { return s.step(breaksConnecting) }

func (s *sequence) answers(*request) step {
	return s.step(func(p point) bool { return !breaksConnecting(p) })
}

func breaksConnecting(p point) bool { return p == refused || p == accepted }

// A row of the table, a place to break at, or a want that nobody wrote down would go untested.
func TestTheMatrixIsWhole(t *testing.T) {
	t.Parallel()
	tested, broken := map[failure]bool{}, map[point]bool{}
	names := map[string]bool{}
	for _, f := range faults() {
		if names[f.name] {
			t.Errorf("two faults are called %q", f.name)
		}
		names[f.name], tested[f.is] = true, true
		for _, s := range f.steps {
			broken[s.breaks] = true
		}
	}
	for f := range failures {
		if !tested[f] {
			t.Errorf("no fault is of row %d of the policy", f)
		}
		for _, op := range operations {
			for _, want := range [...]want{op.want(policy[f].once), op.want(policy[f].forGood)} {
				if want.end == 0 || want.attempts == 0 {
					t.Errorf("row %d of the policy does not say what comes of %s", f, op.name)
				}
			}
		}
	}
	for p := range points {
		if !broken[p] {
			t.Errorf("nothing breaks at point %d", p)
		}
	}
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			for _, op := range operations {
				for _, forGood := range []bool{false, true} {
					synctest.Test(t, func(t *testing.T) { play(t, f, op, forGood) })
				}
			}
		})
	}
}

// play makes one call that meets the fault, and one after it.
func play(t *testing.T, f fault, op operation, forGood bool) {
	t.Helper()
	name, want := op.name+" once", op.want(policy[f.is].once)
	if forGood {
		name, want = op.name+" for good", op.want(policy[f.is].forGood)
	}
	plan := &sequence{steps: f.steps, forGood: forGood}
	p := &pipedrive{plan: plan}
	watch := &watch{}
	opts := []channels.Option{watch.observer(), channels.WithRetries(channels.RetryPolicy{RepeatAddChannel: op.again})}
	credential := apiToken
	if f.is == staleToken {
		credential = channels.OAuth(&renewing{})
	}
	client := p.newClient(t, credential, opts...)

	isInferred, err := op.call(t.Context(), client, "one")
	got := watch.last()
	got.check(t, name, want, isInferred, err)
	p.checkCounts(t, name, f, want)
	if want.end == done || want.end == inferred {
		return
	}
	e, ok := errors.AsType[*channels.Error](err)
	if !ok {
		t.Fatalf("%s: %v, want a *channels.Error", name, err)
	}
	if e.Operation != op.name || e.Attempts != want.attempts {
		t.Errorf("%s: %d attempts at %s, want %d", name, e.Attempts, e.Operation, want.attempts)
	}
	if kinds := kindsOf(err); !slices.Equal(kinds, sorted(f.kinds)) {
		t.Errorf("%s: %v is of the kinds %v, want %v", name, err, kinds, f.kinds)
	}
	if late := e.RetryAfter - f.retryAfter; late < 0 || late > time.Second || f.retryAfter == 0 && late > 0 {
		t.Errorf("%s: retry after %v, want %v", name, e.RetryAfter, f.retryAfter)
	}
	if !strings.Contains(err.Error(), f.says) {
		t.Errorf("%s: %v, want it to say %q", name, err, f.says)
	}

	// The next call meets the latch, if there is one.
	before := len(p.requests())
	_, err = op.call(t.Context(), client, "another")
	reached := len(p.requests()) > before
	switch {
	case f.held == nil && !reached && (errors.Is(err, channels.ErrRateLimited) || errors.Is(err, channels.ErrBlocked)):
		t.Errorf("%s: the next call was held back: %v", name, err)
	case f.held != nil && (!errors.Is(err, f.held) || reached):
		t.Errorf("%s: the next call: %v, sent: %v, want it held back: %v", name, err, reached, f.held)
	}
}

// check compares how a call ended with how it should.
func (got callEnd) check(t *testing.T, name string, want want, isInferred bool, err error) {
	t.Helper()
	end := done
	switch {
	case err == nil && (got.Inferred || isInferred):
		end = inferred
	case err != nil:
		end = map[channels.Outcome]ending{channels.NotSent: notSent, channels.Unknown: unknown, channels.Rejected: answeredThat}[got.Outcome]
		if e, ok := errors.AsType[*channels.Error](err); !ok || e.Outcome != got.Outcome {
			t.Errorf("%s: the observer was told %v, the caller %v", name, got.Outcome, err)
		}
	}
	if end != want.end || got.Attempts != want.attempts {
		t.Errorf("%s: ending %d after %d attempts, want %d after %d (%v)", name, end, got.Attempts, want.end, want.attempts, err)
	}
	if isInferred != (end == inferred && got.Operation == "addChannel") {
		t.Errorf("%s: Channel.Inferred is %v", name, isInferred)
	}
}

// checkCounts compares what came and what was applied with the steps that were to be played.
func (p *pipedrive) checkCounts(t *testing.T, name string, f fault, want want) {
	t.Helper()
	came, applied := 0, 0
	for i := range want.attempts {
		s := f.steps[min(i, len(f.steps)-1)]
		well := i == want.attempts-1 && (want.end == done || want.end == inferred)
		if well || !breaksConnecting(s.breaks) {
			came++
		}
		if well || s.applied {
			applied++
		}
	}
	operation, _, _ := strings.Cut(name, " ")
	if operation != "receiveMessage" {
		applied = min(applied, 1)
	}
	if got := len(p.requests()); got != came {
		t.Errorf("%s: %d requests came, want %d", name, got, came)
	}
	if got := p.appliedTo(operation, "one"); got != applied {
		t.Errorf("%s: applied %d times, want %d", name, got, applied)
	}
}

// sentinels are all kinds of error there are.
var sentinels = []error{
	channels.ErrAdminOnly, channels.ErrBlocked, channels.ErrChannelAlreadyExists, channels.ErrDailyLimit, channels.ErrForbidden, channels.ErrInvalidBody,
	channels.ErrNotFound, channels.ErrRateLimited, channels.ErrUnauthorized, channels.ErrWithdrawn, channels.ErrConversationHeldBack, channels.ErrDeliveryStopped,
}

func kindsOf(err error) []error { return among(func(kind error) bool { return errors.Is(err, kind) }) }

func sorted(kinds []error) []error {
	return among(func(kind error) bool { return slices.Contains(kinds, kind) })
}

func among(is func(error) bool) []error {
	return slices.DeleteFunc(slices.Clone(sentinels), func(kind error) bool { return !is(kind) })
}
