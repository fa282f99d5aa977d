// Command app is what a messaging app does first: it registers a channel, and delivers a
// message with an attachment. It may be started again: a channel that is there is fine.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func main() {
	token := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: os.Getenv("PIPEDRIVE_ACCESS_TOKEN")})
	client, err := channels.NewClient(channels.OAuth(token), channels.WithBaseURL(os.Getenv("PIPEDRIVE_BASE_URL")))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()

	_, err = client.AddChannel(ctx, channels.AddChannelRequest{Name: "Support", ProviderChannelID: "whatsapp-1", ProviderType: channels.ProviderWhatsApp})
	switch {
	case errors.Is(err, channels.ErrChannelAlreadyExists):
		fmt.Println("the channel is there already")
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println("registered the channel")
	}

	message, err := client.ReceiveMessage(ctx, channels.ReceiveMessageRequest{
		ID: "message-1", ProviderChannelID: "whatsapp-1", ConversationID: "conversation-17", SenderID: "person-7",
		Message: "This one", Status: channels.StatusSent, CreatedAt: time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC),
		Attachments: []channels.Attachment{{ID: "attachment-3", Type: "image/png", URL: "https://messenger.example/3.png"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("delivered", message.ID, "with", len(message.Attachments), "attachment")
}
