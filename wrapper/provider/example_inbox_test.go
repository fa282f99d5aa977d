package provider_test

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// inbox is a whole inbox: a history in pages, and messages that find their conversation.
type inbox struct {
	mu            sync.Mutex
	conversations []provider.Conversation // each with all its messages, the oldest first
}

func (in *inbox) find(id string) int {
	return slices.IndexFunc(in.conversations, func(c provider.Conversation) bool { return c.ID == id })
}

func (in *inbox) GetConversations(_ context.Context, req provider.GetConversationsRequest) (page provider.ConversationsPage, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	from := max(0, in.find(req.After)) // the cursor is the conversation that the page begins with
	for i, c := range in.conversations[from:] {
		if i == req.ConversationsLimit {
			page.After = c.ID
			break
		}
		page.Conversations = append(page.Conversations, latest(c, "", req.MessagesLimit))
	}
	return page, nil
}

func (in *inbox) GetConversationByID(_ context.Context, req provider.GetConversationByIDRequest) (provider.Conversation, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if i := in.find(req.ConversationID); i >= 0 {
		return latest(in.conversations[i], req.After, req.MessagesLimit), nil
	}
	return provider.Conversation{}, provider.ErrNotFound
}

// latest cuts a conversation down to its latest messages before the one that a cursor names.
func latest(c provider.Conversation, before string, limit int) provider.Conversation {
	if i := slices.IndexFunc(c.Messages, func(m provider.Message) bool { return m.ID == before }); i >= 0 {
		c.Messages = c.Messages[:i]
	}
	if older := len(c.Messages) - limit; older > 0 {
		c.Messages = c.Messages[older:]
		c.NextMessagesCursor = c.Messages[0].ID
	}
	return c
}

func (in *inbox) PostMessage(_ context.Context, req provider.PostMessageRequest) (string, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	i := in.find(req.ConversationID)
	if i < 0 {
		return "", provider.ErrNotFound
	}
	m := provider.Message{ID: rand.Text(), Status: provider.StatusSent, CreatedAt: time.Now(), SenderID: req.SenderID, Message: req.Message}
	in.conversations[i].Messages = append(in.conversations[i].Messages, m)
	return m.ID, nil
}
