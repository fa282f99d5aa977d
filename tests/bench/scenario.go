package main

import (
	"context"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// scenario is something done in two ways: by this project and by hand.
type scenario struct {
	name         string
	overLoopback bool // otherwise in memory
	open         func(ctx context.Context) (*sides, error)
}

// sides are the two ways to do once what a scenario is about.
type sides struct {
	ours, byHand func(context.Context) error
	close        func()
}

var scenarios = []scenario{
	receiving("receiveMessage, no attachment", false, false, staticToken),
	receiving("receiveMessage, no attachment, installed app", false, false, installed),
	receiving("receiveMessage, one attachment", false, true, staticToken),
	receiving("receiveMessage, one attachment, installed app", false, true, installed),
	receiving("receiveMessage, no attachment", true, false, installed),
	receiving("receiveMessage, one attachment", true, true, installed),
}

// receiving delivers one message.
func receiving(name string, overLoopback, attachment bool, tokens source) scenario {
	return scenario{name, overLoopback, func(ctx context.Context) (*sides, error) {
		answer := answerTo(attachment)
		if !overLoopback {
			return connect(ctx, "http://127.0.0.1", memory{answer}, memory{answer}, attachment, tokens, func() {})
		}
		server, err := listen(answer)
		if err != nil {
			return nil, err
		}
		a, b := &http.Transport{}, &http.Transport{} // a connection each
		return connect(ctx, server.url(), a, b, attachment, tokens, func() {
			a.CloseIdleConnections()
			b.CloseIdleConnections()
			server.close()
		})
	}}
}

func connect(ctx context.Context, origin string, a, b http.RoundTripper, attachment bool, tokens source, closeAll func()) (*sides, error) {
	client, err := newClient(ctx, origin, a, noLimit, tokens)
	if err != nil {
		closeAll()
		return nil, err
	}
	hand := newHandClient(origin+apiPath, b)
	message, messageByHand := clientMessage(attachment), messageByHand(attachment)
	return &sides{
		ours: func(ctx context.Context) error {
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

const (
	apiPath = "/api/v1"
	// maxInFlight is what the client allows itself; net/http keeps two connections by default.
	maxInFlight = 64
)

// noLimit has room for all calls: it is the most that a limiter believes. It keeps eight bytes for
// each call of the last two seconds, some megabytes at the pace of a bench.
var noLimit = channels.LimiterConfig{Limit: 1 << 20}

// newClient returns a client with everything on: retries, a limiter, and a token source that is
// asked for each call.
func newClient(ctx context.Context, origin string, transport http.RoundTripper, limit channels.LimiterConfig, tokens source) (*channels.Client, error) {
	limiter, err := channels.NewLimiter(limit)
	if err != nil {
		return nil, err
	}
	source, err := tokens(ctx, origin)
	if err != nil {
		return nil, err
	}
	options := []channels.Option{channels.WithLimiter(limiter), channels.WithHTTPClient(&http.Client{Transport: transport})}
	if _, tells := source.(interface {
		BaseURL(ctx context.Context) (string, error)
	}); !tells {
		options = append(options, channels.WithBaseURL(origin+apiPath))
	}
	return channels.NewClient(channels.OAuth(source), options...)
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

func answerTo(attachment bool) []byte {
	attachments := ""
	if attachment {
		attachments = `{"id":"attachment-3","type":"image/png","url":"https://messenger.example/files/3.png","name":"invoice.png",` +
			`"size":600.5,"preview_url":"https://messenger.example/files/3.preview.png","link_expires":true}`
	}
	return []byte(`{"success":true,"data":{"id":"message-1","channel_id":"whatsapp-4915112345678","sender_id":"person-7",` +
		`"conversation_id":"conversation-17","message":"Is the blue one in stock?","status":"sent",` +
		`"created_at":"2026-03-01T07:58:00.000Z","reply_by":"2026-03-02T07:58:00.000Z",` +
		`"conversation_link":"https://messenger.example/conversations/17","attachments":[` + attachments + `]}}`)
}
