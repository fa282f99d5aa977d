package ordered_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/pdchannels/pdchannels/internal/ordered"
)

func ExampleJob() {
	job := ordered.Job[string, string]{
		Workers: 4, ReadAhead: 4, MaxFailed: 10,
		Line: func(word string) string { return word[:1] }, // words with one initial stay in order
		Do: func(_ context.Context, word string) (string, ordered.Verdict) {
			if word == "berlin" {
				return word + " failed", ordered.StopLine
			}
			return word, ordered.GoOn
		},
		Skip: func(word string, _ *string) string { return word + " skipped" },
	}
	var results []string
	for result := range job.Run(context.Background(), slices.Values([]string{"berlin", "aachen", "bonn"})) {
		results = append(results, result)
	}
	slices.Sort(results)
	fmt.Println(results)
	// Output: [aachen berlin failed bonn skipped]
}
