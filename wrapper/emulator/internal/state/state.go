// Package state is what the emulator remembers of a company's inbox: channels, conversations,
// messages. It changes by events alone, so that what is told, kept in a file and seen is the same.
package state

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/events"
)

// What is kept has the words of spec/emulator.yaml.
type (
	// Channel is a channel that an app registered.
	Channel = emulatorserver.Channel
	// Conversation is a conversation of a channel.
	Conversation = emulatorserver.Conversation
	// Message is a message of a conversation, after all updates.
	Message = emulatorserver.Message
	// Template is a template of a channel.
	Template = emulatorserver.Template
	// Event is a change.
	Event = events.Event
)

// maxMemory bounds the bytes that are remembered: texts, and what it takes to keep each thing
// beside them. It is about 300,000 short messages.
const (
	maxMemory         = 256 << 20
	keepingOne        = 512
	keepingAttachment = 192
)

// What a change may fail with, beside the error of a file.
var (
	ErrChannelExists  = errors.New("a channel with this provider_channel_id exists already")
	ErrNameTaken      = errors.New("a channel with this name exists already")
	ErrNoChannel      = errors.New("channel not found")
	ErrNoConversation = errors.New("conversation not found")
	ErrFull           = errors.New("the emulator holds as much as it can: delete channels, or start it anew")
)

// State is safe for use by several goroutines. Messages in it are replaced, never changed in place.
type State struct {
	log *events.Log

	mu       sync.RWMutex
	channels []*channel // in the order of their registration
	byID     map[string]*channel
	memory   int
	max      int
}

type channel struct {
	Channel
	since         int64 // the event that registered it
	size          int   // of the channel, its templates and what is known of its conversations
	messages      map[string]*message
	conversations map[string]*conversation
}

// conversation is there while it has messages, or a description.
type conversation struct {
	Conversation
	size     int        // of the description
	since    int64      // the event that described it
	messages []*message // in the order of their first arrival
	facts    atomic.Pointer[facts]
}

type message struct {
	*Message
	size    int
	arrived int64 // the event of its first arrival
}

// New returns an empty state whose changes go into log.
func New(log *events.Log) *State {
	return &State{log: log, byID: map[string]*channel{}, max: maxMemory}
}

// Bound sets how many bytes may be kept, for tests.
func (s *State) Bound(most int) { s.max = most }

// commit appends an event, and applies it. The caller holds the lock, and has seen that it can be applied.
func (s *State) commit(e Event, grows int) error {
	if s.memory+grows > s.max {
		return ErrFull
	}
	e, err := s.log.Append(e, sizeOf(e))
	if err == nil {
		s.apply(e)
	}
	return err
}

// AddChannel fails with ErrChannelExists, ErrNameTaken or ErrFull.
func (s *State) AddChannel(c Channel, uniqueName bool, cause int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[c.ID] != nil {
		return ErrChannelExists
	}
	for _, other := range s.channels {
		if uniqueName && other.Name == c.Name {
			return ErrNameTaken
		}
	}
	return s.commit(Event{Kind: emulatorserver.EventKindChannel, Channel: &c, Cause: cause}, sizeOfChannel(&c))
}

// DeleteChannel removes a channel with all it holds. It fails with ErrNoChannel.
func (s *State) DeleteChannel(id string, cause int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[id] == nil {
		return ErrNoChannel
	}
	return s.commit(Event{Kind: emulatorserver.EventKindChannelDeleted, ChannelID: id, Cause: cause}, 0)
}

// SetTemplates replaces the templates of a channel. It fails with ErrNoChannel or ErrFull.
func (s *State) SetTemplates(id string, templates []Template, cause int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.byID[id]
	if c == nil {
		return ErrNoChannel
	}
	return s.commit(Event{Kind: emulatorserver.EventKindTemplates, ChannelID: id, Templates: templates, Cause: cause},
		sizeOfTemplates(templates)-sizeOfTemplates(c.Templates))
}

// PutMessage adds a message, or replaces the one with its id, and tells whether its conversation
// is new, and which message it replaced. It fails with ErrNoChannel or ErrFull.
func (s *State) PutMessage(m Message, cause int64) (newConversation bool, replaced *Message, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.byID[m.ChannelID]
	if c == nil {
		return false, nil, ErrNoChannel
	}
	if old := c.messages[m.ID]; old != nil {
		replaced = old.Message
		m.Origin = old.Origin
	}
	newConversation = c.conversations[m.ConversationID] == nil
	return newConversation, replaced, s.put(c, &m, cause)
}

// AddMessage adds a message unless its id is known, and returns what is there then.
func (s *State) AddMessage(m Message, cause int64) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.byID[m.ChannelID]
	if c == nil {
		return m, ErrNoChannel
	}
	if c.messages[m.ID] == nil {
		if err := s.put(c, &m, cause); err != nil {
			return m, err
		}
	}
	return *c.messages[m.ID].Message, nil
}

func (s *State) put(c *channel, m *Message, cause int64) error {
	grows := sizeOfMessage(m)
	if old := c.messages[m.ID]; old != nil {
		grows -= old.size
	}
	m.Exchange = cause
	return s.commit(Event{Kind: emulatorserver.EventKindMessage, Message: m, Cause: cause}, grows)
}

// Import keeps a conversation as the app described it, and those of its messages that are not there. It fails
// with ErrNoChannel or ErrFull.
//
// What receiveMessage delivered is newer than what is imported, and stays.
func (s *State) Import(in Conversation, messages []Message, cause int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.byID[in.ChannelID]
	if c == nil {
		return ErrNoChannel
	}
	in.Described = true
	grows := sizeOfConversation(&in)
	if old := c.conversations[in.ID]; old != nil {
		grows -= old.size
		in.ReadTo = old.ReadTo
	}
	if err := s.commit(Event{Kind: emulatorserver.EventKindConversation, Conversation: &in, Cause: cause}, grows); err != nil {
		return err
	}
	for i := range messages {
		if m := &messages[i]; m.ID != "" && c.messages[m.ID] == nil {
			if err := s.put(c, m, cause); err != nil {
				return err
			}
		}
	}
	if in.Seen {
		return s.markRead(c, in.ID)
	}
	return nil
}

// DeleteConversation removes a conversation with its messages. It fails with ErrNoChannel or
// ErrNoConversation.
func (s *State) DeleteConversation(channelID, id string, cause int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(channelID, id)
	if err == nil {
		err = s.commit(Event{Kind: emulatorserver.EventKindConversationDeleted, ChannelID: c.ID, ConversationID: id, Cause: cause}, 0)
	}
	return err
}

// MarkRead makes the messages of a conversation read. It fails with ErrNoChannel or ErrNoConversation.
func (s *State) MarkRead(channelID, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(channelID, id)
	if err != nil {
		return err
	}
	return s.markRead(c, id)
}

func (s *State) markRead(c *channel, id string) error {
	if one := c.conversations[id]; one.about().unread == 0 {
		return nil
	}
	return s.commit(Event{Kind: emulatorserver.EventKindConversationRead, ChannelID: c.ID, ConversationID: id}, 0)
}

func (s *State) find(channelID, id string) (*channel, error) {
	c := s.byID[channelID]
	switch {
	case c == nil:
		return nil, ErrNoChannel
	case c.conversations[id] == nil:
		return c, ErrNoConversation
	}
	return c, nil
}
