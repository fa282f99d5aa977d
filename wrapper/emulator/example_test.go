// The example of the package: the emulator in a test, spoken to over plain HTTP.

package emulator_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// scope stands in for the *testing.T of a test.
type scope struct{ cleanup func() }

func (*scope) Helper()                           {}
func (s *scope) Cleanup(f func())                { s.cleanup = f }
func (*scope) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func Example() {
	t := &scope{}
	server := emulator.Start(t, emulator.Config{})
	defer t.cleanup()

	post := func(path, body string) {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, server.BaseURL+path, strings.NewReader(body))
		if err != nil {
			t.Fatalf("%v", err)
		}
		req.Header.Set("Authorization", "Bearer "+server.AccessToken())
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer func() { _ = resp.Body.Close() }()
		fmt.Println(path, resp.Status)
	}
	message := `{"id": "m1", "channel_id": "whatsapp-1", "sender_id": "anna", "conversation_id": "v1",
		"message": "Is the blue one in stock?", "status": "%s", "created_at": "2026-03-01 07:58", "attachments": []}`
	post("/channels", `{"name": "Support", "provider_channel_id": "whatsapp-1", "provider_type": "whatsapp"}`)
	post("/channels/messages/receive", fmt.Sprintf(message, "sent"))
	post("/channels/messages/receive", fmt.Sprintf(message, "read"))

	for _, m := range server.Messages("whatsapp-1", "v1") {
		fmt.Println(m.ID, m.Status, m.CreatedAt.Format("15:04"), m.Message)
	}
	// Output:
	// /channels 200 OK
	// /channels/messages/receive 200 OK
	// /channels/messages/receive 200 OK
	// m1 read 07:58 Is the blue one in stock?
}
