// What the emulator remembers: channels and their messages, in the order of arrival.

package emulator

import (
	"errors"
	"slices"
	"sync"

	"github.com/pdchannels/pdchannels/gen/channelsserver"
)

// maxStored bounds the bytes that are remembered: texts, and what it takes to keep each thing
// beside them. It is about 300,000 short messages.
//
// Our choice: 256 MiB, and 507 beyond them; the real service names no bound.
const (
	maxStored         = 256 << 20
	keepingOne        = 512
	keepingAttachment = 192
)

var (
	errChannelExists  = errors.New("a channel with this provider_channel_id exists already")
	errNameTaken      = errors.New("a channel with this name exists already")
	errNoChannel      = errors.New("channel not found")
	errNoConversation = errors.New("conversation not found")
	errFull           = errors.New("the emulator holds as much as it can: delete channels, or start it anew")
)

type store struct {
	mu       sync.Mutex
	channels []*storedChannel
	stored   int
	max      int
}

type storedChannel struct {
	channel       channelsserver.Channel
	size          int              // of the channel, its templates and what is known of its conversations
	messages      []*storedMessage // in the order of their first arrival
	byID          map[string]*storedMessage
	conversations map[string]*storedConversation
	imported      []string // the ids of conversations that the app described, in that order
	templates     []Template
}

// storedMessage holds one message. The message is replaced, never changed in place, so
// that an answer may be written from a copy of it without the lock.
type storedMessage struct {
	message channelsserver.Message
	size    int
}

func newStore() *store { return &store{max: maxStored} }

// find returns the channel with the provider's id, or nil.
func (s *store) find(providerID string) *storedChannel {
	for _, c := range s.channels {
		if c.channel.ProviderChannelId == providerID {
			return c
		}
	}
	return nil
}

// grow accounts for so many more bytes.
func (s *store) grow(by int) error {
	if s.stored+by > s.max {
		return errFull
	}
	s.stored += by
	return nil
}

// addChannel fails with errChannelExists, errNameTaken or errFull.
//
// Our choice: channels collide by provider_channel_id; names may repeat, but not if Strict. The
// guide calls both unique, and does not say which one is checked.
func (s *store) addChannel(channel channelsserver.Channel, uniqueName bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.find(channel.ProviderChannelId) != nil {
		return errChannelExists
	}
	if uniqueName && slices.ContainsFunc(s.channels, func(c *storedChannel) bool { return c.channel.Name == channel.Name }) {
		return errNameTaken
	}
	size := keepingOne + len(channel.Name) + len(channel.ProviderChannelId) + len(valueOr(channel.AvatarUrl, ""))
	if err := s.grow(size); err != nil {
		return err
	}
	s.channels = append(s.channels, &storedChannel{
		channel: channel, size: size,
		byID: map[string]*storedMessage{}, conversations: map[string]*storedConversation{},
	})
	return nil
}

// putMessage adds a message, or replaces the one with its id, and tells whether its
// conversation is new. It fails with errNoChannel or errFull.
//
// Our choice: a message id is known within its channel. An update replaces the message as a
// whole, may move it to another conversation, and leaves it in its place; a status that
// goes back from read to sent is taken as any other. A conversation is there as long as it
// has messages, or once the app has described it.
func (s *store) putMessage(message channelsserver.Message) (newConversation bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(message.ChannelId)
	if c == nil {
		return false, errNoChannel
	}
	newConversation = c.conversations[message.ConversationId] == nil
	return newConversation, s.put(c, message)
}

func (s *store) put(c *storedChannel, message channelsserver.Message) error {
	size := sizeOf(message)
	m := c.byID[message.Id]
	isNew := m == nil
	if isNew {
		m = &storedMessage{}
	}
	if err := s.grow(size - m.size); err != nil {
		return err
	}
	if isNew {
		c.messages, c.byID[message.Id] = append(c.messages, m), m
	} else {
		c.forget(m.message.ConversationId)
	}
	m.message, m.size = message, size
	c.conversation(message.ConversationId).messages++
	return nil
}

// sizeOf is what it takes to keep a message.
func sizeOf(m channelsserver.Message) int {
	size := keepingOne + len(m.Id) + len(m.SenderId) + len(m.ConversationId) + len(m.Message) + len(valueOr(m.ConversationLink, ""))
	for _, a := range valueOr(m.Attachments, nil) {
		size += keepingAttachment + len(a.Id) + len(a.Type) + len(a.Url) + len(valueOr(a.Name, "")) + len(valueOr(a.PreviewUrl, ""))
	}
	return size
}

// deleteChannel removes a channel with all it holds. It fails with errNoChannel.
func (s *store) deleteChannel(providerID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(providerID)
	if c == nil {
		return errNoChannel
	}
	s.stored -= c.size
	for _, m := range c.messages {
		s.stored -= m.size
	}
	s.channels = slices.DeleteFunc(s.channels, func(other *storedChannel) bool { return other == c })
	return nil
}

// deleteConversation removes a conversation with its messages. It
// fails with errNoChannel or errNoConversation.
func (s *store) deleteConversation(providerID, conversationID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(providerID)
	if c == nil {
		return errNoChannel
	}
	before, known := len(c.messages), c.describes(conversationID)
	c.messages = slices.DeleteFunc(c.messages, func(m *storedMessage) bool {
		if m.message.ConversationId != conversationID {
			return false
		}
		s.stored -= m.size
		delete(c.byID, m.message.Id)
		return true
	})
	s.stored -= c.remove(conversationID)
	if len(c.messages) == before && !known {
		return errNoConversation
	}
	return nil
}
