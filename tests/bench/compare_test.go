//go:build unix

package bench

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A call is one of those compared. Each has an id of its own: calls for one message are made one
// after another.
type call func(ctx context.Context, id string) error

// figures are what one call takes.
type figures struct{ time, cpu, bytes, allocations float64 }

// compare measures both sides by turns, and reports ours beside the one by hand.
func compare(b *testing.B, ours, byHand call, batch, inFlight int) {
	b.Helper()
	sides := [2]call{ours, byHand}
	var measured [2][]figures
	for side := range sides { // warms up
		measure(b, sides[side], batch, inFlight)
	}
	for round := 0; b.Loop(); round++ {
		for i := range sides {
			side := (round + i) % 2 // neither always follows the other
			measured[side] = append(measured[side], measure(b, sides[side], batch, inFlight))
		}
	}
	ratio := func(of func(figures) float64, q float64) float64 {
		var ratios []float64
		for i := range measured[0] {
			ratios = append(ratios, of(measured[0][i])/of(measured[1][i]))
		}
		return quantile(ratios, q)
	}
	elapsed := func(f figures) float64 { return f.time }
	var times []float64
	for _, f := range measured[0] {
		times = append(times, f.time/1000)
	}
	b.ReportMetric(0, "ns/op") // that of a round means nothing
	b.ReportMetric(quantile(times, 0.5), "µs/call")
	b.ReportMetric(ratio(elapsed, 0.25), "low")
	b.ReportMetric(ratio(elapsed, 0.5), "time/hand")
	b.ReportMetric(ratio(elapsed, 0.75), "high")
	b.ReportMetric(ratio(func(f figures) float64 { return f.cpu }, 0.5), "cpu/hand")
	b.ReportMetric(ratio(func(f figures) float64 { return f.bytes }, 0.5), "B/hand")
	b.ReportMetric(ratio(func(f figures) float64 { return f.allocations }, 0.5), "allocs/hand")
}

var ids atomic.Int64

// measure makes a batch of calls, with the heap just collected. The collections that the batch
// causes belong to its cost.
func measure(b *testing.B, c call, batch, inFlight int) figures {
	b.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	cpu, start := cpuTime(b), time.Now()
	var group sync.WaitGroup
	left := atomic.Int64{}
	left.Store(int64(batch))
	for range inFlight {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				if err := c(b.Context(), "message-"+strconv.FormatInt(ids.Add(1), 10)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	took := time.Since(start)
	cpu = cpuTime(b) - cpu
	runtime.ReadMemStats(&after)
	n := float64(batch)
	return figures{
		time: float64(took) / n, cpu: float64(cpu) / n,
		bytes: float64(after.TotalAlloc-before.TotalAlloc) / n, allocations: float64(after.Mallocs-before.Mallocs) / n,
	}
}

// cpuTime is what the process has used of the processors, in user and system mode.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// quantile is the value below which the share q of the values lies.
func quantile(values []float64, q float64) float64 {
	slices.Sort(values)
	return values[min(int(q*float64(len(values))), len(values)-1)]
}
