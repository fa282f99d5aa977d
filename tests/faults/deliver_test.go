// Deliver: the order within a conversation, and how a delivery ends.

package faults

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/internal/pipenet"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// only is a plan by which some messages meet a step, every time, and the others are well.
type only map[string]step // by id

func (only) connects() step { return step{} }

func (o only) answers(r *request) step {
	if err := r.readBody(); err != nil {
		return step{}
	}
	return o[r.id]
}

// by sorts deliveries by conversation, in the order they were yielded.
func by(all []channels.Delivery) map[string][]channels.Delivery {
	conversations := map[string][]channels.Delivery{}
	for _, d := range all {
		conversations[d.Request.ConversationID] = append(conversations[d.Request.ConversationID], d)
	}
	return conversations
}

// Of a conversation nothing is sent after a message that was refused or whose outcome is unknown: it
// is yielded as held back, in order. The other conversations go on.
func TestAConversationStopsAtItsFirstFailure(t *testing.T) {
	t.Parallel()
	for want, s := range map[channels.Outcome]step{
		channels.Rejected: {answer: answer{status: 422, body: envelope("")}},
		channels.Unknown:  {answer: answer{status: 500, body: envelope("")}},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := &pipedrive{plan: only{"message-43": s}, travel: between(time.Millisecond, 300*time.Millisecond)}
			client := p.newClient(t, apiToken)
			conversations := by(slices.Collect(client.Deliver(t.Context(), numbered(200, 10))))
			for name, deliveries := range conversations {
				if len(deliveries) != 20 {
					t.Fatalf("%s: %d were yielded, want 20", name, len(deliveries))
				}
				for i, d := range deliveries {
					n := number(t, d)
					if i > 0 && n < number(t, deliveries[i-1]) {
						t.Errorf("%s: %d was yielded after %d", name, n, number(t, deliveries[i-1]))
					}
					e, _ := errors.AsType[*channels.Error](d.Err)
					applied := p.appliedTo("receiveMessage", d.Request.ID) > 0
					switch behind := n%10 == 3 && n > 43; {
					case n == 43 && (e == nil || e.Outcome != want):
						t.Errorf("message 43: %v, want %v", d.Err, want)
					case behind && (!errors.Is(d.Err, channels.ErrConversationHeldBack) || e == nil || e.Outcome != channels.NotSent || applied):
						t.Errorf("message %d: %v, applied %v, want it held back", n, d.Err, applied)
					case n != 43 && !behind && (d.Err != nil || d.Message.ID != d.Request.ID || !applied):
						t.Errorf("message %d: %v, applied %v, want it delivered", n, d.Err, applied)
					}
				}
			}
			p.checkOrder(t)
		})
	}
}

func number(t *testing.T, d channels.Delivery) (n int) {
	t.Helper()
	if _, err := fmt.Sscanf(d.Request.ID, "message-%d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// What every message would be answered stops the delivery: the rest is yielded as not sent,
// with the cause, and nearly nothing more is sent.
func TestADeliveryStops(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		cause  error
	}{
		{401, unlabelled, channels.ErrUnauthorized},
		{403, envelope("ADMIN_ONLY"), channels.ErrForbidden},
		{404, page, channels.ErrWithdrawn},
		{410, envelope(""), channels.ErrWithdrawn},
	} {
		synctest.Test(t, func(t *testing.T) {
			steps := append(slices.Repeat([]step{{}}, 50), step{answer: answer{status: c.status, body: c.body}})
			p := &pipedrive{plan: &sequence{steps: steps, forGood: true}, travel: between(time.Millisecond, 100*time.Millisecond)}
			client := p.newClient(t, apiToken)
			delivered, answered, stopped := 0, 0, 0
			for d := range client.Deliver(t.Context(), numbered(1000, 100)) {
				e, _ := errors.AsType[*channels.Error](d.Err)
				switch {
				case d.Err == nil:
					delivered++
				case errors.Is(d.Err, channels.ErrDeliveryStopped) && errors.Is(d.Err, c.cause) && e != nil && e.Outcome == channels.NotSent:
					stopped++
				case errors.Is(d.Err, c.cause) && e != nil && e.Outcome == channels.Rejected:
					answered++
				default:
					t.Errorf("%d: %s: %v", c.status, d.Request.ID, d.Err)
				}
			}
			if delivered != 50 || answered < 1 || delivered+answered+stopped != 1000 || len(p.requests()) != 50+answered || answered > 64 {
				t.Errorf("%d: %d delivered, %d refused and %d held back, %d requests", c.status, delivered, answered, stopped, len(p.requests()))
			}
		})
	}
}

// To break off cancels what is in flight, at once, and nothing remains: the bubble would not end with
// a goroutine in it.
func TestBreakingOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipedrive{plan: &sequence{steps: append(slices.Repeat([]step{{}}, 30), step{breaks: silent}), forGood: true}}
		client := p.newClient(t, apiToken)
		start, n, ended := time.Now(), 0, false
		source := func(yield func(channels.ReceiveMessageRequest, error) bool) {
			defer func() { ended = true }()
			numbered(1<<30, 1000)(yield)
		}
		for range client.Deliver(t.Context(), source) {
			if n++; n == 30 {
				break
			}
		}
		synctest.Wait()
		if s := client.Limiter().State(); !ended || s.InFlight != 0 || s.Waiting != 0 || time.Since(start) != 0 {
			t.Errorf("%v after the start: the source has ended: %v, and the limiter has %+v", time.Since(start), ended, s)
		}
	})
}

// When the context ends, what was sent is waited for and told as it is; the rest is yielded as not sent.
func TestTheContextOfADeliveryEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipedrive{plan: &sequence{}, travel: func() time.Duration { return 200 * time.Millisecond }}
		client := p.newClient(t, apiToken)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second+300*time.Millisecond) // amid the third burst
		defer cancel()
		delivered, stayed := 0, 0
		for d := range client.Deliver(ctx, numbered(500, 500)) {
			applied := p.appliedTo("receiveMessage", d.Request.ID) > 0
			e, _ := errors.AsType[*channels.Error](d.Err)
			switch {
			case d.Err == nil && applied:
				delivered++
			case errors.Is(d.Err, context.DeadlineExceeded) && e != nil && e.Outcome == channels.NotSent && !applied:
				stayed++
			default:
				t.Errorf("%s: %v, applied %v", d.Request.ID, d.Err, applied)
			}
		}
		if delivered+stayed != 500 || delivered != len(p.requests()) || delivered < 100 || stayed < 100 {
			t.Errorf("%d delivered, %d not sent, %d requests", delivered, stayed, len(p.requests()))
		}
	})
}

// An error of the source is yielded in its place. If it tells a conversation, the rest of that stays behind.
func TestTheSourceFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("line 3 is no JSON")
		source := func(yield func(channels.ReceiveMessageRequest, error) bool) {
			_ = yield(message("one", "a"), nil) &&
				yield(channels.ReceiveMessageRequest{}, broken) &&
				yield(message("two", "a"), nil) &&
				yield(message("three", "b"), broken) &&
				yield(message("four", "b"), nil) &&
				yield(message("five", "a"), nil)
		}
		p := &pipedrive{plan: &sequence{}}
		client := p.newClient(t, apiToken)
		var got []string
		for d := range client.Deliver(t.Context(), source) {
			what := "delivered"
			switch {
			case errors.Is(d.Err, broken):
				what = "broken"
			case errors.Is(d.Err, channels.ErrConversationHeldBack):
				what = "held"
			case d.Err != nil:
				what = d.Err.Error()
			}
			got = append(got, strings.TrimSpace(d.Request.ID+" "+what))
		}
		slices.Sort(got)
		if want := []string{"broken", "five delivered", "four held", "one delivered", "three broken", "two delivered"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A burst limit is waited out, however often it strikes.
func TestADeliveryWaitsOutABurstLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := step{answer: answer{status: 429, header: "x-ratelimit-reset: 2\r\nx-daily-ratelimit-token-remaining: 29000\r\n", body: envelope("")}}
		p := &pipedrive{plan: &sequence{steps: slices.Repeat([]step{busy}, 20)}}
		client := p.newClient(t, apiToken)
		for d := range client.Deliver(t.Context(), channels.Messages([]channels.ReceiveMessageRequest{message("one", "a"), message("two", "a")})) {
			if d.Err != nil {
				t.Errorf("%s: %v", d.Request.ID, d.Err)
			}
		}
	})
}

// What a proxy answers in JSON of its own is about one message, until it answers so in a row.
func TestAProxysJSONStopsNoDelivery(t *testing.T) {
	t.Parallel()
	const denied = `{"type":"https://proxy.example/1020","title":"Error 1020: Access denied","status":403}`
	synctest.Test(t, func(t *testing.T) {
		p := &pipedrive{plan: only{"message-3": {answer: answer{status: 403, body: denied}}}}
		client := p.newClient(t, apiToken)
		for d := range client.Deliver(t.Context(), numbered(200, 200)) {
			e, _ := errors.AsType[*channels.Error](d.Err)
			if bad := d.Request.ID == "message-3"; (d.Err != nil) != bad || bad && (!e.NotFromAPI || errors.Is(e, channels.ErrForbidden)) {
				t.Errorf("%s: %v", d.Request.ID, d.Err)
			}
		}
		p.plan = &sequence{steps: []step{{answer: answer{status: 403, body: denied}}}, forGood: true}
		for i, id := range []string{"one", "two", "three", "four"} {
			_, err := receive(t.Context(), client, id)
			if blocked := i >= 2; errors.Is(err, channels.ErrBlocked) != blocked {
				t.Errorf("page %d: %v, want it blocked: %v", i+1, err, blocked)
			}
		}
	})
}

// A panic of the source, of the token source or of the transport reaches whoever iterates, and nothing
// remains of the delivery, though the others wait for the end of a limit.
func TestAPanicUnderDeliver(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"the source", "the token source", "the transport"} {
		synctest.Test(t, func(t *testing.T) {
			var asked atomic.Int32
			from := &tokens{token: func(context.Context) (string, error) {
				if asked.Add(1) == 2 && where == "the token source" {
					panic(where)
				}
				return "token-0", nil
			}}
			p := &pipedrive{plan: only{"silent": {breaks: silent}, "held": {answer: answer{status: 429, header: "Retry-After: 60\r\n"}}}}
			transport := pipenet.RoundTrip(func(r *http.Request) (*http.Response, error) {
				if asked.Load() == 2 && where == "the transport" {
					panic(where)
				}
				return p.piped(t).RoundTrip(r)
			})
			client := newClient(t, channels.OAuth(from), channels.WithBaseURL(base), channels.WithHTTPClient(&http.Client{Transport: transport}))
			source := func(yield func(channels.ReceiveMessageRequest, error) bool) {
				_ = yield(message("silent", "a"), nil)
				<-time.After(time.Second)
				_ = yield(message("held", "b"), nil)
				<-time.After(time.Second) // so that it is
				if where == "the source" {
					panic(where)
				}
				_ = yield(message("third", "c"), nil)
			}
			start := time.Now()
			defer func() {
				s := client.Limiter().State()
				if got := recover(); got != where || s.InFlight != 0 || s.Waiting != 0 || time.Since(start) != 2*time.Second {
					t.Errorf("%s: recovered %v after %v, and the limiter has %+v", where, got, time.Since(start), s)
				}
			}()
			for range client.Deliver(t.Context(), source) {
				continue
			}
			t.Errorf("%s: the iteration ended without it", where)
		})
	}
}
