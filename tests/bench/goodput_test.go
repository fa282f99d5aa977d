//go:build unix

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/internal/pipenet"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// TestGoodput delivers through Pipedrive's burst limit in virtual time: 80 requests in any two seconds. The best
// that any client can do is to send 80 at once, and 80 more every two seconds. Programs know nothing of each
// other; "by hand" has no limiter.
func TestGoodput(t *testing.T) {
	t.Parallel()
	messages := 160 // of each program
	if flag.Lookup("test.bench").Value.String() != "" {
		messages = 1640
	}
	near, far := [2]time.Duration{5 * time.Millisecond, 40 * time.Millisecond}, [2]time.Duration{50 * time.Millisecond, 300 * time.Millisecond}
	for _, c := range []struct {
		name     string
		programs int
		latency  [2]time.Duration
		send     func(context.Context, *http.Client, int) int
	}{
		{"by hand, 50 workers", 1, near, sendByHand},
		{"one program, 50 workers", 1, near, send},
		{"one program, Deliver", 1, near, deliver},
		{"2 programs, 50 workers each", 2, near, send},
		{"4 programs, 50 workers each", 4, near, send},
		{"8 programs, 50 workers each", 8, near, send},
		{"8 programs, Deliver", 8, near, deliver},
		{"one program far away", 1, far, send},
		{"2 programs far away", 2, far, send},
		{"8 programs far away", 8, far, send},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &window{random: rand.New(rand.NewPCG(1, 2)), latency: c.latency}
			lost, start := atomic.Int64{}, time.Now()
			var group sync.WaitGroup
			for i := range c.programs {
				group.Go(func() { lost.Add(int64(c.send(t.Context(), &http.Client{Transport: w.program(i)}, messages))) })
			}
			group.Wait()
			all := c.programs * messages
			best := windowLength * time.Duration((all-1)/windowLimit)
			rate := fmt.Sprintf("%5.1f %%", 100*best.Seconds()/time.Since(start).Seconds())
			if lost.Load() > 0 {
				rate = "      -" // of what was lost there is no speed
			}
			t.Logf("%-28s %s of the best rate, %5.2f %% × 429, fairness %.3f, %d of %d lost", c.name,
				rate, 100*float64(w.refused)/float64(w.refused+len(w.arrived)), w.fairness(c.programs), lost.Load(), all)
			if got := len(w.arrived); got+int(lost.Load()) != all {
				t.Errorf("%s: %d messages arrived, and %d are reported as lost", c.name, got, lost.Load())
			}
		})
	}
}

// workers calls deliver for so many messages, 50 at a time, and returns how many failed.
func workers(messages int, deliver func(id string) error) (failed int) {
	var group sync.WaitGroup
	next, lost := atomic.Int64{}, atomic.Int64{}
	for range 50 {
		group.Go(func() {
			for i := next.Add(1); i <= int64(messages); i = next.Add(1) {
				if deliver(fmt.Sprint("message-", i)) != nil {
					lost.Add(1)
				}
			}
		})
	}
	group.Wait()
	return int(lost.Load())
}

func sendByHand(ctx context.Context, c *http.Client, messages int) int {
	hand, m := newHandClient("http://127.0.0.1"+apiPath, c.Transport), messageByHand(false)
	return workers(messages, func(id string) error {
		m := m
		m.ID = id
		_, err := hand.receiveMessage(ctx, m)
		return err
	})
}

func limited(c *http.Client) *channels.Client {
	client, err := channels.NewClient(channels.APIToken(token), channels.WithBaseURL("http://127.0.0.1"+apiPath),
		channels.WithHTTPClient(c), channels.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		panic(err) // these options are right
	}
	return client
}

func send(ctx context.Context, c *http.Client, messages int) int {
	client, m := limited(c), clientMessage(false)
	return workers(messages, func(id string) error {
		m := m
		m.ID = id
		_, err := client.ReceiveMessage(ctx, m)
		return err
	})
}

func deliver(ctx context.Context, c *http.Client, messages int) (failed int) {
	for d := range limited(c).Deliver(ctx, conversations(messages)) {
		if d.Err != nil {
			failed++
		}
	}
	return failed
}

const (
	windowLimit  = 80
	windowLength = 2 * time.Second
)

// window is an API with a burst limit. The request that would be too many for the last two seconds is
// answered 429; refused ones do not count.
type window struct {
	latency [2]time.Duration // of one way, at least and at most

	mu       sync.Mutex
	random   *rand.Rand
	accepted []time.Time // within the last two seconds
	arrived  []int       // the programs of the messages, in order
	refused  int
}

// program is the window as one of the programs reaches it.
func (w *window) program(number int) http.RoundTripper {
	return pipenet.RoundTrip(func(req *http.Request) (*http.Response, error) {
		var m struct{ ID string }
		if err := json.NewDecoder(req.Body).Decode(&m); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
		w.travel()
		status, body, remaining := w.receive(number)
		w.travel()
		return &http.Response{
			StatusCode: status, Body: io.NopCloser(bytes.NewReader(body)), Request: req,
			Header: http.Header{
				"Content-Type": {"application/json"}, "X-Ratelimit-Limit": {fmt.Sprint(windowLimit)},
				"X-Ratelimit-Remaining": {fmt.Sprint(remaining)}, "X-Ratelimit-Reset": {"2"},
			},
		}, nil
	})
}

func (w *window) travel() {
	w.mu.Lock()
	oneWay := w.latency[0] + time.Duration(w.random.Int64N(int64(w.latency[1]-w.latency[0])))
	w.mu.Unlock()
	<-time.After(oneWay)
}

func (w *window) receive(program int) (status int, body []byte, remaining int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for len(w.accepted) > 0 && now.Sub(w.accepted[0]) >= windowLength {
		w.accepted = w.accepted[1:]
	}
	if len(w.accepted) >= windowLimit {
		w.refused++
		return http.StatusTooManyRequests, []byte(`{"success":false,"error":"request over limit"}`), 0
	}
	w.accepted = append(w.accepted, now)
	w.arrived = append(w.arrived, program)
	return http.StatusOK, answerTo(false), windowLimit - len(w.accepted)
}

// fairness is Jain's index of what each program had delivered when half of all was: 1 if all had the same, and
// 1/n if one had everything.
func (w *window) fairness(programs int) float64 {
	shares := make([]float64, programs)
	for _, program := range w.arrived[:len(w.arrived)/2] {
		shares[program]++
	}
	var sum, squares float64
	for _, s := range shares {
		sum += s
		squares += s * s
	}
	return sum * sum / (float64(programs) * squares)
}
