package main

import (
	"context"
	"fmt"
	"iter"
	"math"
	"runtime"
	"strconv"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// This file measures whether Client.Deliver costs more by the message the more there are.

const conversationLength = 10 // messages

// grown is what one delivery took.
type grown struct {
	figures        // of one message
	heap       int // bytes more in use at the middle message than before the first
	goroutines int // left when it had ended
}

func growth(ctx context.Context, b *bench) error {
	client, err := newClient(ctx, "http://127.0.0.1", memory{answerTo(false)}, noLimit, installed)
	if err != nil {
		return err
	}
	if err := fillLimiter(ctx, client, b.calls); err != nil {
		return err
	}
	b.printf("\ngrowth: a message's share of Client.Deliver, answered from memory.\n%-16s%8s%12s%12s%14s%16s%12s\n",
		"messages", "rounds", "time", "bytes", "allocations", "heap in use", "goroutines")
	for _, times := range []int{1, 10, 100, 1000} {
		var all []grown
		messages := times * b.calls
		_, _ = fmt.Fprintf(b.progress, "growth delivers %d messages …\n", messages)
		for range max(b.rounds/(4*times), 1) { // as long together, but for the last
			g, err := grow(ctx, client, messages)
			if err != nil {
				return err
			}
			all = append(all, g)
		}
		b.printGrown(messages, all)
	}
	return nil
}

// fillLimiter makes the limiter remember more calls than it will see in two seconds of Deliver:
// what it remembers grows with the pace, which no real limit would allow. Where few messages follow,
// few calls are enough.
func fillLimiter(ctx context.Context, client *channels.Client, calls int) error {
	start := time.Now()
	for range 1000 * calls {
		if time.Since(start) > windowLength {
			return nil
		}
		if err := client.DeleteChannel(ctx, channels.DeleteChannelRequest{ProviderChannelID: "channel-1"}); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) printGrown(messages int, all []grown) {
	of := func(f func(grown) float64) float64 {
		var values []float64
		for _, g := range all {
			values = append(values, f(g))
		}
		return median(values)
	}
	b.printf("  %-14d%8d%12s%12.0f%14.1f%16s%12.0f\n", messages, len(all),
		fmt.Sprintf("%.1f µs", of(func(g grown) float64 { return g.nanoseconds / 1000 })),
		of(func(g grown) float64 { return g.bytes }), of(func(g grown) float64 { return g.allocations }),
		fmt.Sprintf("%+.0f KiB", of(func(g grown) float64 { return float64(g.heap) / 1024 })),
		of(func(g grown) float64 { return float64(g.goroutines) }))
}

// grow delivers so many messages.
func grow(ctx context.Context, client *channels.Client, messages int) (grown, error) {
	goroutines, inUse := runtime.NumGoroutine(), heapInUse()
	var g grown
	var start, end runtime.MemStats
	var paused time.Duration // to look at the heap
	runtime.ReadMemStats(&start)
	began, delivered := time.Now(), 0
	for d := range client.Deliver(ctx, conversations(messages)) {
		if d.Err != nil {
			return g, d.Err
		}
		if delivered++; delivered == (messages+1)/2 {
			stopped := time.Now()
			g.heap = heapInUse() - inUse
			paused = time.Since(stopped)
		}
	}
	took := time.Since(began) - paused
	runtime.ReadMemStats(&end)
	n := float64(messages)
	g.nanoseconds = float64(took) / n
	g.bytes = float64(end.TotalAlloc-start.TotalAlloc) / n
	g.allocations = float64(end.Mallocs-start.Mallocs) / n
	g.goroutines = runtime.NumGoroutine() - goroutines
	return g, nil
}

// heapInUse collects the heap and returns how many bytes stay. What calls in flight allocate meanwhile
// counts, so of several looks the least is the best.
func heapInUse() int {
	least := math.MaxInt
	for range 3 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		least = min(least, int(m.HeapAlloc)) //nolint:gosec // far below what overflows
	}
	return least
}

// conversations are so many messages, of a tenth as many conversations that take turns.
func conversations(messages int) iter.Seq2[channels.ReceiveMessageRequest, error] {
	return func(yield func(channels.ReceiveMessageRequest, error) bool) {
		m := clientMessage(false)
		for i := range messages {
			m.ID = "message-" + strconv.Itoa(i)
			m.ConversationID = "conversation-" + strconv.Itoa(i%max(messages/conversationLength, 1))
			if !yield(m, nil) {
				return
			}
		}
	}
}
