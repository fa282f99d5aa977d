//go:build interop

// Prism, which knows nothing but spec/provider.yaml, plays an app: it judges what the emulator asks
// of it, and answers with the document's examples.

package interop

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// told is what the emulator logs.
type told struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *told) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// calls are the lines on calls of the app since the last time, the good ones and the others.
func (l *told) calls() (good, others []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.buf.String()) {
		switch {
		case strings.Contains(line, `msg="the app was called"`):
			_, endpoint, _ := strings.Cut(line, "endpoint=")
			endpoint, _, _ = strings.Cut(endpoint, " ")
			good = append(good, endpoint)
		case strings.Contains(line, "level=WARN"):
			others = append(others, line)
		}
	}
	l.buf.Reset()
	return good, others
}

func TestPrismPlaysTheApp(t *testing.T) {
	t.Parallel()
	app := startPrism(t, "provider.yaml")
	t.Run("controls", func(t *testing.T) { wantAppJudge(t, app) })

	log := &told{}
	pipedrive := emulator.Start(t, emulator.Config{
		Provider: emulator.Provider{BaseURL: app}, Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	client, err := channels.NewClient(channels.OAuth(oauth2.StaticTokenSource(&oauth2.Token{
		AccessToken: pipedrive.Users()[0].AccessToken.Reveal(),
	})), channels.WithBaseURL(pipedrive.BaseURL))
	if err != nil {
		t.Fatal(err)
	}
	settled := func(what string, want []string, warnings int) {
		t.Helper()
		if err := pipedrive.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		good, others := log.calls()
		if !reflect.DeepEqual(good, want) || len(others) != warnings {
			t.Errorf("%s: the emulator called %v, want %v, and warned of\n%s", what, good, want, strings.Join(others, ""))
		}
	}

	if _, err := client.AddChannel(t.Context(), channels.AddChannelRequest{Name: "Shop", ProviderChannelID: awkward, TemplateSupport: true}); err != nil {
		t.Fatal(err)
	}
	// The mock has one page, and its cursor leads to that page again: one warning.
	settled("addChannel", []string{"getConversations", "getSenderById", "getConversations", "getTemplates"}, 1)
	conversation := emulator.Conversation{
		ID: "conversation-17", Link: "https://messenger.example/conversations/17", Status: "open", Seen: true,
		Participants: []emulator.Participant{
			{ID: "person-7", Name: "Ada Customer", Role: "end_user", AvatarURL: "https://messenger.example/avatars/7.png"},
			{ID: "shop", Name: "The Shop", Role: "source_user", AvatarURL: "https://messenger.example/avatars/7.png"}, // of getSenderById
		},
	}
	if got := pipedrive.Conversations(awkward); !reflect.DeepEqual(got, []emulator.Conversation{conversation}) {
		t.Errorf("imported were\n%+v, want\n%+v", got, conversation)
	}
	message := emulator.Message{
		ID: "message-1", SenderID: "person-7", ConversationID: "conversation-17", Message: "Is the blue one in stock?", Status: "sent",
		CreatedAt: time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC), ReplyBy: time.Date(2026, 3, 2, 7, 58, 0, 0, time.UTC),
		Attachments: []emulator.Attachment{{
			ID: "attachment-3", Type: "image/png", URL: "https://messenger.example/files/3.png", Name: "blue.png",
			PreviewURL: "https://messenger.example/files/3.preview.png", Size: 600.5, LinkExpires: true,
		}},
	}
	if got := pipedrive.Messages(awkward, "conversation-17"); !reflect.DeepEqual(got, []emulator.Message{message}) {
		t.Errorf("imported were\n%+v, want\n%+v", got, message)
	}
	template := emulator.Template{ID: "template-1", Name: "greeting", Content: "Hello {{1}}, how can we help?", Language: "en"}
	if got := pipedrive.Templates(awkward); !reflect.DeepEqual(got, []emulator.Template{template}) {
		t.Errorf("imported were\n%+v, want\n%+v", got, template)
	}

	// A message of another conversation makes the emulator ask for it; the mock knows one only.
	if _, err := client.ReceiveMessage(t.Context(), channels.ReceiveMessageRequest{
		ID: "m", ProviderChannelID: awkward, ConversationID: "conversation-18", SenderID: "s", Message: "Hi", Status: channels.StatusSent, CreatedAt: time.Now(),
	}); err != nil {
		t.Fatal(err)
	}
	settled("receiveMessage", []string{"getConversationById"}, 1)

	// Without a file: Prism takes each field of a form for one text, and a list of files for none.
	sent, err := pipedrive.Reply(t.Context(), emulator.Reply{ProviderChannelID: awkward, ConversationID: "conversation-17", Message: "Ja, für Größe 12: \"blau\"."})
	if err != nil || sent.ID != "message-2" {
		t.Errorf("the reply came to %+v, %v", sent, err)
	}

	if err := client.DeleteChannel(t.Context(), channels.DeleteChannelRequest{ProviderChannelID: awkward}); err != nil {
		t.Fatal(err)
	}
	settled("deleteChannel", []string{"postMessage", "deleteChannelById"}, 0)
}

// Each documented error reaches whoever replies, with its code.
func TestPrismRefusesAReply(t *testing.T) {
	t.Parallel()
	app := startPrism(t, "provider.yaml")
	for status, code := range map[string]string{
		"400": "INVALID_BODY", "401": "UNAUTHORIZED", "403": "FORBIDDEN", "404": "NOT_FOUND", "429": "RATE_LIMIT_EXCEEDED", "503": "INTERNAL_ERROR",
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			pipedrive := emulator.Start(t, emulator.Config{Provider: emulator.Provider{BaseURL: preferring(t, app, "code="+status)}})
			client, err := channels.NewClient(channels.APIToken(pipedrive.APIToken()), channels.WithBaseURL(pipedrive.BaseURL))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.AddChannel(t.Context(), channels.AddChannelRequest{Name: "Shop", ProviderChannelID: "c"}); err != nil {
				t.Fatal(err)
			}
			if err := pipedrive.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			sent, err := pipedrive.Reply(t.Context(), emulator.Reply{ProviderChannelID: "c", ConversationID: "conversation-17", Message: "Yes."})
			if err == nil || !strings.Contains(err.Error(), "status "+status) || !strings.Contains(err.Error(), code) {
				t.Errorf("the reply came to %+v, %v", sent, err)
			}
		})
	}
}

// preferring stands before the mock, and has it answer what is posted as told.
func preferring(t *testing.T, app, what string) string {
	t.Helper()
	target, err := url.Parse(app)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		if r.In.Method == http.MethodPost {
			r.Out.Header.Set("Prefer", what)
		}
	}})
	t.Cleanup(server.Close)
	return server.URL
}

// wantAppJudge makes sure that the mock looks at what it gets.
func wantAppJudge(t *testing.T, app string) {
	t.Helper()
	form := func(name string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"senderId\"\r\n\r\nshop\r\n" +
			"--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\nconversation-17\r\n--b--\r\n"
	}
	for name, test := range map[string]struct {
		method, path, body string
		anonymous          bool
		want               int
	}{
		"a good request":             {method: "GET", path: "/channels/c/conversations?messages_limit=1", want: 200},
		"no credentials":             {method: "GET", path: "/channels/c/conversations", anonymous: true, want: 401},
		"a limit that is none":       {method: "GET", path: "/channels/c/conversations?messages_limit=0", want: 422},
		"a path of somebody else's":  {method: "GET", path: "/channels/c/talks", want: 404},
		"a form":                     {method: "POST", path: "/channels/c/messages", body: form("conversationId"), want: 200},
		"a form with a field missed": {method: "POST", path: "/channels/c/messages", body: form("conversation"), want: 400},
	} {
		request, err := http.NewRequestWithContext(t.Context(), test.method, app+test.path, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		if test.body != "" {
			request.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		}
		if !test.anonymous {
			request.SetBasicAuth("id", "secret")
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != test.want {
			t.Errorf("%s: the mock answered %d %s, want %d", name, response.StatusCode, body, test.want)
		}
	}
}
