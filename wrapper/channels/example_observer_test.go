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

// observer counts requests and calls by how they ended. The number of names is bounded: an event holds no
// id. A metrics library would put Took and Waited into histograms.
func (m *metrics) observer() channels.Observer {
	return channels.Observer{
		AttemptEnds: func(_ context.Context, e channels.AttemptEvent) {
			m.add("requests{operation=" + e.Operation + ",result=" + label(e.Outcome, e.StatusCode) + "}")
			if e.Repeated {
				m.add("retries{reason=" + e.Reason + "}")
			}
		},
		CallEnds: func(_ context.Context, e channels.CallEvent) {
			m.add("calls{operation=" + e.Operation + ",result=" + label(e.Outcome, e.StatusCode) + "}")
		},
	}
}

func label(o channels.Outcome, status int) string {
	if o == channels.Accepted || status == 0 {
		return o.String()
	}
	return strconv.Itoa(status)
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

	counters := &metrics{counts: map[string]int{}}
	client, err := channels.NewClient(channels.APIToken("of-a-user"), channels.WithBaseURL(pipedrive.URL+"/v1"), channels.WithObserver(counters.observer()))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.ReceiveMessage(context.Background(), message()); err != nil {
		log.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(counters.counts)) {
		fmt.Println(name, counters.counts[name])
	}
	// Output:
	// calls{operation=receiveMessage,result=accepted} 1
	// requests{operation=receiveMessage,result=503} 1
	// requests{operation=receiveMessage,result=accepted} 1
	// retries{reason=the outcome is unknown} 1
}
