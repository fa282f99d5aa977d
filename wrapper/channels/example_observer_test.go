package channels_test

import (
	"context"
	"fmt"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// metrics counts, by name and labels, as the counters of a metrics library do.
type metrics struct {
	mu     sync.Mutex
	counts map[string]int
}

func (m *metrics) add(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[name]++
}

// CallBegins has nothing to count, and nothing to put into the context.
func (m *metrics) CallBegins(ctx context.Context, _ string) context.Context { return ctx }

// AttemptEnds counts requests by what came of them. Their number is bounded: an event holds no id.
func (m *metrics) AttemptEnds(_ context.Context, e channels.AttemptEvent) {
	m.add("requests{operation=" + e.Operation + ",result=" + label(e.Ending) + "}")
	if e.Repeated {
		m.add("retries{reason=" + e.Reason + "}")
	}
}

// CallEnds counts calls. A library would put e.Took and e.Waited into histograms.
func (m *metrics) CallEnds(_ context.Context, e channels.CallEvent) {
	m.add("calls{operation=" + e.Operation + ",result=" + label(e.Ending) + "}")
}

func label(r channels.Ending) string {
	switch {
	case r.Accepted:
		return "accepted"
	case r.StatusCode != 0:
		return strconv.Itoa(r.StatusCode)
	default:
		return r.Outcome.String()
	}
}

// An observer turns what the client does into metrics: here the first request is answered
// with 503, so that the message takes two.
func ExampleWithObserver() {
	requests := 0
	pipedrive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprint(w, messageAnswer)
	}))
	defer pipedrive.Close()

	observer := &metrics{counts: map[string]int{}}
	client, err := channels.NewClient(channels.APIToken("of-a-user"), channels.WithBaseURL(pipedrive.URL+"/v1"), channels.WithObserver(observer))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.ReceiveMessage(context.Background(), message()); err != nil {
		log.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(observer.counts)) {
		fmt.Println(name, observer.counts[name])
	}
	// Output:
	// calls{operation=receiveMessage,result=accepted} 1
	// requests{operation=receiveMessage,result=503} 1
	// requests{operation=receiveMessage,result=accepted} 1
	// retries{reason=the outcome is unknown} 1
}
