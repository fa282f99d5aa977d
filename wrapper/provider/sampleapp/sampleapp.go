// Package sampleapp is a messenger in memory: a history in pages, templates, and files
// whose links expire. The documentation and `make demo` run it; read it beside
// [provider.Inbox], as a real messenger's app in small.
//
// What a real one does besides, a program adds around it: a type that embeds Messenger
// and whose PostMessage confirms the message by receiveMessage.
package sampleapp

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

// Channel is the provider channel id of the messenger's one channel.
const Channel = "sample-channel"

const maxFiles, maxFileBytes = 100, 1 << 20

// Messenger is the messenger. It is made by [New], safe for concurrent use, and serves its files.
type Messenger struct {
	url           string
	mu            sync.Mutex
	conversations []*provider.Conversation
	files         map[string][]byte // by a key that nobody can guess
}

// New returns a messenger with 32 conversations, the first of 35 messages, the others of
// one. Its own ServeHTTP answers at url.
func New(url string) *Messenger {
	m := &Messenger{url: url, files: map[string][]byte{"prices": []byte("blue: 12\n")}}
	for n := range 32 {
		c := &provider.Conversation{ID: fmt.Sprint("conversation-", n), Status: provider.ConversationOpen, Participants: []provider.Participant{
			{ID: "shop", Name: "The Shop", Role: provider.RoleSourceUser},
			{ID: fmt.Sprint("person-", n), Name: fmt.Sprint("Customer ", n), Role: provider.RoleEndUser},
		}}
		for i := range max(1, 35-35*n) {
			c.Messages = append(c.Messages, provider.Message{
				ID: fmt.Sprintf("message-%d-%d", n, i), Status: provider.StatusRead, SenderID: c.Participants[(i+1)%2].ID,
				CreatedAt: time.Date(2026, 3, 1, 8, i, 0, 0, time.UTC), Message: "Here are the prices.",
				Attachments: []provider.Attachment{{ID: "prices", Type: "text/plain", Name: "prices.txt", LinkExpires: true}},
			})
		}
		m.conversations = append(m.conversations, c)
	}
	return m
}

// GetConversations pages by the number of conversations that came before.
func (m *Messenger) GetConversations(_ context.Context, req provider.GetConversationsRequest) (page provider.ConversationsPage, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, err := strconv.Atoi(cmp.Or(req.After, "0"))
	if err != nil || from < 0 || from >= len(m.conversations) || req.ProviderChannelID != Channel {
		return page, provider.ErrNotFound
	}
	for _, c := range m.conversations[from:min(from+req.ConversationsLimit, len(m.conversations))] {
		page.Conversations = append(page.Conversations, m.view(c, len(c.Messages), req.MessagesLimit))
	}
	if next := from + len(page.Conversations); next < len(m.conversations) {
		page.After = strconv.Itoa(next)
	}
	return page, nil
}

// GetConversationByID pages by the number of messages that are older.
func (m *Messenger) GetConversationByID(_ context.Context, req provider.GetConversationByIDRequest) (provider.Conversation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.find(req.ProviderChannelID, req.SourceConversationID); c != nil {
		older, err := strconv.Atoi(cmp.Or(req.After, strconv.Itoa(len(c.Messages))))
		if err == nil && older >= 0 && older <= len(c.Messages) {
			return m.view(c, older, req.MessagesLimit), nil
		}
	}
	return provider.Conversation{}, provider.ErrNotFound
}

// GetMessageByID needs no conversation: each message has an id of its own.
func (m *Messenger) GetMessageByID(_ context.Context, req provider.GetMessageByIDRequest) (provider.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.conversations {
		for i := range c.Messages {
			if c.Messages[i].ID == req.SourceMessageID && req.ProviderChannelID == Channel {
				return m.view(c, i+1, 1).Messages[0], nil
			}
		}
	}
	return provider.Message{}, provider.ErrNotFound
}

// GetTemplates returns the one template.
func (m *Messenger) GetTemplates(context.Context, provider.GetTemplatesRequest) ([]provider.Template, error) {
	return []provider.Template{{ID: "greeting", Name: "Greeting", Content: "Hello {{1}}, how can we help?", Language: "en"}}, nil
}

// PostMessage adds the message to its conversation.
func (m *Messenger) PostMessage(_ context.Context, req provider.PostMessageRequest) (string, error) {
	message := provider.Message{ID: rand.Text(), Status: provider.StatusSent, CreatedAt: time.Now(), SenderID: req.SenderID, Message: req.Message}
	for _, f := range req.Files {
		message.Attachments = append(message.Attachments, provider.Attachment{ID: f.Key, Type: f.Type, Name: f.Name, Size: float64(f.Size), LinkExpires: true})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.find(req.ProviderChannelID, req.ConversationID)
	if c == nil {
		return "", provider.ErrNotFound
	}
	c.Messages = append(c.Messages, message)
	return message.ID, nil
}

// find returns nil if there is no such conversation.
func (m *Messenger) find(channelID, conversationID string) *provider.Conversation {
	for _, c := range m.conversations {
		if channelID == Channel && c.ID == conversationID {
			return c
		}
	}
	return nil
}

// view is a conversation with the last of its first n messages, and links that work for an hour.
func (m *Messenger) view(c *provider.Conversation, n, limit int) provider.Conversation {
	view, from := *c, max(0, n-limit)
	view.Messages = slices.Clone(c.Messages[from:n])
	for i := range view.Messages {
		attachments := slices.Clone(view.Messages[i].Attachments)
		for j := range attachments {
			attachments[j].URL = fmt.Sprintf("%s/files/%s?until=%d", m.url, attachments[j].ID, time.Now().Add(time.Hour).Unix())
		}
		view.Messages[i].Attachments = attachments
	}
	if from > 0 {
		view.NextMessagesCursor = strconv.Itoa(from)
	}
	return view
}

// ReceiveFile keeps a file under a key of its own.
func (m *Messenger) ReceiveFile(_ context.Context, req provider.ReceiveFileRequest) (key string, err error) {
	content, err := io.ReadAll(io.LimitReader(req.Content, maxFileBytes+1))
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil || len(content) > maxFileBytes || len(m.files) == maxFiles {
		return "", cmp.Or(err, error(provider.ErrInvalidBody))
	}
	key = rand.Text()
	m.files[key] = content
	return key, nil
}

// DiscardFile forgets a file.
func (m *Messenger) DiscardFile(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, key)
	return nil
}

// ServeHTTP serves a file until its link expires.
func (m *Messenger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	until, _ := strconv.ParseInt(r.URL.Query().Get("until"), 10, 64)
	m.mu.Lock()
	content, ok := m.files[strings.TrimPrefix(r.URL.Path, "/files/")]
	m.mu.Unlock()
	if !ok || time.Now().Unix() > until {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream") // a download, never a page of ours
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(content)
}
