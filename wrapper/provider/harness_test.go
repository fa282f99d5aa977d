// What the tests stand on: an app whose answers each test sets, served over HTTP.

package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

const (
	clientID     = "client-id"
	clientSecret = "client-secret-of-the-tests"
)

// app has the three methods that every inbox has. What a test does not set answers
// with one conversation that is right, or takes the message.
type app struct {
	getConversations    func(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error)
	getConversationByID func(context.Context, provider.GetConversationByIDRequest) (provider.Conversation, error)
	postMessage         func(context.Context, provider.PostMessageRequest) (string, error)
}

func (a *app) GetConversations(ctx context.Context, req provider.GetConversationsRequest) (provider.ConversationsPage, error) {
	if a.getConversations == nil {
		return provider.ConversationsPage{Conversations: []provider.Conversation{conversation()}}, nil
	}
	return a.getConversations(ctx, req)
}

func (a *app) GetConversationByID(ctx context.Context, req provider.GetConversationByIDRequest) (provider.Conversation, error) {
	if a.getConversationByID == nil {
		return conversation(), nil
	}
	return a.getConversationByID(ctx, req)
}

func (a *app) PostMessage(ctx context.Context, req provider.PostMessageRequest) (string, error) {
	if a.postMessage == nil {
		return "message-2", nil
	}
	return a.postMessage(ctx, req)
}

// ableApp has every ability besides.
type ableApp struct {
	app
	getSenderByID     func(context.Context, provider.GetSenderByIDRequest) (provider.Sender, error)
	getTemplates      func(context.Context, provider.GetTemplatesRequest) ([]provider.Template, error)
	getMessageByID    func(context.Context, provider.GetMessageByIDRequest) (provider.Message, error)
	deleteChannelByID func(context.Context, provider.DeleteChannelByIDRequest) error
	receiveFile       func(context.Context, provider.ReceiveFileRequest) (string, error)

	mu        sync.Mutex
	discarded []string
}

func (a *ableApp) GetSenderByID(ctx context.Context, req provider.GetSenderByIDRequest) (provider.Sender, error) {
	return a.getSenderByID(ctx, req)
}

func (a *ableApp) GetTemplates(ctx context.Context, req provider.GetTemplatesRequest) ([]provider.Template, error) {
	return a.getTemplates(ctx, req)
}

func (a *ableApp) GetMessageByID(ctx context.Context, req provider.GetMessageByIDRequest) (provider.Message, error) {
	return a.getMessageByID(ctx, req)
}

func (a *ableApp) DeleteChannelByID(ctx context.Context, req provider.DeleteChannelByIDRequest) error {
	return a.deleteChannelByID(ctx, req)
}

// ReceiveFile reads the file and returns its content as the key.
func (a *ableApp) ReceiveFile(ctx context.Context, req provider.ReceiveFileRequest) (string, error) {
	if a.receiveFile != nil {
		return a.receiveFile(ctx, req)
	}
	content, err := io.ReadAll(req.Content)
	return string(content), err
}

func (a *ableApp) DiscardFile(ctx context.Context, key string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.discarded = append(a.discarded, key)
	return ctx.Err()
}

func (a *ableApp) gone() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.discarded
}

// conversation is one that is right, with every field set.
func conversation() provider.Conversation {
	return provider.Conversation{
		ID: "conversation-17", Link: "https://messenger.example/17", Status: provider.ConversationOpen, Seen: true,
		NextMessagesCursor: "before-1",
		Messages:           []provider.Message{message()},
		Participants: []provider.Participant{
			{ID: "shop", Name: "The Shop", Role: provider.RoleSourceUser},
			{ID: "person-7", Name: "Ada Customer", Role: provider.RoleEndUser, AvatarURL: "https://messenger.example/7.png"},
		},
	}
}

func message() provider.Message {
	return provider.Message{
		ID: "message-1", Status: provider.StatusSent, SenderID: "person-7", Message: "Is the blue one in stock?",
		CreatedAt: time.Date(2026, 3, 1, 8, 58, 30, 7_999_999, time.FixedZone("CET", 3600)),
		ReplyBy:   time.Date(2026, 3, 2, 7, 58, 30, 0, time.UTC),
		Attachments: []provider.Attachment{{
			ID: "attachment-3", Type: "image/png", URL: "https://messenger.example/3.png", Name: "blue.png",
			Size: 600.5, PreviewURL: "https://messenger.example/3.small.png",
		}},
	}
}

// logs is a log that a test can read.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// service is a handler on a server, as Pipedrive calls it.
type service struct {
	t    testing.TB
	h    *provider.Handler
	url  string
	logs *logs
}

func newHandler(t testing.TB, inbox provider.Inbox, options ...provider.Option) (*provider.Handler, *logs) {
	t.Helper()
	l := &logs{}
	log := slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h, err := provider.NewHandler(inbox, provider.BasicAuth(clientID, clientSecret),
		append([]provider.Option{provider.WithLogger(log)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return h, l
}

func serve(t testing.TB, inbox provider.Inbox, options ...provider.Option) *service {
	t.Helper()
	h, l := newHandler(t, inbox, options...)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &service{t: t, h: h, url: server.URL, logs: l}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// code is the code of an error's envelope, and checks the envelope.
func (a answer) code(t testing.TB) string {
	t.Helper()
	var envelope struct {
		Success *bool
		Data    struct{ Message, Code string }
	}
	d := json.NewDecoder(strings.NewReader(a.body))
	if err := d.Decode(&envelope); err != nil || envelope.Success == nil || *envelope.Success ||
		envelope.Data.Message == "" || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("answer %d %v %q is not the envelope of an error", a.status, a.header, a.body)
	}
	return envelope.Data.Code
}

func (s *service) do(req *http.Request) answer {
	s.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func (s *service) request(method, path string, body io.Reader) *http.Request {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.SetBasicAuth(clientID, clientSecret)
	return req
}

func (s *service) get(path string) answer {
	s.t.Helper()
	return s.do(s.request(http.MethodGet, path, nil))
}

// field is a part of a form: a file if it has a filename.
type field struct{ name, filename, contentType, text string }

func text(name, value string) field       { return field{name: name, text: value} }
func file(filename, content string) field { return field{"files", filename, "text/plain", content} }

// right is a form that is complete.
func right(more ...field) []field {
	return append([]field{text("message", "Yes."), text("senderId", "shop"), text("conversationId", "conversation-17")}, more...)
}

func form(fields ...field) (contentType string, body []byte) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		header := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + f.name + `"`}}
		if f.filename != "" {
			header.Set("Content-Disposition", `form-data; name="`+f.name+`"; filename="`+f.filename+`"`)
		}
		if f.contentType != "" {
			header.Set("Content-Type", f.contentType)
		}
		part, _ := w.CreatePart(header) // a bytes.Buffer takes everything
		_, _ = io.WriteString(part, f.text)
	}
	_ = w.Close()
	return w.FormDataContentType(), b.Bytes()
}

func (s *service) post(fields ...field) answer {
	s.t.Helper()
	contentType, body := form(fields...)
	req := s.request(http.MethodPost, "/channels/channel-1/messages", bytes.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	return s.do(req)
}
