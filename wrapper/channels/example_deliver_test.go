package channels_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// Several messages are delivered at once. What is not delivered is kept, to be delivered again in
// the same order.
func ExampleClient_Deliver() {
	pipedrive := httptest.NewServer(answerLikePipedrive())
	defer pipedrive.Close()
	client, err := channels.NewClient(channels.APIToken("api-token"), channels.WithBaseURL(pipedrive.URL+"/v1"))
	if err != nil {
		log.Fatal(err)
	}

	var left []channels.ReceiveMessageRequest
	for d := range client.Deliver(context.Background(), channels.Messages(theNight())) {
		switch {
		case d.Err == nil:
			fmt.Println(d.Index, d.Message.ID, "is", d.Message.Status)
		case errors.Is(d.Err, channels.ErrConversationHeldBack), errors.Is(d.Err, channels.ErrDeliveryStopped):
			left = append(left, d.Request) // not sent
		default:
			log.Println(d.Err)
			left = append(left, d.Request)
		}
	}
	fmt.Println(len(left), "left")
	// Output:
	// 0 message-1 is sent
	// 1 message-1 is delivered
	// 2 message-1 is read
	// 0 left
}

// theNight is a message and its changes of status.
func theNight() (messages []channels.ReceiveMessageRequest) {
	for _, status := range []channels.MessageStatus{channels.StatusSent, channels.StatusDelivered, channels.StatusRead} {
		messages = append(messages, channels.ReceiveMessageRequest{
			ID: "message-1", ProviderChannelID: "whatsapp-4915112345678", ConversationID: "conversation-17", SenderID: "person-7",
			Message: "Is the blue one in stock?", Status: status, CreatedAt: time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC),
		})
	}
	return messages
}

// All clients of a program that call for one installation share a limiter. Its state says why calls
// wait, or are not made.
func ExampleNewLimiter() {
	pipedrive := httptest.NewServer(answerLikePipedrive())
	defer pipedrive.Close()
	limiter, err := channels.NewLimiter(channels.LimiterConfig{Limit: 160})
	if err != nil {
		log.Fatal(err)
	}
	client, err := channels.NewClient(channels.APIToken("api-token"), channels.WithBaseURL(pipedrive.URL+"/v1"), channels.WithLimiter(limiter))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.AddChannel(context.Background(), channels.AddChannelRequest{Name: "Support", ProviderChannelID: "whatsapp-4915112345678"}); err != nil {
		log.Fatal(err)
	}

	state := client.Limiter().State()
	fmt.Println(state.InUse, "of", state.Limit, "requests of these two seconds are made here,", state.Neighbours, "elsewhere")
	if state.Refusing != nil {
		fmt.Println("nothing is sent before", state.NextProbe, "since", state.Refusing)
	}
	// Output:
	// 1 of 160 requests of these two seconds are made here, 0 elsewhere
}
