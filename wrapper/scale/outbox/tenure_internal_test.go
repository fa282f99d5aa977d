package outbox

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// A process that was stopped for longer than its tenure must not send what it was about to send.
func TestNothingIsSentAfterTheTenure(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		_, _ = w.Write([]byte(`{"success":true,"data":{}}`))
	}))
	defer server.Close()
	client, err := channels.NewClient(channels.APIToken("token"), channels.WithBaseURL(server.URL+"/v1"),
		channels.WithRetries(channels.RetryPolicy{Attempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	message := channels.ReceiveMessageRequest{ID: "m", ProviderChannelID: "c", ConversationID: "v", SenderID: "s", Message: "x", Status: channels.StatusSent, CreatedAt: time.Now()}
	tenure := newTenure(t.Context())
	for _, c := range []struct {
		beat time.Duration
		sent int64
	}{{0, 1}, {-tenureEnds, 0}} {
		requests.Store(0)
		tenure.extend(time.Now().Add(c.beat))
		for d := range client.Deliver(tenure.guard(t.Context()), channels.Messages([]channels.ReceiveMessageRequest{message})) {
			if (d.Err == nil) != (c.sent == 1) {
				t.Errorf("a beat %v ago: %v", -c.beat, d.Err)
			}
		}
		if n := requests.Load(); n != c.sent {
			t.Errorf("a beat %v ago: %d requests, want %d", -c.beat, n, c.sent)
		}
	}
}
