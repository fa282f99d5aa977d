package channels_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

const apiToken = "api-token-of-the-tests"

// once lets a test look at a single attempt.
var once = channels.WithRetries(channels.RetryPolicy{Attempts: 1})

// quiet keeps what a test provokes out of its output.
var quiet = channels.WithLogger(slog.New(slog.DiscardHandler))

// newClient returns a client of a server that answers by the handler. It makes one attempt at each call.
func newClient(t testing.TB, handler http.HandlerFunc, opts ...channels.Option) *channels.Client {
	t.Helper()
	client, err := channels.NewClient(channels.APIToken(apiToken),
		append([]channels.Option{channels.WithBaseURL(newServer(t, handler)), once, quiet}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// answer returns a handler that always answers the same.
func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// message returns a request that is right.
func message() channels.ReceiveMessageRequest {
	return channels.ReceiveMessageRequest{
		ID:                "message-1",
		ProviderChannelID: "channel-1",
		ConversationID:    "conversation-1",
		SenderID:          "person-1",
		Message:           "Is the blue one in stock?",
		Status:            channels.StatusSent,
		CreatedAt:         time.Date(2026, 3, 1, 7, 58, 59, 999, time.UTC),
	}
}

const messageAnswer = `{"success":true,"data":{"id":"message-1","channel_id":"channel-1","sender_id":"person-1",` +
	`"conversation_id":"conversation-1","message":"Is the blue one in stock?","status":"sent",` +
	`"created_at":"2026-03-01T07:58:00.000Z","attachments":[]}}`

// mustError returns the details of an error, which every failed call has.
func mustError(t testing.TB, err error) *channels.Error {
	t.Helper()
	var e *channels.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want a *channels.Error", err, err)
	}
	return e
}

// newServer returns the base URL of a server that answers by the handler.
func newServer(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL + "/v1"
}
