// What an observer and a log see of a call, and what they do not.

package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// logTo returns a logger of everything. Calls write to it one at a time.
func logTo(b *bytes.Buffer) channels.Option {
	return channels.WithLogger(slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// The story of one call can be told from what it was observed to do: each attempt, why another followed,
// and how long it waited for what.
func TestTheStoryOfACall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipedrive{
			plan: &sequence{steps: []step{
				{answer: answer{status: 503, header: "Retry-After: 4\r\n", body: page}},
				{answer: answer{status: 429, header: "Retry-After: 3\r\n", body: envelope("")}},
				{answer: answer{status: 401, body: unlabelled}},
			}},
			travel: func() time.Duration { return 10 * time.Millisecond },
		}
		var log bytes.Buffer
		watch := &watch{}
		client := p.newClient(t, channels.OAuth(&renewing{}), watch.observer(), logTo(&log))
		start := time.Now()
		if _, err := receive(t.Context(), client, "one"); err != nil {
			t.Fatal(err)
		}
		took := time.Since(start)

		want := []channels.AttemptEvent{
			{Number: 1, Repeated: true, Reason: "the outcome is unknown", Outcome: channels.Unknown, StatusCode: 503},
			{Number: 2, Repeated: true, Reason: "a rate limit is used up", Outcome: channels.Rejected, StatusCode: 429},
			{Number: 3, Repeated: true, Reason: "the credential was refused", Outcome: channels.Rejected, StatusCode: 401},
			{Number: 4, Outcome: channels.Accepted, StatusCode: 200},
		}
		if len(watch.attempts) != len(want) || len(watch.calls) != 1 {
			t.Fatalf("told of %+v and %+v", watch.attempts, watch.calls)
		}
		accounted := time.Duration(0)
		for i, got := range watch.attempts {
			accounted += got.Waited + got.Took + got.Pause
			waits := got.Waited >= 3*time.Second && got.Waited < 4*time.Second
			pauses := got.Pause >= 4*time.Second && got.Pause < 5*time.Second
			if waits != (i == 2) || pauses != (i == 0) || got.Took != 20*time.Millisecond {
				t.Errorf("attempt %d waited %v, took %v, and %v passed after it", i+1, got.Waited, got.Took, got.Pause)
			}
			got.Waited, got.Took, got.Pause = 0, 0, 0
			if want[i].Operation = "receiveMessage"; got != want[i] {
				t.Errorf("attempt %d: %+v, want %+v", i+1, got, want[i])
			}
		}
		call := watch.calls[0]
		if accounted != took || call.Took != took || call.Attempts != 4 || call.Outcome != channels.Accepted || call.Waited != watch.attempts[2].Waited {
			t.Errorf("it took %v, of which the attempts account for %v; the call is told as %+v", took, accounted, call)
		}

		var lines []string
		for line := range strings.Lines(log.String()) {
			var l struct {
				Level, Msg, Reason string
				Status             int
			}
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprint(l.Level, ": ", l.Msg, ": ", l.Status, " ", l.Reason))
		}
		if got, want := strings.Join(lines, "\n"), strings.Join([]string{
			"INFO: channels: attempt failed, another follows: 503 the outcome is unknown",
			"INFO: channels: attempt failed, another follows: 429 a rate limit is used up",
			"INFO: channels: attempt failed, another follows: 401 the credential was refused",
			"DEBUG: channels: call: 0 ",
		}, "\n"); got != want {
			t.Errorf("the log tells\n%s\nwant\n%s", got, want)
		}
	})
}

// A call that sends nothing is told of too.
func TestACallThatSendsNothingIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipedrive{plan: &sequence{steps: []step{{answer: answer{status: 429, header: "Retry-After: 60\r\n"}}}}}
		watch := &watch{}
		client := p.newClient(t, apiToken, watch.observer())
		_, _ = receive(t.Context(), client, "one")
		_, err := receive(t.Context(), client, "two")
		_, invalid := receive(t.Context(), client, "")
		if err == nil || invalid == nil || len(watch.calls) != 3 || len(watch.attempts) != 1 {
			t.Fatalf("%v, %v; told of %+v", err, invalid, watch.calls)
		}
		for _, e := range watch.calls[1:] {
			if e.Attempts != 0 || e.Outcome != channels.NotSent {
				t.Errorf("%+v, want it not sent", e)
			}
		}
	})
}

// tracing is an observer whose context goes along.
type tracing struct {
	mu       sync.Mutex
	problems []string
}

type spanKey struct{}

func (o *tracing) observer() channels.Observer {
	return channels.Observer{
		CallBegins: func(ctx context.Context, operation string) context.Context {
			return context.WithValue(ctx, spanKey{}, operation)
		},
		AttemptEnds: func(ctx context.Context, e channels.AttemptEvent) { o.check(ctx, "AttemptEnds", e.Operation) },
		CallEnds:    func(ctx context.Context, e channels.CallEvent) { o.check(ctx, "CallEnds", e.Operation) },
	}
}

func (o *tracing) check(ctx context.Context, where, operation string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if got := ctx.Value(spanKey{}); got != operation {
		o.problems = append(o.problems, fmt.Sprintf("%s: the context is of %v, want %s", where, got, operation))
	}
}

// RoundTrip checks that the context came as far as the transport.
func (o *tracing) RoundTrip(r *http.Request) (*http.Response, error) {
	o.check(r.Context(), "the transport", "receiveMessage")
	return inMemory{}.RoundTrip(r)
}

// The context that an observer returns is that of the whole call, down to the transport: so spans nest.
func TestTheContextOfAnObserverGoesAlong(t *testing.T) {
	t.Parallel()
	o := &tracing{}
	client := newClient(t, apiToken, channels.WithObserver(o.observer()), channels.WithHTTPClient(&http.Client{Transport: o}))
	if _, err := receive(t.Context(), client, "one"); err != nil {
		t.Error(err)
	}
	for d := range client.Deliver(t.Context(), numbered(3, 1)) {
		if d.Err != nil {
			t.Error(d.Err)
		}
	}
	for _, problem := range o.problems {
		t.Error(problem)
	}
}

// parrot is a plan that plays a fault, and puts into every refusal what the request said.
type parrot struct {
	sequence
	mu    sync.Mutex
	heard string
}

func (p *parrot) answers(r *request) step {
	s := p.sequence.answers(r)
	if s.breaks != headersRead {
		_ = r.readBody()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard += r.path + r.body + r.token
	if s.answer.status >= 300 {
		said, _ := json.Marshal(p.heard) //nolint:errchkjson // a string
		s.answer.body = strings.NewReplacer("It is refused.", string(said[1:len(said)-1]), "Attention", p.heard).Replace(s.answer.body)
	}
	return s
}

// Neither a credential nor an id nor a text of a message gets into an event or a line of the log, whatever
// goes wrong, though Pipedrive repeat them all.
func TestNothingSecretIsObserved(t *testing.T) {
	t.Parallel()
	const canary = "canary"
	quoted := 0
	for _, f := range faults() {
		for _, forGood := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				plan := &parrot{sequence: sequence{steps: f.steps, forGood: forGood}}
				p := &pipedrive{plan: plan}
				var log bytes.Buffer
				watch := &watch{}
				client := p.newClient(t, channels.APIToken(canary+"-token"), watch.observer(), logTo(&log))
				_, err := client.ReceiveMessage(t.Context(), channels.ReceiveMessageRequest{
					ID: canary + "-id", ProviderChannelID: canary + "-channel", ConversationID: canary + "-conversation", SenderID: canary + "-sender",
					Message: canary + " text", Status: channels.StatusSent, CreatedAt: time.Now(), ConversationLink: "https://" + canary + ".example/",
					Attachments: []channels.Attachment{{ID: canary, Type: "image/png", URL: "https://" + canary + ".example/1.png", Name: canary}},
				})
				_ = client.DeleteConversation(t.Context(), channels.DeleteConversationRequest{ProviderChannelID: canary, ConversationID: canary})
				if e, ok := errors.AsType[*channels.Error](err); ok && strings.Contains(e.Body, canary) {
					quoted++
				}
				seen := fmt.Sprintf("%+v\n%+v\n%s", watch.attempts, watch.calls, log.String())
				if strings.Contains(seen, canary) {
					t.Errorf("%s: the canary is in\n%s", f.name, seen)
				}
				if !strings.Contains(seen, "receiveMessage") || !strings.Contains(seen, "deleteConversation") || len(watch.calls) != 2 {
					t.Errorf("%s: this is all there is to see: %s", f.name, seen)
				}
				// The positive control: the canary went out where anything did.
				plan.mu.Lock()
				defer plan.mu.Unlock()
				if heard := plan.heard; len(p.requests()) > 0 && !strings.Contains(heard, canary) {
					t.Errorf("%s: Pipedrive heard %q", f.name, heard)
				}
			})
		}
	}
	if quoted < 20 { // … and came back: an error may quote it
		t.Errorf("%d errors quote the canary, so it was hardly looked for", quoted)
	}
	// … and would be found in a line of the log.
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("it", "v", canary)
	if !strings.Contains(log.String(), canary) {
		t.Error("the canary is not found where it is")
	}
}
