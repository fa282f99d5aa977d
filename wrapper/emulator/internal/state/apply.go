// How an event changes the state. Nothing here decides: what cannot be applied is passed over.

package state

import (
	"slices"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

func (s *State) apply(e Event) {
	switch e.Kind {
	case emulatorserver.EventKindChannel:
		c := &channel{Channel: *e.Channel, since: e.Number, size: sizeOfChannel(e.Channel), messages: map[string]*message{}, conversations: map[string]*conversation{}}
		s.channels, s.byID[c.ID] = append(s.channels, c), c
		s.memory += c.size
	case emulatorserver.EventKindMessage:
		if c := s.byID[e.Message.ChannelID]; c != nil {
			s.applyMessage(c, e)
		}
	default:
		id := e.ChannelID
		if e.Conversation != nil {
			id = e.Conversation.ChannelID
		}
		if c := s.byID[id]; c != nil {
			s.applyTo(c, e)
		}
	}
}

func (s *State) applyTo(c *channel, e Event) {
	switch e.Kind { //nolint:exhaustive // the others are applied elsewhere
	case emulatorserver.EventKindChannelDeleted:
		s.memory -= c.size
		for _, m := range c.messages {
			s.memory -= m.size
		}
		delete(s.byID, c.ID)
		s.channels = slices.DeleteFunc(s.channels, func(other *channel) bool { return other == c })
	case emulatorserver.EventKindTemplates:
		s.resize(&c.size, c.size+sizeOfTemplates(e.Templates)-sizeOfTemplates(c.Templates))
		c.Templates = e.Templates
	case emulatorserver.EventKindConversation:
		one := c.conversation(e.Conversation.ID)
		size := sizeOfConversation(e.Conversation)
		s.resize(&c.size, c.size+size-one.size)
		if one.since == 0 {
			one.since = e.Number
		}
		readTo := max(one.ReadTo, e.Conversation.ReadTo)
		one.Conversation, one.size = *e.Conversation, size
		one.ReadTo = readTo
		one.facts.Store(nil)
	case emulatorserver.EventKindConversationRead:
		if one := c.conversations[e.ConversationID]; one != nil {
			one.ReadTo = e.Number
			one.facts.Store(nil)
		}
	case emulatorserver.EventKindConversationDeleted:
		if one := c.conversations[e.ConversationID]; one != nil {
			for _, m := range one.messages {
				s.memory -= m.size
				delete(c.messages, m.ID)
			}
			s.resize(&c.size, c.size-one.size)
			delete(c.conversations, one.ID)
		}
	}
}

// applyMessage adds or replaces a message. One that was there stays in its place, and may move to
// another conversation.
func (s *State) applyMessage(c *channel, e Event) {
	m := c.messages[e.Message.ID]
	if m != nil && m.ConversationID == e.Message.ConversationID {
		c.conversations[m.ConversationID].updated(m, e.Message)
		m.Message = e.Message
		s.resize(&m.size, sizeOfMessage(e.Message))
		return
	}
	if m == nil {
		m = &message{arrived: e.Number}
		c.messages[e.Message.ID] = m
	}
	if m.Message != nil {
		c.leave(m)
	}
	m.Message = e.Message
	s.resize(&m.size, sizeOfMessage(e.Message))
	to := c.conversation(e.Message.ConversationID)
	at, _ := slices.BinarySearchFunc(to.messages, m.arrived, func(m *message, arrived int64) int { return int(m.arrived - arrived) })
	if to.messages = slices.Insert(to.messages, at, m); at == len(to.messages)-1 {
		to.added(m)
	} else {
		to.facts.Store(nil)
	}
}

// leave takes a message off its conversation, which goes with its last if nothing else is known of it.
func (c *channel) leave(m *message) {
	one := c.conversations[m.ConversationID]
	one.messages = slices.DeleteFunc(one.messages, func(other *message) bool { return other == m })
	one.facts.Store(nil)
	if len(one.messages) == 0 && !one.Described {
		delete(c.conversations, one.ID)
	}
}

// conversation returns the conversation, and makes it first if need be.
func (c *channel) conversation(id string) *conversation {
	one := c.conversations[id]
	if one == nil {
		one = &conversation{Conversation: Conversation{ChannelID: c.ID, ID: id}}
		c.conversations[id] = one
	}
	return one
}

func (s *State) resize(size *int, to int) {
	s.memory += to - *size
	*size = to
}

// The sizes are what it takes to keep something.

// sizeOf is what an event holds on to, whether or not the state has grown by it.
func sizeOf(e Event) int {
	size := keepingOne + sizeOfTemplates(e.Templates)
	if e.Channel != nil {
		size += sizeOfChannel(e.Channel)
	}
	if e.Conversation != nil {
		size += sizeOfConversation(e.Conversation)
	}
	if e.Message != nil {
		size += sizeOfMessage(e.Message)
	}
	return size
}

func sizeOfChannel(c *Channel) int {
	return keepingOne + len(c.ID) + len(c.Name) + len(c.AvatarURL) + sizeOfTemplates(c.Templates)
}

func sizeOfTemplates(templates []Template) (size int) {
	for _, t := range templates {
		size += keepingAttachment + len(t.ID) + len(t.Name) + len(t.Content) + len(t.Language)
	}
	return size
}

func sizeOfConversation(c *Conversation) int {
	size := keepingOne + len(c.ID) + len(c.Link) + len(c.Status)
	for _, p := range c.Participants {
		size += keepingAttachment + len(p.ID) + len(p.Name) + len(p.Role) + len(p.AvatarURL)
	}
	return size
}

func sizeOfMessage(m *Message) int {
	size := keepingOne + len(m.ID) + len(m.SenderID) + len(m.ConversationID) + len(m.Message) + len(m.ConversationLink) + len(m.Problem)
	for _, a := range m.Attachments {
		size += keepingAttachment + len(a.ID) + len(a.Type) + len(a.URL) + len(a.Name) + len(a.PreviewURL)
	}
	return size
}
