//go:build unix

package bench

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/channels"
	"golang.org/x/oauth2"
)

const (
	token   = "access-token-of-the-bench"
	apiPath = "/api/v1"
)

// BenchmarkReceiveMessage delivers messages with everything on, retries, a limiter and a token source that is
// asked for each call, and by hand with a time limit and times that are parsed. "Installed app" is the token
// source of wrapper/auth; elsewhere it is x/oauth2's static one.
func BenchmarkReceiveMessage(b *testing.B) {
	for _, c := range []struct {
		name       string
		loopback   bool
		attachment bool
		tokens     func(testing.TB, string) oauth2.TokenSource
		batch      int
		inFlight   int
	}{
		{"memory", false, false, staticToken, 1000, 1},
		{"memory, one attachment", false, true, staticToken, 1000, 1},
		{"memory, two goroutines, installed app", false, false, installed, 2000, 2},
		{"loopback, installed app", true, false, installed, 200, 1},
		{"loopback, 50 in flight, installed app", true, false, installed, 2000, 50},
	} {
		b.Run(c.name, func(b *testing.B) {
			answer := answerTo(c.attachment)
			origin, ours, theirs := "http://127.0.0.1", http.RoundTripper(memory{answer}), http.RoundTripper(memory{answer})
			if c.loopback {
				origin = listen(b, answer)
				ours, theirs = pooled(b), pooled(b)
			}
			client, message := newClient(b, origin, ours, c.tokens), clientMessage(c.attachment)
			hand, messageByHand := newHandClient(origin+apiPath, theirs), messageByHand(c.attachment)
			compare(b,
				func(ctx context.Context, id string) error {
					m := message
					m.ID = id
					_, err := client.ReceiveMessage(ctx, m)
					return err
				},
				func(ctx context.Context, id string) error {
					m := messageByHand
					m.ID = id
					_, err := hand.receiveMessage(ctx, m)
					return err
				}, c.batch, c.inFlight)
		})
	}
}

// newClient returns a client whose limiter has room for every call: the most that a limiter believes.
func newClient(t testing.TB, origin string, transport http.RoundTripper, tokens func(testing.TB, string) oauth2.TokenSource) *channels.Client {
	t.Helper()
	limiter, err := channels.NewLimiter(channels.LimiterConfig{Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	options := []channels.Option{channels.WithLimiter(limiter), channels.WithHTTPClient(&http.Client{Transport: transport})}
	source := tokens(t, origin)
	if _, tells := source.(interface {
		BaseURL(ctx context.Context) (string, error)
	}); !tells {
		options = append(options, channels.WithBaseURL(origin+apiPath))
	}
	client, err := channels.NewClient(channels.OAuth(source), options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func staticToken(testing.TB, string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token, TokenType: "Bearer"})
}

// installed is the source of wrapper/auth, as a service uses it: it listens to the context of the
// call, knows when to renew, and tells the base URL.
func installed(t testing.TB, origin string) oauth2.TokenSource {
	t.Helper()
	app, err := auth.NewApp(auth.AppConfig{
		ClientID: "client", ClientSecret: auth.NewSecret("secret"), RedirectURL: "http://127.0.0.1/callback",
		Store: new(auth.MemoryStore), OAuthURL: "http://127.0.0.1",
		HTTPClient: &http.Client{Transport: memory{[]byte(`{"access_token":"` + token + `","token_type":"Bearer","expires_in":3600,` +
			`"refresh_token":"refresh","api_domain":"` + origin + `"}`)}},
		Identify: func(context.Context, *auth.TokenSource) (auth.Installation, error) {
			return auth.Installation{CompanyID: 1001, UserID: 42}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	source, err := app.Install(t.Context(), "code")
	if err != nil {
		t.Fatal(err)
	}
	return source
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
