package main

import (
	"context"
	"runtime"
	"slices"
	"time"
)

// figures are what one call takes.
type figures struct{ nanoseconds, bytes, allocations float64 }

// compare lets the two sides take turns and returns the figures of each round. The side
// that begins changes from round to round, so that neither always follows the other.
func compare(ctx context.Context, s *sides, rounds, batch int) (client, byHand []figures, err error) {
	take := func(list *[]figures, call func(context.Context) error) {
		if err != nil {
			return
		}
		var f figures
		if f, err = measure(ctx, batch, call); err == nil {
			*list = append(*list, f)
		}
	}
	var warmUp []figures
	take(&warmUp, s.client)
	take(&warmUp, s.byHand)
	for round := range rounds {
		if round%2 == 0 {
			take(&client, s.client)
			take(&byHand, s.byHand)
		} else {
			take(&byHand, s.byHand)
			take(&client, s.client)
		}
	}
	return client, byHand, err
}

// measure makes a batch of calls, each begun with the heap just collected. What
// collections the batch itself causes belongs to its cost.
func measure(ctx context.Context, batch int, call func(context.Context) error) (figures, error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	for range batch {
		if err := call(ctx); err != nil {
			return figures{}, err
		}
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	n := float64(batch)
	return figures{
		nanoseconds: float64(took) / n,
		bytes:       float64(after.TotalAlloc-before.TotalAlloc) / n,
		allocations: float64(after.Mallocs-before.Mallocs) / n,
	}, nil
}

// median returns the middle value, or of two the higher one.
func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile returns the value below which the share q of the values lies.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
