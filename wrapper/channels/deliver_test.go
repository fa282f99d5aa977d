package channels_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/internal/pipenet"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// These are the stories of a delivery that meets trouble; tests/faults counts at large.

// playing returns a client of a server that is a function, for a bubble of synctest. The server
// gets what the request says.
func playing(t *testing.T, serve func(body string) (status int, answer string, header http.Header, err error)) *channels.Client {
	t.Helper()
	client, err := channels.NewClient(channels.APIToken(apiToken), quiet, channels.WithHTTPClient(&http.Client{
		Transport: pipenet.RoundTrip(func(r *http.Request) (*http.Response, error) {
			said, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			status, answer, header, err := serve(string(said))
			if err != nil {
				return nil, err
			}
			return &http.Response{StatusCode: status, Request: r, Header: header, Body: io.NopCloser(strings.NewReader(answer))}, nil
		}),
	}))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// of returns a message of a conversation.
func of(conversation, id string) channels.ReceiveMessageRequest {
	m := message()
	m.ConversationID, m.ID = conversation, id
	return m
}

// source yields the messages, one after another.
func source(messages ...channels.ReceiveMessageRequest) iter.Seq2[channels.ReceiveMessageRequest, error] {
	return func(yield func(channels.ReceiveMessageRequest, error) bool) {
		for _, m := range messages {
			if !yield(m, nil) {
				return
			}
		}
	}
}

var (
	errRefused = &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	aMinute    = http.Header{"Retry-After": {"60"}}
)

func TestAnUnknownOutcomeOutlivesAHold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		client := playing(t, func(string) (int, string, http.Header, error) {
			switch asked++; asked {
			case 1: // applied, and the answer lost
				return 0, "", nil, io.ErrUnexpectedEOF
			case 2:
				return 429, `{}`, aMinute, nil
			default:
				return 0, "", nil, errRefused
			}
		})
		for d := range client.Deliver(t.Context(), source(of("c", "1"))) {
			if e := mustError(t, d.Err); e.Outcome != channels.Unknown || e.Attempts != asked || asked < 3 {
				t.Errorf("after %d requests: %v (%d attempts)", asked, e, e.Attempts)
			}
		}
	})
}

// A message waits out a hold in its turn: a later call with its id does not pass.
func TestAHoldKeepsTheOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var applied []string
		held := false
		client := playing(t, func(body string) (int, string, http.Header, error) {
			if !held {
				held = true
				return 429, `{}`, aMinute, nil
			}
			status := "sent"
			if strings.Contains(body, `"status":"read"`) {
				status = "read"
			}
			applied = append(applied, status)
			return 200, messageAnswer, nil, nil
		})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for d := range client.Deliver(t.Context(), source(of("c", "1"))) {
				if d.Err != nil {
					t.Error(d.Err)
				}
			}
		}()
		synctest.Wait()
		<-time.After(59*time.Second + 900*time.Millisecond)
		read := of("c", "1")
		read.Status = channels.StatusRead
		if _, err := client.ReceiveMessage(t.Context(), read); err != nil {
			t.Error(err)
		}
		<-done
		if want := []string{"sent", "read"}; !slices.Equal(applied, want) {
			t.Errorf("applied %v, want %v", applied, want)
		}
	})
}

// What stays behind when everything stops is told in the order of its conversation too.
func TestStoppingKeepsTheOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := playing(t, func(body string) (int, string, http.Header, error) {
			if strings.Contains(body, `"conversation_id":"withdrawn"`) {
				return 410, `{}`, nil, nil
			}
			<-time.After(5 * time.Second)
			return 200, messageAnswer, nil, nil
		})
		messages := func(yield func(channels.ReceiveMessageRequest, error) bool) {
			_ = yield(of("c", "1"), nil) && yield(of("c", "2"), nil) && yield(of("withdrawn", "x"), nil)
			<-time.After(time.Second)
			yield(of("c", "3"), nil)
		}
		var order []string
		for d := range client.Deliver(t.Context(), messages) {
			order = append(order, d.Request.ID)
			if id := d.Request.ID; (id == "2" || id == "3") && (!errors.Is(d.Err, channels.ErrDeliveryStopped) || !errors.Is(d.Err, channels.ErrWithdrawn)) {
				t.Errorf("%s: %v", id, d.Err)
			}
		}
		if want := []string{"x", "1", "2", "3"}; !slices.Equal(order, want) {
			t.Errorf("got %v, want %v", order, want)
		}
	})
}

// Three messages that a proxy dislikes look like a block. The last of them finds out that it is not
// one by asking again, and does not ask for ever.
func TestMessagesThatAProxyDislikes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		client := playing(t, func(body string) (int, string, http.Header, error) {
			asked.Add(1)
			if strings.Contains(body, `"id":"bad`) {
				return 403, page, http.Header{"Content-Type": {"text/html"}}, nil
			}
			return 200, messageAnswer, nil, nil
		})
		got := map[string]error{}
		for d := range client.Deliver(t.Context(), source(of("a", "bad1"), of("b", "bad2"), of("c", "bad3"))) {
			got[d.Request.ID] = d.Err
		}
		if e := mustError(t, got["bad3"]); len(got) != 3 || asked.Load() != 4 || e.StatusCode != 403 {
			t.Errorf("%d requests: %v", asked.Load(), got)
		}
	})
}

// A loop body that panics, or ends its test, ends the delivery, also while that is waiting.
func TestAPanicInTheLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := playing(t, func(body string) (int, string, http.Header, error) {
			if strings.Contains(body, `"id":"held"`) {
				<-time.After(time.Second / 2) // so that the other one is on its way
				return 429, `{}`, aMinute, nil
			}
			<-time.After(time.Second)
			return 200, messageAnswer, nil, nil
		})
		start := time.Now()
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			for range client.Deliver(t.Context(), source(of("a", "1"), of("b", "held"))) {
				panic("of the loop")
			}
		}()
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// Who waits for the end of a limit and is interrupted says so.
func TestInterruptedWhileHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := playing(t, func(string) (int, string, http.Header, error) { return 429, `{}`, aMinute, nil })
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		n := 0
		for d := range client.Deliver(ctx, source(of("a", "1"), of("b", "2"), of("a", "3"))) {
			if n++; !errors.Is(d.Err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", d.Request.ID, d.Err)
			}
		}
		if n != 3 {
			t.Errorf("%d of 3 were told", n)
		}
	})
}

// Without a token no message can be delivered, so the rest is not even tried.
func TestWithoutATokenADeliveryStops(t *testing.T) {
	t.Parallel()
	asked := 0
	client, err := channels.NewClient(channels.OAuth(tokenFunc(func() (*oauth2.Token, error) {
		asked++
		return nil, errors.New("reauthorise")
	})))
	if err != nil {
		t.Fatal(err)
	}
	stopped := 0
	for d := range client.Deliver(t.Context(), func(yield func(channels.ReceiveMessageRequest, error) bool) {
		for range 1000 {
			if !yield(of("c", "1"), nil) {
				return
			}
		}
	}) {
		if errors.Is(d.Err, channels.ErrDeliveryStopped) {
			stopped++
		}
	}
	if asked != 1 || stopped != 999 {
		t.Errorf("asked for a token %d times, %d held back", asked, stopped)
	}
}
