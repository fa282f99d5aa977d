package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// This file measures how much gets through Pipedrive's burst limit.

// fleet is what delivers the messages.
type fleet struct {
	name    string
	clients []channels.LimiterConfig // one client each; none: by hand
	workers int                      // calling ReceiveMessage, of each client; 0: Client.Deliver
}

var fleets = []fleet{
	{"one client, 50 workers", []channels.LimiterConfig{{}}, 50},
	{"one client, Deliver", []channels.LimiterConfig{{}}, 0},
	{"one client set to 480, 50 workers", []channels.LimiterConfig{{Limit: 480}}, 50},
	{"two clients, 25 workers each", []channels.LimiterConfig{{}, {}}, 25},
	{"by hand, 50 workers", nil, 50},
}

// outcome is what became of the messages of a fleet.
type outcome struct {
	Took          time.Duration
	Lost, Refused int
}

// shortest is what any client needs for so many messages: a window's worth at once, and again
// after each two seconds.
func shortest(messages int) time.Duration {
	return windowLength * time.Duration((messages-1)/windowLimit)
}

func goodput(ctx context.Context, b *bench) error {
	b.printf("\ngoodput: %d messages, %d in any 2 s, 5 to 40 ms each way; any client needs %v.\n%-46s%12s%12s%8s%8s\n",
		b.calls, windowLimit, shortest(b.calls), "", "took", "of the best", "lost", "429")
	virtual, err := runInVirtualTime(ctx, b.calls)
	if err != nil {
		return fmt.Errorf("in virtual time: %w", err)
	}
	b.printOutcomes("in virtual time", virtual)
	_, _ = fmt.Fprintf(b.progress, "goodput on loopback takes about %v …\n", shortest(b.calls)+time.Second)
	measured, err := runInRealTime(ctx, b.calls)
	if err != nil {
		return fmt.Errorf("on loopback: %w", err)
	}
	b.printOutcomes("on loopback", measured)
	return nil
}

func (b *bench) printOutcomes(where string, outcomes []outcome) {
	b.printf("%s\n", where)
	for i, o := range outcomes {
		share := "-" // of what was lost, there is no speed
		if o.Lost == 0 {
			share = fmt.Sprintf("%.1f %%", 100*shortest(b.calls).Seconds()/o.Took.Seconds())
		}
		b.printf("  %-44s%12s%12s%8d%8d\n", fleets[i].name, fmt.Sprintf("%.2f s", o.Took.Seconds()), share, o.Lost, o.Refused)
	}
}

// runInRealTime lets all fleets deliver at once, each to a server of its own: they mostly wait.
func runInRealTime(ctx context.Context, messages int) ([]outcome, error) {
	outcomes, errs := make([]outcome, len(fleets)), make([]error, len(fleets))
	var all sync.WaitGroup
	for i, f := range fleets {
		all.Go(func() {
			w := newWindow()
			server := httptest.NewServer(w)
			defer server.Close()
			transport := http.DefaultTransport.(*http.Transport).Clone()
			transport.MaxIdleConnsPerHost = maxInFlight
			defer transport.CloseIdleConnections()
			outcomes[i], errs[i] = f.run(ctx, w, server.URL, transport, messages)
		})
	}
	all.Wait()
	return outcomes, errors.Join(errs...)
}

// run delivers so many messages through the transport, and counts what came of it in w.
func (f fleet) run(ctx context.Context, w *window, origin string, transport http.RoundTripper, messages int) (outcome, error) {
	var next atomic.Int64
	source := func(yield func(id string) bool) { // shared by all workers
		for {
			i := next.Add(1)
			if i > int64(messages) || !yield("message-"+strconv.FormatInt(i, 10)) {
				return
			}
		}
	}
	failed, start := atomic.Int64{}, time.Now()
	var all sync.WaitGroup
	if f.clients == nil {
		hand := newHandClient(origin+apiPath, transport)
		for range f.workers {
			all.Go(func() { failed.Add(sendByHand(ctx, hand, source)) })
		}
	}
	for _, config := range f.clients {
		client, err := newClient(ctx, origin, transport, config, installed)
		if err != nil {
			return outcome{}, err
		}
		for range f.workers {
			all.Go(func() { failed.Add(send(ctx, client, source)) })
		}
		if f.workers == 0 {
			all.Go(func() { failed.Add(deliver(ctx, client, source)) })
		}
	}
	all.Wait()
	o := outcome{Took: time.Since(start), Lost: messages - len(w.arrived), Refused: w.refused}
	if err := ctx.Err(); err != nil {
		return o, err
	}
	if int(failed.Load()) != o.Lost {
		return o, fmt.Errorf("%s: %d calls failed, and %d messages did not arrive", f.name, failed.Load(), o.Lost)
	}
	return o, nil
}

// send delivers what the source gives, one message at a time, and returns how many failed.
func send(ctx context.Context, client *channels.Client, ids iter.Seq[string]) (failed int64) {
	m := clientMessage(false)
	for m.ID = range ids {
		if _, err := client.ReceiveMessage(ctx, m); err != nil {
			failed++
		}
	}
	return failed
}

func sendByHand(ctx context.Context, client *handClient, ids iter.Seq[string]) (failed int64) {
	m := messageByHand(false)
	for m.ID = range ids {
		if _, err := client.receiveMessage(ctx, m); err != nil {
			failed++
		}
	}
	return failed
}

// deliver is send by Client.Deliver; each message has a conversation of its own.
func deliver(ctx context.Context, client *channels.Client, ids iter.Seq[string]) (failed int64) {
	m := clientMessage(false)
	for d := range client.Deliver(ctx, func(yield func(channels.ReceiveMessageRequest, error) bool) {
		for m.ID = range ids {
			m.ConversationID = m.ID
			if !yield(m, nil) {
				return
			}
		}
	}) {
		if d.Err != nil {
			failed++
		}
	}
	return failed
}
