package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnInterruptedDeliveryLosesNothing(t *testing.T) {
	t.Parallel()
	lines := jsonLines("m-1 c-1", "m-2 c-1", "m-3 c-1", "m-4 c-1")
	for name, c := range map[string]struct {
		inFlight []reply // what becomes of the message that is in flight, m-2
		kept     string
		want     [fates]int
	}{
		"in flight, then received": {nil, jsonLines("m-3 c-1", "m-4 c-1"), [fates]int{delivered: 2, untried: 2}},
		"in flight, then unknown":  {[]reply{lost}, jsonLines("m-2 c-1", "m-3 c-1", "m-4 c-1"), [fates]int{delivered: 1, unknown: 1, untried: 2}},
		"while waiting":            {[]reply{limited(5 * time.Second)}, jsonLines("m-2 c-1", "m-3 c-1", "m-4 c-1"), [fates]int{delivered: 1, untried: 3}},
		"while waiting for long":   {[]reply{limited(time.Hour)}, jsonLines("m-2 c-1", "m-3 c-1", "m-4 c-1"), [fates]int{delivered: 1, untried: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithCancel(t.Context())
				to := &inbox{script: map[string][]reply{"m-2": c.inFlight}, before: func(ctx context.Context, id string) {
					if id == "m-2" {
						interrupt()
						<-time.After(time.Second) // which it takes to arrive
					}
					if ctx.Err() != nil {
						t.Errorf("message %s is interrupted in flight", id)
					}
				}}
				d := delivery{client: to.client(t, 4), patience: 2 * time.Hour}
				o := deliverBy(ctx, t, d, strings.NewReader(lines))
				if o.kept != c.kept || o.report.counts != c.want || o.err != nil || o.report.reason != "" {
					t.Errorf("counted %v, %v, stopped: %q, kept:\n%swant:\n%s", o.report.counts, o.err, o.report.reason, o.kept, c.kept)
				}
			})
		})
	}
}

func TestAnInterruptedPipeIsReadUntilItIsSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		in, producer := io.Pipe()
		go func() {
			for i := range 5 { // one half a second after the other, and then nothing for good
				_, _ = io.WriteString(producer, jsonLines(fmt.Sprintf("m-%d c-1", i)))
				<-time.After(silence / 2)
			}
		}()
		to := &inbox{before: func(context.Context, string) { interrupt() }}
		o := deliverTo(ctx, t, to, in)
		if !errors.Is(o.err, errInputOpen) || o.kept != jsonLines("m-1 c-1", "m-2 c-1", "m-3 c-1", "m-4 c-1") {
			t.Errorf("%v, kept:\n%s", o.err, o.kept)
		}
		_ = producer.Close() // ends the goroutine that reads
	})
}
