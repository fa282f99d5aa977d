// What the emulator remembers of an app's answers: who is in a conversation, its history,
// templates.

package emulator

import (
	"slices"

	"github.com/pdchannels/pdchannels/gen/channelsserver"
	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
)

// storedConversation is there while it has messages, or a description.
type storedConversation struct {
	messages    int
	described   bool
	description Conversation
	size        int // of the description
}

// conversation returns the conversation, and makes it first if need be.
func (c *storedChannel) conversation(id string) *storedConversation {
	if c.conversations[id] == nil {
		c.conversations[id] = &storedConversation{}
	}
	return c.conversations[id]
}

func (c *storedChannel) describes(id string) bool {
	return c.conversations[id] != nil && c.conversations[id].described
}

func (c *storedChannel) describe(id string) Conversation {
	if !c.describes(id) {
		return Conversation{ID: id}
	}
	out := c.conversations[id].description
	out.Participants = slices.Clone(out.Participants)
	return out
}

// forget takes one message off a conversation, which goes with its last if nothing else is known of it.
func (c *storedChannel) forget(id string) {
	one := c.conversations[id]
	if one.messages--; one.messages == 0 && !one.described {
		delete(c.conversations, id)
	}
}

// remove takes a conversation away, and returns the size of its description.
func (c *storedChannel) remove(id string) (size int) {
	if one := c.conversations[id]; one != nil {
		size = one.size
	}
	c.size -= size
	delete(c.conversations, id)
	c.imported = slices.DeleteFunc(c.imported, func(other string) bool { return other == id })
	return size
}

// importConversation keeps a conversation as the app described it. It fails with errNoChannel
// or errFull.
//
// Our choice: a participant who comes twice is kept once, and a group of three or more is kept
// whole. An import adds the messages that are missing, and changes none that is there:
// what receiveMessage delivered is newer.
func (s *store) importConversation(channelID string, in providerclient.Conversation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(channelID)
	if c == nil {
		return errNoChannel
	}
	description := Conversation{ID: in.ID, Link: in.Link, Status: string(in.Status), Seen: in.Seen}
	size := keepingOne + len(in.ID) + len(in.Link) + len(in.Status)
	for i, p := range in.Participants {
		if slices.ContainsFunc(in.Participants[:i], func(q providerclient.Participant) bool { return q.ID == p.ID && q.Role == p.Role }) {
			continue // told twice
		}
		description.Participants = append(description.Participants, Participant{p.ID, p.Name, string(p.Role), p.AvatarURL})
		size += keepingOne + len(p.ID) + len(p.Name) + len(p.Role) + len(p.AvatarURL)
	}
	before := 0
	if c.describes(in.ID) {
		before = c.conversations[in.ID].size
	}
	if err := s.grow(size - before); err != nil {
		return err
	}
	c.size += size - before
	one := c.conversation(in.ID)
	if !one.described {
		c.imported = append(c.imported, in.ID)
	}
	one.described, one.description, one.size = true, description, size
	for _, m := range in.Messages {
		if err := s.add(c, importedMessage(channelID, in.ID, m)); err != nil {
			return err
		}
	}
	return nil
}

// addMessage adds a message unless its id is known, and returns what is there then.
func (s *store) addMessage(message channelsserver.Message) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(message.ChannelId)
	if c == nil {
		return Message{}, errNoChannel
	}
	if err := s.add(c, message); err != nil {
		return Message{}, err
	}
	return snapshot(c.byID[message.Id].message), nil
}

func (s *store) add(c *storedChannel, message channelsserver.Message) error {
	if message.Id == "" || c.byID[message.Id] != nil {
		return nil
	}
	return s.put(c, message)
}

func (s *store) importTemplates(channelID string, templates []providerclient.Template, size int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(channelID)
	if c == nil {
		return errNoChannel
	}
	if err := s.grow(size); err != nil {
		return err
	}
	c.size += size
	for _, t := range templates {
		c.templates = append(c.templates, Template{t.ID, t.Name, t.Content, t.Language})
	}
	return nil
}

// importedMessage is a message of the history in the words of the Channels API.
func importedMessage(channelID, conversationID string, m providerclient.Message) channelsserver.Message {
	attachments := make([]channelsserver.Attachment, 0, len(m.Attachments))
	for _, a := range m.Attachments {
		attachments = append(attachments, channelsserver.Attachment{
			Id: a.ID, Type: a.Type, Url: a.URL, LinkExpires: &a.LinkExpires,
			Name: optional(a.Name), PreviewUrl: optional(a.PreviewURL), Size: optional(a.Size),
		})
	}
	out := channelsserver.Message{
		Id: m.ID, ChannelId: channelID, ConversationId: conversationID, SenderId: m.SenderID,
		Message: m.Message, Status: string(m.Status), Attachments: &attachments,
	}
	// A time that cannot be read is the zero time; the log has told of it.
	createdAt, _ := providercall.ParseTime(m.CreatedAt)
	out.CreatedAt = createdAt.UTC().Format(messageLayout)
	if replyBy, err := providercall.ParseTime(m.ReplyBy); err == nil {
		out.ReplyBy = optional(replyBy.UTC().Format(messageLayout))
	}
	return out
}

// optional is nil for what is empty or zero.
func optional[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}
