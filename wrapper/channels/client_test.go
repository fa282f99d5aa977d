package channels_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func TestSmoke(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		t.Log(r.Method, r.URL, r.Header, string(b))
		_, _ = w.Write([]byte(`{"success":true,"data":{"id":"m","channel_id":"c","sender_id":"s","conversation_id":"v","message":"x","status":"sent","created_at":"2022-03-01 00:00:00","attachments":[]}}`))
	}))
	defer srv.Close()
	c, err := channels.NewClient(channels.APIToken("tok"), channels.WithBaseURL(srv.URL+"/v1"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.ReceiveMessage(t.Context(), channels.ReceiveMessageRequest{ID: "m", ProviderChannelID: "c", ConversationID: "v", SenderID: "s", Message: "x", Status: "sent", CreatedAt: time.Now(), Attachments: []channels.Attachment{{ID: "a", Type: "image/png", URL: "http://x/y"}}})
	t.Logf("%+v %v", m, err)
	_, err = c.ReceiveMessage(t.Context(), channels.ReceiveMessageRequest{ID: ".."})
	t.Log(err)
	var e *channels.Error
	t.Log(errors.As(err, &e))
	srv.Close()
	err = c.DeleteChannel(t.Context(), channels.DeleteChannelRequest{ProviderChannelID: "a/b"})
	t.Logf("%v", err)
}
