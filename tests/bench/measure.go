package main

import (
	"context"
	"runtime"
	"slices"
	"time"
)

// figures are what one call takes.
type figures struct{ nanoseconds, bytes, allocations float64 }

// takeTurns measures each side once a round, and returns what it measured, side by side. The
// side that begins changes from round to round, so that none always follows the same one. A
// round before the first warms up.
func takeTurns[F any](rounds int, sides ...func() (F, error)) ([][]F, error) {
	measured := make([][]F, len(sides))
	for round := range rounds + 1 {
		for i := range sides {
			side := (round + i) % len(sides)
			f, err := sides[side]()
			if err != nil {
				return nil, err
			}
			if round > 0 {
				measured[side] = append(measured[side], f)
			}
		}
	}
	return measured, nil
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
