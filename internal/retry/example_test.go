package retry_test

import (
	"fmt"
	"time"

	"github.com/pdchannels/pdchannels/internal/retry"
)

func Example() {
	policy := retry.Default(15 * time.Second)

	// A message whose answer was lost is sent again: it is known by its id.
	message := policy.Begin(retry.Rule{Harmless: true})
	again := message.Next(&retry.Failure{Outcome: retry.Unknown}, time.Second, false)
	fmt.Println(again.Action == retry.Again, "-", again.Reason)

	// A channel is not registered again: that might make two.
	channel := policy.Begin(retry.Rule{})
	stop := channel.Next(&retry.Failure{Outcome: retry.Unknown}, time.Second, false)
	fmt.Println(stop.Action == retry.Again, "-", stop.Reason)
	// Output:
	// true - the outcome is unknown
	// false - the outcome is unknown, and repeating it might do it twice
}
