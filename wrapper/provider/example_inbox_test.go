package provider_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// inbox is all that an app needs: conversations in pages, and messages that find theirs.
type inbox struct {
	mu            sync.Mutex
	conversations []provider.Conversation // with all their messages, the oldest first
}

func (in *inbox) GetConversations(_ context.Context, req provider.GetConversationsRequest) (page provider.ConversationsPage, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	from, _ := strconv.Atoi(req.After) // the number of conversations in the pages before
	to := min(from+req.ConversationsLimit, len(in.conversations))
	for _, c := range in.conversations[min(max(from, 0), to):to] {
		page.Conversations = append(page.Conversations, latest(c, len(c.Messages), req.MessagesLimit))
	}
	if to < len(in.conversations) {
		page.After = strconv.Itoa(to)
	}
	return page, nil
}

func (in *inbox) GetConversationByID(_ context.Context, req provider.GetConversationByIDRequest) (provider.Conversation, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, c := range in.conversations {
		if c.ID == req.SourceConversationID {
			n, err := strconv.Atoi(req.After) // the number of messages that are older
			if err != nil || n < 0 || n > len(c.Messages) {
				n = len(c.Messages)
			}
			return latest(c, n, req.MessagesLimit), nil
		}
	}
	return provider.Conversation{}, provider.ErrNotFound
}
