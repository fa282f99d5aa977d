package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/internal/ratelimit"
)

func Example() {
	limiter := ratelimit.New(ratelimit.Config{})

	slot, err := limiter.Wait(context.Background(), 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	// The request goes out, and this comes back:
	slot.Done(ratelimit.Answer{
		Status: http.StatusOK,
		Header: http.Header{"X-Ratelimit-Limit": {"160"}, "X-Daily-Ratelimit-Token-Remaining": {"4"}},
	})
	fmt.Println(limiter.State().Limit, "requests per window")

	_, err = limiter.Wait(context.Background(), 10)
	if refusal, ok := errors.AsType[*ratelimit.RefusedError](err); ok {
		fmt.Println(refusal.Reason, "- next look in", refusal.RetryAfter.Round(time.Minute))
	}
	// Output:
	// 160 requests per window
	// the daily budget is used up - next look in 5m0s
}
