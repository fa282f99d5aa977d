//go:build interop

// The client of wrapper/channels against Prism, a mock that knows nothing but spec/channels.yaml:
// it judges each request by the document, and answers with the document's examples.

package interop

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// prefer asks the mock for an answer other than the first documented one.
type prefer string

func (p prefer) RoundTrip(r *http.Request) (*http.Response, error) {
	if p != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Prefer", string(p))
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestClientAgainstPrism(t *testing.T) {
	t.Parallel()
	url := startPrism(t, "channels.yaml")
	t.Run("controls", func(t *testing.T) { wantJudge(t, url) })

	channel := channels.AddChannelRequest{
		Name: "Support", ProviderChannelID: awkward, AvatarURL: "https://messenger.example/icon.png",
		TemplateSupport: true, ProviderType: channels.ProviderWhatsApp,
	}
	message := channels.ReceiveMessageRequest{
		ID: "message-1", ProviderChannelID: awkward, ConversationID: "conversation-17", SenderID: "person-7",
		Message: "Is the blue one in stock?", Status: channels.StatusSent, CreatedAt: time.Now(), ReplyBy: time.Now().Add(time.Hour),
		ConversationLink: "https://messenger.example/conversations/17",
		Attachments: []channels.Attachment{
			{ID: "known", Type: "image/png", URL: "https://messenger.example/3.png", Name: "3.png", Size: 600.5, PreviewURL: "https://messenger.example/3s.png"},
			{ID: "unknown", Type: "image/png", URL: "https://messenger.example/4.png", LinkExpires: true}, // name, size and preview are null
		},
	}
	bare := channels.ReceiveMessageRequest{
		ID: "message-2", ProviderChannelID: "c", ConversationID: "17", SenderID: "7", Message: "Yes", Status: channels.StatusRead, CreatedAt: time.Now(),
	}
	answeredChannel := channels.Channel{
		ID: "6fd1b2a4-3c57-4e0a-9d6e-1f2a3b4c5d6e", Name: "Support on WhatsApp", AvatarURL: "https://messenger.example/channels/icon.png",
		ProviderChannelID: "whatsapp-4915112345678", MarketplaceClientID: "0a1b2c3d4e5f6071", PDCompanyID: 1001, PDUserID: 42,
		CreatedAt: time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC), ProviderType: channels.ProviderWhatsApp,
	}
	answeredMessage := channels.Message{
		ID: "message-1", ProviderChannelID: "whatsapp-4915112345678", ConversationID: "conversation-17", SenderID: "person-7",
		Message: "Is the blue one in stock?", Status: channels.StatusSent, ConversationLink: "https://messenger.example/conversations/17",
		CreatedAt: time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC), ReplyBy: time.Date(2026, 3, 2, 7, 58, 0, 0, time.UTC),
		Attachments: []channels.Attachment{{
			ID: "attachment-3", Type: "image/png", URL: "https://messenger.example/files/3.png", Name: "invoice.png", Size: 600.5,
			PreviewURL: "https://messenger.example/files/3.preview.png",
		}},
	}

	add := func(r channels.AddChannelRequest) call {
		return func(ctx context.Context, c *channels.Client) (any, error) { return c.AddChannel(ctx, r) }
	}
	receive := func(r channels.ReceiveMessageRequest) call {
		return func(ctx context.Context, c *channels.Client) (any, error) { return c.ReceiveMessage(ctx, r) }
	}
	deleteConversation := func(ctx context.Context, c *channels.Client) (any, error) {
		return nil, c.DeleteConversation(ctx, channels.DeleteConversationRequest{ProviderChannelID: awkward, ConversationID: awkward})
	}
	deleteChannel := func(ctx context.Context, c *channels.Client) (any, error) {
		return nil, c.DeleteChannel(ctx, channels.DeleteChannelRequest{ProviderChannelID: awkward})
	}
	tests := []struct {
		name   string
		prefer prefer
		call   call
		want   any
		err    error
		code   string
	}{
		{"addChannel", "", add(channel), answeredChannel, nil, ""},
		{"addChannel with what is required only", "", add(channels.AddChannelRequest{Name: "Support", ProviderChannelID: "c"}), answeredChannel, nil, ""},
		{"receiveMessage", "", receive(message), answeredMessage, nil, ""},
		{"receiveMessage with what is required only", "", receive(bare), answeredMessage, nil, ""},
		{"deleteConversation", "", deleteConversation, nil, nil, ""},
		{"deleteChannel", "", deleteChannel, nil, nil, ""},
		{"addChannel, 400", "code=400", add(channel), channels.Channel{}, channels.ErrInvalidBody, "INVALID_BODY"},
		{"addChannel, 403", "code=403", add(channel), channels.Channel{}, channels.ErrAdminOnly, "ADMIN_ONLY"},
		{"addChannel, any other", "code=401", add(channel), channels.Channel{}, channels.ErrUnauthorized, ""},
		{"receiveMessage, 400", "code=400", receive(message), channels.Message{}, channels.ErrInvalidBody, "INVALID_RECEIVE_MESSAGE_PAYLOAD"},
		{"receiveMessage, any other", "code=429", receive(message), channels.Message{}, channels.ErrRateLimited, ""},
		{"deleteConversation, 403", "code=403", deleteConversation, nil, channels.ErrForbidden, "FORBIDDEN_USER_REQUEST"},
		{"deleteConversation, 404", "code=404", deleteConversation, nil, channels.ErrNotFound, "NOT_FOUND"},
		{"deleteConversation, any other", "code=410", deleteConversation, nil, channels.ErrWithdrawn, ""},
		{"deleteChannel, 400", "code=400", deleteChannel, nil, channels.ErrInvalidBody, "INVALID_BODY"},
	}
	credentials := map[string]channels.Credential{
		"OAuth": channels.OAuth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "made-up"})), "API token": channels.APIToken("made-up"),
	}
	for _, test := range tests {
		for with, credential := range credentials {
			t.Run(test.name+" with "+with, func(t *testing.T) {
				t.Parallel()
				client, err := channels.NewClient(credential, channels.WithBaseURL(url), channels.WithHTTPClient(&http.Client{Transport: test.prefer}))
				if err != nil {
					t.Fatal(err)
				}
				got, err := test.call(t.Context(), client)
				if !reflect.DeepEqual(got, test.want) {
					t.Errorf("the client returned\n%+v, want\n%+v", got, test.want)
				}
				var detail *channels.Error
				switch {
				case test.err == nil:
					if err != nil {
						t.Errorf("the client failed: %v", err)
					}
				case !errors.Is(err, test.err) || !errors.As(err, &detail) || detail.Code != test.code:
					t.Errorf("the client's error is %v, want %v with code %q", err, test.err, test.code)
				}
			})
		}
	}
}

type call func(context.Context, *channels.Client) (any, error)

// wantJudge makes sure that the mock looks: what the client's requests are praised for is
// worth something only if others are refused.
func wantJudge(t *testing.T, url string) {
	t.Helper()
	tests := []struct {
		name, authorization, body string
		want                      int
	}{
		{"a good request", "Bearer made-up", `{"name": "Support", "provider_channel_id": "c"}`, 200},
		{"a field missing", "Bearer made-up", `{"name": "Support"}`, 400},
		{"no credential", "", `{"name": "Support", "provider_channel_id": "c"}`, 401},
	}
	for _, test := range tests {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/channels", strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		if test.authorization != "" {
			request.Header.Set("Authorization", test.authorization)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != test.want {
			t.Fatalf("%s: the mock answered %d, want %d", test.name, response.StatusCode, test.want)
		}
	}
}

var listening = regexp.MustCompile(`listening on (http://\S+)`)

// startPrism runs a mock of a document on a port of its own until the test ends, and returns its
// base URL.
func startPrism(t *testing.T, document string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "node_modules/@stoplight/prism-cli/dist/index.js",
		"mock", "--errors", "--host", "127.0.0.1", "--port", "0", "../../spec/"+document)
	cmd.WaitDelay = 10 * time.Second // after the test's end has stopped it
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting Node: %v: install Node 18.20 or later", err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			drained := make(chan struct{})
			go func() { // ends with the process: its pipe must not fill up
				_, _ = io.Copy(io.Discard, stdout)
				close(drained)
			}()
			t.Cleanup(func() { <-drained; _ = cmd.Wait() })
			return found[1]
		}
	}
	_ = cmd.Wait()
	t.Fatalf("Prism did not start (make test-interop installs it):\n%s", said.String())
	return ""
}
