package channels_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// capture keeps the last request.
type capture struct {
	method, uri, body string
	header            http.Header
	count             int
}

func (c *capture) answer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*c = capture{r.Method, r.RequestURI, string(b), r.Header, c.count + 1}
		_, _ = io.WriteString(w, body)
	}
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	var got capture
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		body := messageAnswer
		if r.URL.Path == "/v1/channels" {
			body = `{"success":true,"data":{"id":"1"}}`
		}
		got.answer(body)(w, r)
	}, channels.WithUserAgent("shop/2.1"))
	ctx := t.Context()

	rich := message()
	rich.CreatedAt = time.Date(2026, 3, 1, 23, 58, 59, 0, time.FixedZone("", -9*3600)) // 08:58:59 UTC the day after
	rich.ReplyBy = time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
	rich.ConversationLink = "https://messenger.example/conversations/1?a=b"
	rich.Attachments = []channels.Attachment{
		{ID: "1", Type: "image/png", URL: "https://messenger.example/1.png"},
		{ID: "2", Type: "text/plain; charset=utf-8", URL: "https://messenger.example/2", Name: "ä.txt", Size: 600.5, PreviewURL: "https://messenger.example/2.png", LinkExpires: true},
	}
	for _, tt := range []struct {
		name              string
		call              func() error
		method, uri, body string
	}{
		{
			"a channel with its required fields only",
			func() error {
				_, err := client.AddChannel(ctx, channels.AddChannelRequest{Name: "Support", ProviderChannelID: "c"})
				return err
			},
			"POST", "/v1/channels", `{"name":"Support","provider_channel_id":"c"}`,
		},
		{
			"a channel with everything",
			func() error {
				_, err := client.AddChannel(ctx, channels.AddChannelRequest{
					Name: "Support", ProviderChannelID: "c", AvatarURL: "https://messenger.example/a.png", TemplateSupport: true, ProviderType: channels.ProviderWhatsApp,
				})
				return err
			},
			"POST", "/v1/channels",
			`{"avatar_url":"https://messenger.example/a.png","name":"Support","provider_channel_id":"c","provider_type":"whatsapp","template_support":true}`,
		},
		{
			"a message without attachments sends the empty list, and cuts the seconds",
			func() error { _, err := client.ReceiveMessage(ctx, message()); return err },
			"POST", "/v1/channels/messages/receive",
			`{"attachments":[],"channel_id":"channel-1","conversation_id":"conversation-1","created_at":"2026-03-01 07:58","id":"message-1",` +
				`"message":"Is the blue one in stock?","sender_id":"person-1","status":"sent"}`,
		},
		{
			"a message with everything is in UTC, with null for what is not known of an attachment",
			func() error { _, err := client.ReceiveMessage(ctx, rich); return err },
			"POST", "/v1/channels/messages/receive",
			`{"attachments":[{"id":"1","name":null,"preview_url":null,"size":null,"type":"image/png","url":"https://messenger.example/1.png"},` +
				`{"id":"2","link_expires":true,"name":"ä.txt","preview_url":"https://messenger.example/2.png","size":600.5,"type":"text/plain; charset=utf-8","url":"https://messenger.example/2"}],` +
				`"channel_id":"channel-1","conversation_id":"conversation-1","conversation_link":"https://messenger.example/conversations/1?a=b",` +
				`"created_at":"2026-03-02 08:58","id":"message-1","message":"Is the blue one in stock?","reply_by":"2026-03-03 00:00","sender_id":"person-1","status":"sent"}`,
		},
		{
			"the id of a channel is one segment of the path, whatever is in it",
			func() error {
				return client.DeleteChannel(ctx, channels.DeleteChannelRequest{ProviderChannelID: "a/b ü:@+%2F?#..;"})
			},
			"DELETE", "/v1/channels/a%2Fb%20%C3%BC%3A%40+%252F%3F%23..%3B", "",
		},
		{
			"a conversation",
			func() error {
				return client.DeleteConversation(ctx, channels.DeleteConversationRequest{ProviderChannelID: "+49 151", ConversationID: "..."})
			},
			"DELETE", "/v1/channels/+49%20151/conversations/...", "",
		},
	} {
		if err := tt.call(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got.method != tt.method || normalEscapes(got.uri) != normalEscapes(tt.uri) || got.body != tt.body {
			t.Errorf("%s:\n got %s %s\n     %s\nwant %s %s\n     %s", tt.name, got.method, got.uri, got.body, tt.method, tt.uri, tt.body)
		}
		for name, want := range map[string]string{
			"X-Api-Token":   apiToken,
			"Authorization": "",
			"Accept":        "application/json",
			"User-Agent":    "shop/2.1 pdchannels/" + channels.Version + " (+https://github.com/pdchannels/pdchannels)",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", tt.name, name, got.header.Get(name), want)
			}
		}
	}
}

// normalEscapes makes equal what RFC 3986 calls equal: whether + ; : @ are escaped in a path is the generator's choice.
func normalEscapes(uri string) string {
	return strings.NewReplacer("%2B", "+", "%3B", ";", "%3A", ":", "%40", "@").Replace(uri)
}

func TestAnAccessTokenIsABearer(t *testing.T) {
	t.Parallel()
	var got capture
	base := newServer(t, got.answer(`{"success":true}`))
	for name, tt := range map[string]struct {
		token   *oauth2.Token
		err     error
		header  string
		problem string
	}{
		"a token":                {token: &oauth2.Token{AccessToken: "a.b:c"}, header: "Bearer a.b:c"},
		"its type in small":      {token: &oauth2.Token{AccessToken: "abc", TokenType: "bearer"}, header: "Bearer abc"},
		"another type":           {token: &oauth2.Token{AccessToken: "abc", TokenType: "mac"}, problem: "not a bearer token"},
		"no token":               {token: nil, problem: "no access token"},
		"an empty token":         {token: &oauth2.Token{}, problem: "no access token"},
		"a token with a break":   {token: &oauth2.Token{AccessToken: "a\r\nX: y"}, problem: "control character"},
		"a source that fails":    {err: errors.New("the vault is sealed"), problem: "the vault is sealed"},
		"a refused refresh":      {err: &oauth2.RetrieveError{ErrorCode: "invalid_grant", Body: []byte("hunter2")}, problem: "invalid_grant"},
		"a refusal without code": {err: &oauth2.RetrieveError{Response: &http.Response{StatusCode: 502}, Body: []byte("hunter2")}, problem: "502"},
	} {
		client, err := channels.NewClient(channels.OAuth(tokenFunc(func() (*oauth2.Token, error) { return tt.token, tt.err })), once, channels.WithBaseURL(base))
		if err != nil {
			t.Fatal(err)
		}
		before := got.count
		err = client.DeleteChannel(t.Context(), channels.DeleteChannelRequest{ProviderChannelID: "c"})
		if tt.problem == "" {
			if err != nil || got.header.Get("Authorization") != tt.header || got.header.Get("X-Api-Token") != "" {
				t.Errorf("%s: %v, sent %v", name, err, got.header)
			}
			continue
		}
		if e := mustError(t, err); e.Outcome != channels.NotSent || !strings.Contains(err.Error(), tt.problem) || got.count != before {
			t.Errorf("%s: got %v (%v), want one about %q, and nothing sent", name, err, e.Outcome, tt.problem)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows what the token endpoint answered: %v", name, err)
		}
	}
}

// A token serves many calls, but not one more once the source has another.
func TestARenewedTokenIsUsed(t *testing.T) {
	t.Parallel()
	var got capture
	token := "the first"
	source := tokenFunc(func() (*oauth2.Token, error) {
		return &oauth2.Token{AccessToken: strings.ReplaceAll(token, " ", "-")}, nil
	})
	client, err := channels.NewClient(channels.OAuth(source), once, channels.WithBaseURL(newServer(t, got.answer(`{"success":true}`))))
	if err != nil {
		t.Fatal(err)
	}
	for _, token = range []string{"the first", "the first", "the second", "the first"} {
		err := client.DeleteChannel(t.Context(), channels.DeleteChannelRequest{ProviderChannelID: "c"})
		if want := "Bearer " + strings.ReplaceAll(token, " ", "-"); err != nil || got.header.Get("Authorization") != want {
			t.Errorf("sent %q, %v, want %q", got.header.Get("Authorization"), err, want)
		}
	}
}

type tokenFunc func() (*oauth2.Token, error)

func (f tokenFunc) Token() (*oauth2.Token, error) { return f() }

func TestWhatCannotBeRightIsNotSent(t *testing.T) {
	t.Parallel()
	var got capture
	client := newClient(t, got.answer(messageAnswer))
	ctx := t.Context()
	add := func(r channels.AddChannelRequest) error { _, err := client.AddChannel(ctx, r); return err }
	receive := func(change func(*channels.ReceiveMessageRequest)) error {
		r := message()
		change(&r)
		_, err := client.ReceiveMessage(ctx, r)
		return err
	}
	attach := func(a channels.Attachment) error {
		return receive(func(r *channels.ReceiveMessageRequest) {
			good := channels.Attachment{ID: "0", Type: "image/png", URL: "https://messenger.example/0"}
			r.Attachments = []channels.Attachment{good, a}
		})
	}
	type r = channels.ReceiveMessageRequest
	for _, tt := range []struct {
		err     error
		problem string
	}{
		{add(channels.AddChannelRequest{ProviderChannelID: "c"}), "Name is missing"},
		{add(channels.AddChannelRequest{Name: "n"}), "ProviderChannelID is missing"},
		{add(channels.AddChannelRequest{Name: "n\xff", ProviderChannelID: "c"}), "Name is not valid UTF-8"},
		{add(channels.AddChannelRequest{Name: "n", ProviderChannelID: ".."}), "ProviderChannelID is \"..\""},
		{add(channels.AddChannelRequest{Name: "n", ProviderChannelID: "c", ProviderType: "\xff"}), "ProviderType is not valid UTF-8"},
		{add(channels.AddChannelRequest{Name: "n", ProviderChannelID: "c", AvatarURL: "icon.png"}), "AvatarURL is not an absolute"},
		{receive(func(m *r) { m.ID = "" }), "ID is missing"},
		{receive(func(m *r) { m.ID = "." }), "ID is \".\""},
		{receive(func(m *r) { m.ID = "a\nb" }), "ID has a control character"},
		{receive(func(m *r) { m.ProviderChannelID = "" }), "ProviderChannelID is missing"},
		{receive(func(m *r) { m.ConversationID = " " }), "ConversationID is missing"},
		{receive(func(m *r) { m.SenderID = "" }), "SenderID is missing"},
		{receive(func(m *r) { m.Message = "" }), "Message is missing"},
		{receive(func(m *r) { m.Message = "\xf0\x28" }), "Message is not valid UTF-8"},
		{receive(func(m *r) { m.Status = "" }), "Status is missing"},
		{receive(func(m *r) { m.Status = "\xff" }), "Status is not valid UTF-8"},
		{receive(func(m *r) { m.CreatedAt = time.Time{} }), "CreatedAt is missing"},
		{receive(func(m *r) { m.CreatedAt = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) }), "CreatedAt is in the year 12026"},
		{receive(func(m *r) { m.ReplyBy = time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC) }), "ReplyBy is in the year -1"},
		{receive(func(m *r) { m.ConversationLink = "javascript:alert(1)" }), "ConversationLink is not an absolute"},
		{attach(channels.Attachment{Type: "image/png", URL: "https://messenger.example/1"}), "Attachments[1].ID is missing"},
		{attach(channels.Attachment{ID: "1", URL: "https://messenger.example/1"}), "Attachments[1].Type is \"\""},
		{attach(channels.Attachment{ID: "1", Type: "png", URL: "https://messenger.example/1"}), "Attachments[1].Type is \"png\""},
		{attach(channels.Attachment{ID: "1", Type: "image/p ng", URL: "https://messenger.example/1"}), "Attachments[1].Type is"},
		{attach(channels.Attachment{ID: "1", Type: "image/png;\r\n", URL: "https://messenger.example/1"}), "Attachments[1].Type is"},
		{attach(channels.Attachment{ID: "1", Type: "image/png", URL: "https://:80/1"}), "Attachments[1].URL is not an absolute"},
		{attach(channels.Attachment{ID: "1", Type: "image/png"}), "Attachments[1].URL is missing"},
		{attach(channels.Attachment{ID: "1", Type: "image/png", URL: "file:///etc/passwd"}), "Attachments[1].URL is not an absolute"},
		{attach(channels.Attachment{ID: "1", Type: "image/png", URL: "https://messenger.example/1", Size: -1}), "Attachments[1].Size is -1"},
		{attach(channels.Attachment{ID: "1", Type: "image/png", URL: "https://messenger.example/1", Size: math.NaN()}), "Attachments[1].Size is NaN"},
		{attach(channels.Attachment{ID: "1", Type: "image/png", URL: "https://messenger.example/1", PreviewURL: "x"}), "Attachments[1].PreviewURL is not"},
		{client.DeleteChannel(ctx, channels.DeleteChannelRequest{}), "ProviderChannelID is missing"},
		{client.DeleteChannel(ctx, channels.DeleteChannelRequest{ProviderChannelID: "."}), "ProviderChannelID is \".\""},
		{client.DeleteConversation(ctx, channels.DeleteConversationRequest{ProviderChannelID: "c", ConversationID: ".."}), "ConversationID is \"..\""},
		{client.DeleteConversation(ctx, channels.DeleteConversationRequest{ConversationID: "v"}), "ProviderChannelID is missing"},
	} {
		e := mustError(t, tt.err)
		var field *channels.FieldError
		if e.Outcome != channels.NotSent || !errors.As(tt.err, &field) || !strings.HasPrefix(field.Error(), tt.problem) {
			t.Errorf("got %v, want a FieldError with %q", tt.err, tt.problem)
		}
	}
	if got.count != 0 {
		t.Errorf("%d requests were sent", got.count)
	}
}

// What the API may know since is sent, and logged.
func TestAValueThatIsNotDocumentedIsSent(t *testing.T) {
	t.Parallel()
	var got []string
	var log bytes.Buffer
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, string(body))
		answer(200, `{"success":true,"data":{"id":"1"}}`)(w, r)
	}, channels.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	seen := message()
	seen.Status = "seen"
	if _, err := client.ReceiveMessage(t.Context(), seen); err != nil || !strings.Contains(got[0], `"status":"seen"`) {
		t.Errorf("sent %s: %v", got, err)
	}
	if _, err := client.AddChannel(t.Context(), channels.AddChannelRequest{Name: "n", ProviderChannelID: "c", ProviderType: "telegram"}); err != nil || !strings.Contains(got[1], `"provider_type":"telegram"`) {
		t.Errorf("sent %s: %v", got, err)
	}
	if lines := strings.Count(log.String(), "level=WARN"); lines != 2 || !strings.Contains(log.String(), "field=Status") || !strings.Contains(log.String(), "field=ProviderType") {
		t.Errorf("logged %s", log.String())
	}
}
