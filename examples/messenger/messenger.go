// Package messenger is a messenger in memory: a history in pages, templates, and files whose
// links expire. The documentation and `make demo` run it; read it beside [provider.Inbox].
// Package app makes it an app that can be installed, with a page for its customers.
package messenger

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// Channel is the provider channel id of the messenger's one channel, that of a shop.
const Channel = "sample-channel"

// Messenger is made by [New], and safe for concurrent use. Its ServeHTTP serves its files.
type Messenger struct {
	url       string
	files     sync.Map // of contents, by keys that nobody can guess
	mu        sync.Mutex
	customers []string                      // in the order in which they came; each has one conversation, with the same id
	names     map[string]string             // of customers; the id of those who have none
	messages  map[string][]provider.Message // by customer, the oldest first
}

// New returns an empty messenger. Its files are served below url; see [Messenger.ServeHTTP].
func New(url string) *Messenger {
	return &Messenger{url: url, names: map[string]string{}, messages: map[string][]provider.Message{}}
}

// GetConversations pages by the customer with whom the next page begins.
func (m *Messenger) GetConversations(ctx context.Context, req provider.GetConversationsRequest) (page provider.ConversationsPage, err error) {
	customers := m.Customers()
	from := slices.Index(customers, req.After)
	if from < 0 && req.After != "" {
		return page, provider.ErrNotFound
	}
	for i, customer := range customers[max(0, from):] {
		if i == req.ConversationsLimit {
			page.After = customer
			break
		}
		c, err := m.GetConversationByID(ctx, provider.GetConversationByIDRequest{ProviderChannelID: req.ProviderChannelID, ConversationID: customer, MessagesLimit: req.MessagesLimit})
		if err != nil {
			return page, err
		}
		page.Conversations = append(page.Conversations, c)
	}
	return page, nil
}

// GetConversationByID pages by the number of the last message of a page. Links work for an hour.
func (m *Messenger) GetConversationByID(_ context.Context, req provider.GetConversationByIDRequest) (c provider.Conversation, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	messages := m.messages[req.ConversationID]
	to, err := strconv.Atoi(cmp.Or(req.After, strconv.Itoa(len(messages))))
	if err != nil || to < 1 || to > len(messages) || req.ProviderChannelID != Channel {
		return c, provider.ErrNotFound
	}
	c = provider.Conversation{ID: req.ConversationID, Status: provider.ConversationOpen, Participants: []provider.Participant{
		{ID: "rosa", Name: "Rosa", Role: provider.RoleSourceUser}, {ID: req.ConversationID, Name: cmp.Or(m.names[req.ConversationID], req.ConversationID), Role: provider.RoleEndUser},
	}}
	c.Seen = messages[len(messages)-1].Status == provider.StatusRead
	from := max(0, to-req.MessagesLimit)
	if from > 0 {
		c.NextMessagesCursor = strconv.Itoa(from)
	}
	for _, message := range messages[from:to] {
		message.Attachments = slices.Clone(message.Attachments)
		for i, a := range message.Attachments {
			message.Attachments[i].URL = fmt.Sprintf("%s/files/%s?until=%s", m.url, a.ID, time.Now().UTC().Add(time.Hour).Format(time.RFC3339))
		}
		c.Messages = append(c.Messages, message)
	}
	return c, nil
}

// GetMessageByID looks where the id tells.
func (m *Messenger) GetMessageByID(ctx context.Context, req provider.GetMessageByIDRequest) (provider.Message, error) {
	customer, n, ok := strings.Cut(req.MessageID, ".")
	c, err := m.GetConversationByID(ctx, provider.GetConversationByIDRequest{ProviderChannelID: req.ProviderChannelID, ConversationID: customer, MessagesLimit: 1, After: n})
	if err != nil || !ok || c.Messages[0].ID != req.MessageID {
		return provider.Message{}, provider.ErrNotFound
	}
	return c.Messages[0], nil
}

// GetTemplates returns the one template.
func (m *Messenger) GetTemplates(context.Context, provider.GetTemplatesRequest) ([]provider.Template, error) {
	return []provider.Template{{ID: "greeting", Name: "Greeting", Content: "Hello {{1}}, how can we help?", Language: "en"}}, nil
}

// PostMessage adds the message to its conversation.
func (m *Messenger) PostMessage(_ context.Context, req provider.PostMessageRequest) (string, error) {
	message := provider.Message{Status: provider.StatusSent, CreatedAt: time.Now(), SenderID: req.SenderID, Message: req.Message}
	for _, f := range req.Files {
		message.Attachments = append(message.Attachments, provider.Attachment{ID: f.Key, Type: f.Type, Name: f.Name, Size: float64(f.Size), LinkExpires: true})
	}
	if req.ProviderChannelID != Channel || !slices.Contains(m.Customers(), req.ConversationID) {
		return "", provider.ErrNotFound
	}
	message, err := m.Add(req.ConversationID, message)
	return message.ID, err
}

// ReceiveFile keeps a file, of 1 MiB at most.
func (m *Messenger) ReceiveFile(_ context.Context, req provider.ReceiveFileRequest) (key string, err error) {
	content, err := io.ReadAll(http.MaxBytesReader(nil, io.NopCloser(req.Content), 1<<20))
	if err != nil {
		return "", provider.ErrInvalidBody
	}
	key = rand.Text()
	m.files.Store(key, content)
	return key, nil
}

// DiscardFile forgets a file.
func (m *Messenger) DiscardFile(_ context.Context, key string) error { m.files.Delete(key); return nil }

// ServeHTTP serves a file below /files/ until its link expires.
func (m *Messenger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, ok := m.files.Load(strings.TrimPrefix(r.URL.Path, "/files/"))
	if !ok || r.FormValue("until") < time.Now().UTC().Format(time.RFC3339) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Disposition", "attachment") // a download, never a page of ours
	_, _ = w.Write(content.([]byte))                    //nolint:gosec // see the line before
}
