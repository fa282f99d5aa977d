// What a test sees of the emulator's memory: copies, in the order of arrival.

package emulator

import (
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/state"
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

// Attachment is a file of a message. Null or missing values are empty or zero; a file of
// a reply has no ID and no URL before the app tells them.
type Attachment struct {
	ID, Type, URL    string
	Name, PreviewURL string
	Size             float64
	LinkExpires      bool
}

// Channels returns the registered channels.
func (e *Emulator) Channels() []Channel {
	all := e.state.Channels()
	channels := make([]Channel, 0, len(all))
	for _, c := range all {
		channels = append(channels, Channel{
			ID:                c.PipedriveID,
			ProviderChannelID: c.ID,
			Name:              c.Name,
			AvatarURL:         c.AvatarURL,
			ProviderType:      c.ProviderType,
			TemplateSupport:   c.TemplateSupport,
			UserID:            c.UserID,
			CreatedAt:         c.CreatedAt,
		})
	}
	return channels
}

// Conversations returns the conversations of a channel, named by the provider's id, in
// the order of their first messages, then those without any; nil if there is no such channel.
func (e *Emulator) Conversations(channelID string) []Conversation {
	all := e.state.Arrivals(channelID)
	if all == nil {
		return nil
	}
	conversations := make([]Conversation, 0, len(all))
	for _, c := range all {
		one := Conversation{ID: c.ID, Link: c.Link, Status: c.Status, Seen: c.Seen}
		for _, p := range c.Participants {
			one.Participants = append(one.Participants, Participant{p.ID, p.Name, p.Role, p.AvatarURL})
		}
		conversations = append(conversations, one)
	}
	return conversations
}

// Templates returns the templates of a channel, as the app's getTemplates told them when the
// channel was added.
func (e *Emulator) Templates(channelID string) (templates []Template) {
	for _, c := range e.state.Channels() {
		if c.ID != channelID {
			continue
		}
		for _, t := range c.Templates {
			templates = append(templates, Template{t.ID, t.Name, t.Content, t.Language})
		}
	}
	return templates
}

// Messages returns the messages of a conversation; both ids are the provider's. A message
// that was updated stays where it first arrived. It returns nil if there are none.
func (e *Emulator) Messages(channelID, conversationID string) (messages []Message) {
	_, all, _ := e.state.Conversation(channelID, conversationID) // there are none of what is not there
	for _, m := range all {
		messages = append(messages, shown(m))
	}
	return messages
}

func shown(m state.Message) Message {
	out := Message{
		ID:               m.ID,
		SenderID:         m.SenderID,
		ConversationID:   m.ConversationID,
		Message:          m.Message,
		Status:           m.Status,
		CreatedAt:        m.CreatedAt,
		ReplyBy:          m.ReplyBy,
		ConversationLink: m.ConversationLink,
	}
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, Attachment{
			ID: a.ID, Type: a.Type, URL: a.URL, Name: a.Name, PreviewURL: a.PreviewURL, Size: a.Size, LinkExpires: a.LinkExpires,
		})
	}
	return out
}
