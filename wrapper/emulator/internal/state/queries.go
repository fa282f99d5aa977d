// What is asked of the state: copies, never what it holds itself.

package state

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Unconfirmed is what a query calls the empty status of a reply that the app has not confirmed.
const Unconfirmed = "unconfirmed"

// Query says which conversations.
type Query struct {
	ChannelID string // empty: of all channels
	Search    string // in names, ids and texts, whatever the case
	Unread    bool   // only those with unread messages
	Failed    bool   // only those with a failed message
	Closing   bool   // only those whose reply_by is within Soon after Now
	Now       time.Time
	Offset    int
	Limit     int // 0: all
}

// Soon is how long before its reply_by a conversation is closing.
const Soon = time.Hour

// Totals says how many conversations there are: those that match, and of the channel whatever else is asked for.
type Totals struct{ Matching, All, Unread, Closing, Failed int }

// MessageQuery says which messages; what is empty does not matter.
type MessageQuery struct {
	ChannelID, ConversationID string
	Text                      string // part of the text, or the id
	Status                    string // Unconfirmed is the empty one
	Origin                    string
	After                     int64 // changed after the event with this number
	Limit                     int   // 0: all
}

// Channels returns the channels in the order of their registration.
func (s *State) Channels() []Channel {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Channel, 0, len(s.channels))
	for _, c := range s.channels {
		one := c.Channel
		one.Templates = slices.Clone(one.Templates)
		one.Conversations = len(c.conversations)
		for _, v := range c.conversations {
			if v.about().unread > 0 {
				one.Unread++
			}
		}
		out = append(out, one)
	}
	return out
}

// Arrivals returns the conversations of a channel in the order of their first messages, then those without any;
// nil if there is no such channel.
func (s *State) Arrivals(channelID string) []Conversation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.byID[channelID]
	if c == nil {
		return nil
	}
	all := make([]*conversation, 0, len(c.conversations))
	for _, one := range c.conversations {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b *conversation) int {
		return cmp.Or(cmp.Compare(min(len(b.messages), 1), min(len(a.messages), 1)), cmp.Compare(a.begun(), b.begun()))
	})
	out := make([]Conversation, 0, len(all))
	for _, one := range all {
		out = append(out, one.describe())
	}
	return out
}

func (v *conversation) begun() int64 {
	if len(v.messages) > 0 {
		return v.messages[0].arrived
	}
	return v.since
}

// Conversations returns a page of the conversations that match, the newest first, and how many there are.
func (s *State) Conversations(q Query) (page []Conversation, totals Totals) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	type found struct {
		v      *conversation
		latest time.Time
		number int64
	}
	var all []found
	search := strings.ToLower(q.Search)
	for _, c := range s.channels {
		if q.ChannelID != "" && c.ID != q.ChannelID {
			continue
		}
		for _, v := range c.conversations {
			about := v.about()
			unread, failed, closing := about.unread > 0, about.failed > 0, about.closing(q.Now)
			totals.All++
			totals.Unread += count(unread)
			totals.Failed += count(failed)
			totals.Closing += count(closing)
			if q.Unread && !unread || q.Failed && !failed || q.Closing && !closing || search != "" && !v.mentions(search) {
				continue
			}
			f := found{v: v, number: v.since}
			if about.last != nil {
				f.latest, f.number = about.last.CreatedAt, about.last.arrived
			}
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(b.latest.Compare(a.latest), cmp.Compare(b.number, a.number), cmp.Compare(a.v.ID, b.v.ID))
	})
	end := len(all)
	start := min(max(q.Offset, 0), end)
	if q.Limit > 0 {
		end = min(start+q.Limit, end)
	}
	page = make([]Conversation, 0, end-start)
	for _, f := range all[start:end] {
		page = append(page, f.v.describe())
	}
	totals.Matching = len(all)
	return page, totals
}

// Conversation returns one conversation with its messages in the order of their first arrival.
func (s *State) Conversation(channelID, id string) (Conversation, []Message, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, err := s.find(channelID, id)
	if err != nil {
		return Conversation{}, nil, err
	}
	v := c.conversations[id]
	messages := make([]Message, 0, len(v.messages))
	for _, m := range v.messages {
		messages = append(messages, *m.Message)
	}
	return v.describe(), messages, nil
}

// Messages returns the messages that match, by their latest change, the newest first.
func (s *State) Messages(q MessageQuery) []Message {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []*Message
	for _, c := range s.channels {
		if q.ChannelID != "" && c.ID != q.ChannelID {
			continue
		}
		for _, m := range c.messages {
			if q.Matches(m.Message) {
				found = append(found, m.Message)
			}
		}
	}
	slices.SortFunc(found, func(a, b *Message) int { return cmp.Compare(b.Number, a.Number) })
	if q.Limit > 0 && len(found) > q.Limit {
		found = found[:q.Limit]
	}
	out := make([]Message, 0, len(found))
	for _, m := range found {
		out = append(out, *m)
	}
	return out
}

// Matches tells whether a message is one that is asked for.
func (q MessageQuery) Matches(m *Message) bool {
	status := cmp.Or(m.Status, Unconfirmed)
	return m.Number > q.After &&
		(q.ChannelID == "" || q.ChannelID == m.ChannelID) &&
		(q.ConversationID == "" || q.ConversationID == m.ConversationID) &&
		(q.Text == "" || q.Text == m.ID || strings.Contains(m.Message, q.Text)) &&
		(q.Status == "" || q.Status == status) &&
		(q.Origin == "" || q.Origin == string(m.Origin))
}

// Message returns one message.
func (s *State) Message(channelID, id string) (Message, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if c := s.byID[channelID]; c != nil {
		if m := c.messages[id]; m != nil {
			return *m.Message, true
		}
	}
	return Message{}, false
}

// Counts says how much there is.
type Counts struct{ Channels, Conversations, Messages, Unread, Memory int }

// Counts returns how much there is.
func (s *State) Counts() Counts {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := Counts{Channels: len(s.channels), Memory: s.memory}
	for _, c := range s.channels {
		n.Conversations += len(c.conversations)
		n.Messages += len(c.messages)
		for _, v := range c.conversations {
			if v.about().unread > 0 {
				n.Unread++
			}
		}
	}
	return n
}
