// Links that the app replaced by fresh ones.

package state

import (
	"slices"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

// RefreshLinks gives the attachments of a message the links that stand beside their ids. It fails with
// ErrNoChannel or ErrFull; a message that is gone by now is no error.
func (s *State) RefreshLinks(channelID, id string, links map[string]string, cause int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.byID[channelID]
	if c == nil {
		return ErrNoChannel
	}
	old := c.messages[id]
	if old == nil {
		return nil
	}
	m := *old.Message
	m.Attachments = slices.Clone(m.Attachments)
	for i := range m.Attachments {
		if link := links[m.Attachments[i].ID]; link != "" {
			m.Attachments[i].URL = link
		}
	}
	return s.put(c, &m, cause)
}

// RefreshAvatar gives a participant a fresh picture. It fails with ErrNoChannel, ErrNoConversation or ErrFull.
func (s *State) RefreshAvatar(channelID, conversationID, participant, link string, cause int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(channelID, conversationID)
	if err != nil {
		return err
	}
	one := c.conversations[conversationID]
	in := one.Conversation
	in.Participants = slices.Clone(in.Participants)
	for i := range in.Participants {
		if in.Participants[i].ID == participant {
			in.Participants[i].AvatarURL = link
		}
	}
	return s.commit(Event{Kind: emulatorserver.EventKindConversation, Conversation: &in, Cause: cause}, sizeOfConversation(&in)-one.size)
}
