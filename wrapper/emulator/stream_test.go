// The events as they come.

package emulator_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// events reads the stream, each event as its kind.
func (a api) events(ctx context.Context, header, after string) (next func() (id, kind string)) {
	a.tb.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+"/_emulator/events", http.NoBody)
	if err != nil {
		a.tb.Fatal(err)
	}
	if header != "" {
		req.Header.Set(header, after)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		a.tb.Fatal(err)
	}
	a.tb.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		a.tb.Fatalf("the stream is %d %v", resp.StatusCode, resp.Header)
	}
	lines := bufio.NewScanner(resp.Body)
	return func() (id, kind string) {
		for lines.Scan() {
			line := lines.Text()
			if after, found := strings.CutPrefix(line, "id: "); found {
				id = after
			}
			if data, found := strings.CutPrefix(line, "data: "); found {
				var event struct{ Kind string }
				if err := json.Unmarshal([]byte(data), &event); err != nil {
					a.tb.Errorf("%s: %v", data, err)
				}
				return id, event.Kind
			}
		}
		return "", "end"
	}
}

func TestNoEventIsLostByAReader(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{BurstLimit: 10_000, DailyBudget: 1_000_000})
	ctx, leave := context.WithCancel(t.Context())
	next := a.events(ctx, "", "")
	a.addChannel(channel())
	a.receive(message())
	var kinds []string
	var last string
	for range 4 {
		id, kind := next()
		kinds, last = append(kinds, kind), id
	}
	if got := strings.Join(kinds, " "); got != "channel exchange message exchange" {
		t.Errorf("the events are %s", got)
	}
	leave()
	for i := range 600 {
		a.receive(message("id", fmt.Sprint("n", i)))
	}
	next = a.events(t.Context(), "Last-Event-ID", last)
	messages := 0
	for messages < 600 {
		_, kind := next()
		switch kind {
		case "message":
			messages++
		case "exchange":
		default:
			t.Fatalf("after %d messages: %s", messages, kind)
		}
	}
	// A number of another life is told as a gap.
	if _, kind := a.events(t.Context(), "Last-Event-ID", "1000000")(); kind != "gap" {
		t.Errorf("got %s", kind)
	}
}
