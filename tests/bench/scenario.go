package main

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// scenario is one message over one medium, which both sides deliver.
type scenario struct {
	overLoopback bool // otherwise in memory
	attachment   bool
}

var scenarios = []scenario{{false, false}, {false, true}, {true, false}, {true, true}}

func (s scenario) String() string {
	name := "in memory"
	if s.overLoopback {
		name = "over loopback"
	}
	if s.attachment {
		return name + ", one attachment"
	}
	return name + ", no attachment"
}

// sides are the two ways to deliver the message of a scenario.
type sides struct {
	client, byHand func(context.Context) error
	close          func()
}

func (s scenario) open() (*sides, error) {
	answer := s.answer()
	if !s.overLoopback {
		return connect("http://127.0.0.1", memory{answer}, memory{answer}, s.attachment, func() {})
	}
	server, err := listen(answer)
	if err != nil {
		return nil, err
	}
	a, b := &http.Transport{}, &http.Transport{} // a connection each
	return connect(server.url(), a, b, s.attachment, func() {
		a.CloseIdleConnections()
		b.CloseIdleConnections()
		server.close()
	})
}

func connect(baseURL string, a, b http.RoundTripper, attachment bool, closeAll func()) (*sides, error) {
	client, err := newClient(baseURL, a)
	if err != nil {
		closeAll()
		return nil, err
	}
	hand := newHandClient(baseURL, token, b)
	message, messageByHand := clientMessage(attachment), messageByHand(attachment)
	return &sides{
		client: func(ctx context.Context) error {
			_, err := client.ReceiveMessage(ctx, message)
			return err
		},
		byHand: func(ctx context.Context) error {
			_, err := hand.receiveMessage(ctx, messageByHand)
			return err
		},
		close: closeAll,
	}, nil
}

const token = "access-token-of-the-bench"

func newClient(baseURL string, transport http.RoundTripper) (*channels.Client, error) {
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token, TokenType: "Bearer"})
	return channels.NewClient(channels.OAuth(source),
		channels.WithBaseURL(baseURL),
		channels.WithHTTPClient(&http.Client{Transport: transport}))
}

// The message is the example of spec/channels.yaml, once for each side and once as it is
// answered.

var (
	createdAt = time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC)
	replyBy   = createdAt.AddDate(0, 0, 1)
)

func clientMessage(attachment bool) channels.ReceiveMessageRequest {
	m := channels.ReceiveMessageRequest{
		ID:                "message-1",
		ProviderChannelID: "whatsapp-4915112345678",
		SenderID:          "person-7",
		ConversationID:    "conversation-17",
		Message:           "Is the blue one in stock?",
		Status:            channels.StatusSent,
		CreatedAt:         createdAt,
		ReplyBy:           replyBy,
		ConversationLink:  "https://messenger.example/conversations/17",
	}
	if attachment {
		m.Attachments = []channels.Attachment{{
			ID:          "attachment-3",
			Type:        "image/png",
			URL:         "https://messenger.example/files/3.png",
			Name:        "invoice.png",
			Size:        600.5,
			PreviewURL:  "https://messenger.example/files/3.preview.png",
			LinkExpires: true,
		}}
	}
	return m
}

func messageByHand(attachment bool) handMessage {
	m := handMessage{
		handJSON: handJSON{
			ID:               "message-1",
			ChannelID:        "whatsapp-4915112345678",
			SenderID:         "person-7",
			ConversationID:   "conversation-17",
			Message:          "Is the blue one in stock?",
			Status:           "sent",
			ConversationLink: "https://messenger.example/conversations/17",
			Attachments:      []handAttachment{},
		},
		CreatedAt: createdAt,
		ReplyBy:   replyBy,
	}
	if attachment {
		m.Attachments = []handAttachment{{
			ID:          "attachment-3",
			Type:        "image/png",
			URL:         "https://messenger.example/files/3.png",
			Name:        "invoice.png",
			Size:        600.5,
			PreviewURL:  "https://messenger.example/files/3.preview.png",
			LinkExpires: true,
		}}
	}
	return m
}

func (s scenario) answer() []byte {
	attachments := ""
	if s.attachment {
		attachments = `{"id":"attachment-3","type":"image/png","url":"https://messenger.example/files/3.png","name":"invoice.png",` +
			`"size":600.5,"preview_url":"https://messenger.example/files/3.preview.png","link_expires":true}`
	}
	return []byte(`{"success":true,"data":{"id":"message-1","channel_id":"whatsapp-4915112345678","sender_id":"person-7",` +
		`"conversation_id":"conversation-17","message":"Is the blue one in stock?","status":"sent",` +
		`"created_at":"2026-03-01T07:58:00.000Z","reply_by":"2026-03-02T07:58:00.000Z",` +
		`"conversation_link":"https://messenger.example/conversations/17","attachments":[` + attachments + `]}}`)
}
