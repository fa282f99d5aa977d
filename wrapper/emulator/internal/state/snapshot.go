// The state as events, and events as the state.

package state

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

// Snapshot returns the events that make up what there is, in the order of their numbers.
func (s *State) Snapshot() (all []Event) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, c := range s.channels {
		one := c.Channel
		all = append(all, Event{Kind: emulatorserver.EventKindChannel, Number: c.since, Time: c.CreatedAt, Channel: &one})
		for _, v := range c.conversations {
			if v.Described {
				described := v.Conversation
				described.ReadTo = 0
				all = append(all, Event{Kind: emulatorserver.EventKindConversation, Number: v.since, Conversation: &described})
			}
			if v.ReadTo > 0 {
				all = append(all, Event{Kind: emulatorserver.EventKindConversationRead, Number: v.ReadTo, ChannelID: c.ID, ConversationID: v.ID})
			}
			for _, m := range v.messages {
				all = append(all, Event{Kind: emulatorserver.EventKindMessage, Number: m.arrived, Time: m.CreatedAt, Message: m.Message})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Event) int { return cmp.Compare(a.Number, b.Number) })
	return all
}

// Check finds what in a list of events cannot be a state. What is no event of the inbox is passed over.
func Check(list []Event) error {
	channels := map[string]bool{}
	size := 0
	for i, e := range list {
		grows, err := check(channels, e)
		if err != nil {
			return fmt.Errorf("event %d, of kind %q: %w", i+1, e.Kind, err)
		}
		if size += grows; size > maxMemory {
			return ErrFull
		}
	}
	return nil
}

func check(channels map[string]bool, e Event) (size int, err error) {
	in := func(channel, id string) error {
		switch {
		case !channels[channel]:
			return fmt.Errorf("there is no channel %q before it", channel)
		case id == "":
			return errors.New("an id is missing")
		}
		return nil
	}
	switch e.Kind {
	case emulatorserver.EventKindChannel:
		if e.Channel == nil || e.Channel.ID == "" || channels[e.Channel.ID] {
			return 0, errors.New("channel is missing, has no id, or has one that is taken")
		}
		channels[e.Channel.ID] = true
		return sizeOfChannel(e.Channel), nil
	case emulatorserver.EventKindMessage:
		if e.Message == nil || e.Message.ConversationID == "" {
			return 0, errors.New("message or its conversation_id is missing")
		}
		return sizeOfMessage(e.Message), in(e.Message.ChannelID, e.Message.ID)
	case emulatorserver.EventKindConversation:
		if e.Conversation == nil {
			return 0, errors.New("conversation is missing")
		}
		return sizeOfConversation(e.Conversation), in(e.Conversation.ChannelID, e.Conversation.ID)
	case emulatorserver.EventKindConversationDeleted, emulatorserver.EventKindConversationRead:
		return 0, in(e.ChannelID, e.ConversationID)
	case emulatorserver.EventKindTemplates:
		return sizeOfTemplates(e.Templates), in(e.ChannelID, "-")
	case emulatorserver.EventKindChannelDeleted:
		err := in(e.ChannelID, "-")
		delete(channels, e.ChannelID)
		return 0, err
	case "":
		return 0, errors.New("kind is missing")
	default:
		return 0, nil
	}
}

// Load makes events, which were checked before, the state. They keep their numbers. It calls before with all
// changes held back, and does nothing if that fails.
func (s *State) Load(list []Event, before func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := before(); err != nil {
		return err
	}
	s.channels, s.byID, s.memory = nil, map[string]*channel{}, 0
	for _, e := range list {
		if e.Kind == emulatorserver.EventKindConversation {
			e.Conversation.Described = true
		}
		s.apply(e)
	}
	return nil
}
