package channels_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// A channel is registered and a message with a picture is delivered. Programs of their own
// use the address of the emulator, or leave WithBaseURL out.
func Example() {
	pipedrive := httptest.NewServer(answerLikePipedrive())
	defer pipedrive.Close()
	ctx := context.Background()

	token := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "from-the-installation"})
	client, err := channels.NewClient(channels.OAuth(token), channels.WithBaseURL(pipedrive.URL+"/v1"))
	if err != nil {
		log.Fatal(err)
	}
	channel, err := client.AddChannel(ctx, channels.AddChannelRequest{
		Name:              "Support on WhatsApp",
		ProviderChannelID: "whatsapp-4915112345678",
		ProviderType:      channels.ProviderWhatsApp,
	})
	if err != nil && !errors.Is(err, channels.ErrChannelAlreadyExists) {
		log.Fatal(err)
	}
	fmt.Println("registered", channel.Name)

	message, err := client.ReceiveMessage(ctx, channels.ReceiveMessageRequest{
		ID:                "message-1",
		ProviderChannelID: "whatsapp-4915112345678",
		ConversationID:    "conversation-17",
		SenderID:          "person-7",
		Message:           "Is the blue one in stock?",
		Status:            channels.StatusSent,
		CreatedAt:         time.Date(2026, 3, 1, 8, 58, 30, 0, time.FixedZone("CET", 3600)),
		Attachments: []channels.Attachment{{
			ID: "attachment-3", Type: "image/png", URL: "https://messenger.example/files/3.png",
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(message.Status, message.ID, "of", message.CreatedAt.Format(time.RFC3339))
	// Output:
	// registered Support on WhatsApp
	// sent message-1 of 2026-03-01T07:58:00Z
}

// What to do about an error is decided by what became of the request, and by its kind.
func ExampleError() {
	pipedrive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, `{"success":false,"error":"Conversations are deleted by the owner.","error_info":"","additional_data":{"code":"FORBIDDEN_USER_REQUEST"}}`)
	}))
	defer pipedrive.Close()
	client, err := channels.NewClient(channels.APIToken("of-a-user"), channels.WithBaseURL(pipedrive.URL+"/v1"))
	if err != nil {
		log.Fatal(err)
	}

	err = client.DeleteConversation(context.Background(), channels.DeleteConversationRequest{
		ProviderChannelID: "whatsapp-4915112345678",
		ConversationID:    "conversation-17",
	})
	var e *channels.Error
	switch {
	case errors.Is(err, channels.ErrForbidden):
		fmt.Println("ask the owner of the installation:", err)
	case errors.As(err, &e) && e.Outcome == channels.Unknown:
		fmt.Println("it may be deleted, or not:", err)
	}
	// Output:
	// ask the owner of the installation: channels: deleteConversation: answered 403 FORBIDDEN_USER_REQUEST: Conversations are deleted by the owner.
}

func answerLikePipedrive() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/channels", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"success":true,"data":{"id":"6fd1b2a4","name":"Support on WhatsApp","created_at":"2026-03-01 07:00:00"}}`)
	})
	mux.HandleFunc("POST /v1/channels/messages/receive", func(w http.ResponseWriter, r *http.Request) {
		message, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, `{"success":true,"data":%s}`, message)
	})
	return mux
}
