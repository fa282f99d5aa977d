// What a test sees of the emulator's memory: copies, in the order of arrival.

package emulator

import (
	"slices"
	"time"

	"github.com/pdchannels/pdchannels/gen/channelsserver"
)

// Channel is a channel as the emulator has it.
type Channel struct {
	ID                string // Pipedrive's own; no operation takes it
	ProviderChannelID string
	Name              string
	AvatarURL         string // empty if none was given
	ProviderType      string
	TemplateSupport   bool
	UserID            int64 // of the user who registered it
	CreatedAt         time.Time
}

// Conversation is a conversation as the emulator has it: it exists as long as it has messages,
// or once the app has described it.
type Conversation struct {
	ID   string
	Link string // of its latest message that has one; else as the app described it; else empty

	// What the app's getConversations or getConversationById told; zero if neither did.
	Status       string
	Seen         bool
	Participants []Participant
}

// Participant is somebody in a conversation, as the app described them.
type Participant struct {
	ID, Name, Role string
	AvatarURL      string // of the participant, else of getSenderById; empty if there is none
}

// Template is a message template of a channel.
type Template struct{ ID, Name, Content, Language string }

// Message is a message as the emulator has it, after all updates.
type Message struct {
	ID               string
	SenderID         string
	ConversationID   string
	Message          string
	Status           string // empty: sent by [Emulator.Reply], and not confirmed yet
	CreatedAt        time.Time
	ReplyBy          time.Time // zero if none was given
	ConversationLink string    // empty if none was given
	Attachments      []Attachment
}

// Attachment is a file of a message. What was null or not given is empty or zero; a file of
// a reply has no ID and no URL before the app tells them.
type Attachment struct {
	ID, Type, URL    string
	Name, PreviewURL string
	Size             float64
	LinkExpires      bool
}

// Channels returns the registered channels.
func (e *Emulator) Channels() []Channel {
	e.store.mu.Lock()
	defer e.store.mu.Unlock()
	channels := make([]Channel, 0, len(e.store.channels))
	for _, stored := range e.store.channels {
		c := stored.channel
		createdAt, _ := time.Parse(channelLayout, c.CreatedAt)
		channels = append(channels, Channel{
			ID:                c.Id,
			ProviderChannelID: c.ProviderChannelId,
			Name:              c.Name,
			AvatarURL:         valueOr(c.AvatarUrl, ""),
			ProviderType:      c.ProviderType,
			TemplateSupport:   c.TemplateSupport,
			UserID:            c.PdUserId,
			CreatedAt:         createdAt,
		})
	}
	return channels
}

// Conversations returns the conversations of a channel, named by the provider's id, in
// the order of their first messages, then those without any; nil if there is no such channel.
func (e *Emulator) Conversations(channelID string) []Conversation {
	e.store.mu.Lock()
	defer e.store.mu.Unlock()
	c := e.store.find(channelID)
	if c == nil {
		return nil
	}
	conversations, places := []Conversation{}, map[string]int{}
	for _, m := range c.messages {
		i, seen := places[m.message.ConversationId]
		if !seen {
			i = len(conversations)
			places[m.message.ConversationId] = i
			conversations = append(conversations, c.describe(m.message.ConversationId))
		}
		conversations[i].Link = valueOr(m.message.ConversationLink, conversations[i].Link)
	}
	for _, id := range c.imported {
		if _, seen := places[id]; !seen {
			conversations = append(conversations, c.describe(id))
		}
	}
	return conversations
}

// Templates returns the templates of a channel, as the app's getTemplates told them when the
// channel was added.
func (e *Emulator) Templates(channelID string) []Template {
	e.store.mu.Lock()
	defer e.store.mu.Unlock()
	c := e.store.find(channelID)
	if c == nil {
		return nil
	}
	return slices.Clone(c.templates)
}

// Messages returns the messages of a conversation; both ids are the provider's. A message
// that was updated stays where it first arrived. It returns nil if there are none.
func (e *Emulator) Messages(channelID, conversationID string) []Message {
	e.store.mu.Lock()
	defer e.store.mu.Unlock()
	c := e.store.find(channelID)
	if c == nil {
		return nil
	}
	var messages []Message
	for _, m := range c.messages {
		if m.message.ConversationId == conversationID {
			messages = append(messages, snapshot(m.message))
		}
	}
	return messages
}

func snapshot(m channelsserver.Message) Message {
	// The emulator wrote both times, so both can be read.
	createdAt, _ := time.Parse(messageLayout, m.CreatedAt)
	replyBy, _ := time.Parse(messageLayout, valueOr(m.ReplyBy, ""))
	out := Message{
		ID:               m.Id,
		SenderID:         m.SenderId,
		ConversationID:   m.ConversationId,
		Message:          m.Message,
		Status:           m.Status,
		CreatedAt:        createdAt,
		ReplyBy:          replyBy,
		ConversationLink: valueOr(m.ConversationLink, ""),
	}
	for _, a := range valueOr(m.Attachments, nil) {
		out.Attachments = append(out.Attachments, Attachment{
			ID: a.Id, Type: a.Type, URL: a.Url,
			Name: valueOr(a.Name, ""), PreviewURL: valueOr(a.PreviewUrl, ""), Size: valueOr(a.Size, 0),
			LinkExpires: valueOr(a.LinkExpires, false),
		})
	}
	return out
}
