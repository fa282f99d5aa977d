// What many messages leave behind.

package faults

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// inMemory is a transport that reads a request and answers that all is well.
type inMemory struct{}

const delivered = `{"success":true,"data":{"id":"message","status":"sent","created_at":"2026-03-01T07:58:00.000Z"}}`

func (inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(strings.NewReader(delivered)),
		Header: http.Header{"X-Ratelimit-Limit": {"1048576"}},
	}, nil
}

// live is how many bytes are in use, without what can be collected.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // it fits
}

// However many messages and conversations: what is kept stays the same, but for the limiter's eight
// or sixteen bytes for each answer of the last two seconds. It runs in real time, which is the
// quicker one where nobody waits.
//
//nolint:paralleltest // it measures the memory of the process
func TestMemoryStaysFlat(t *testing.T) {
	limiter, err := channels.NewLimiter(channels.LimiterConfig{Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(t, apiToken, channels.WithLimiter(limiter), channels.WithHTTPClient(&http.Client{Transport: inMemory{}}))
	goroutines := runtime.NumGoroutine()
	n, early := 0, int64(0)
	for d := range client.Deliver(t.Context(), numbered(manyMessages, manyMessages/10)) {
		if d.Err != nil {
			t.Fatal(d.Err)
		}
		if n++; n == manyMessages/10 {
			early = live()
		}
	}
	grown := live() - early
	t.Logf("%d messages: %d KiB in use after a tenth, %d KiB more at the end", n, early>>10, grown>>10)
	if most := int64(16 * limiter.State().InUse); n != manyMessages || grown > 1<<20+most {
		t.Errorf("%d were yielded, and %d bytes more in use; want %d, and less than 1 MiB beside the %d of the limiter", n, grown, manyMessages, most)
	}
	if now := runtime.NumGoroutine(); now > goroutines {
		t.Errorf("%d goroutines before, %d after", goroutines, now)
	}
}
