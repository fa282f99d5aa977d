// What follows from the messages of a conversation.

package state

import (
	"slices"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

// facts follow from the messages. They are kept, since a list asks for those of thousands of
// conversations; a change that does not simply add to them forgets them.
type facts struct {
	last    *message // the newest by the time it was written; nil if there is none
	unread  int      // what customers wrote since a user last read
	failed  int
	replyBy time.Time // until when a reply is taken: the latest that a message has said
	link    string    // the latest that a message has said
}

// about returns the facts. Whoever calls it holds the lock for reading at least.
func (v *conversation) about() facts {
	if f := v.facts.Load(); f != nil {
		return *f
	}
	var f facts
	for _, m := range v.messages {
		f.add(v, m)
	}
	v.facts.Store(&f)
	return f
}

func (f *facts) add(v *conversation, m *message) {
	if f.last == nil || !m.CreatedAt.Before(f.last.CreatedAt) {
		f.last = m
	}
	if m.arrived > v.ReadTo && m.Origin != emulatorserver.Replied && !v.ours(m.SenderID) {
		f.unread++
	}
	if m.Status == failed {
		f.failed++
	}
	if m.ReplyBy.After(f.replyBy) {
		f.replyBy = m.ReplyBy
	}
	if m.ConversationLink != "" {
		f.link = m.ConversationLink
	}
}

const failed = "failed"

// added follows a message that came as the last.
func (v *conversation) added(m *message) {
	if known := v.facts.Load(); known != nil {
		f := *known
		f.add(v, m)
		v.facts.Store(&f)
	}
}

// updated follows a message that is replaced by another state of it: of the facts a status changes, as a rule, at
// most one.
func (v *conversation) updated(m *message, by *Message) {
	known := v.facts.Load()
	if known == nil {
		return
	}
	if !by.CreatedAt.Equal(m.CreatedAt) || !by.ReplyBy.Equal(m.ReplyBy) || by.SenderID != m.SenderID || by.ConversationLink != m.ConversationLink {
		v.facts.Store(nil)
		return
	}
	f := *known
	f.failed += count(by.Status == failed) - count(m.Status == failed)
	v.facts.Store(&f)
}

// describe is a conversation with what follows from its messages.
func (v *conversation) describe() Conversation {
	out, f := v.Conversation, v.about()
	out.Participants = slices.Clone(out.Participants)
	out.Messages, out.Unread, out.Failed, out.ReplyBy = len(v.messages), f.unread, f.failed, f.replyBy
	if f.last != nil {
		m := *f.last.Message
		out.Last = &m
	}
	if f.link != "" {
		out.Link = f.link
	}
	return out
}

// ours tells whether a sender is the company's side.
func (v *conversation) ours(sender string) bool {
	for _, p := range v.Participants {
		if p.ID == sender {
			return p.Role == "source_user"
		}
	}
	return false
}

// mentions tells whether a text, in small letters, is in names, ids or texts.
func (v *conversation) mentions(text string) bool {
	for _, p := range v.Participants {
		if contains(p.Name, text) || contains(p.ID, text) {
			return true
		}
	}
	for _, m := range v.messages {
		if contains(m.Message.Message, text) || contains(m.ID, text) || contains(m.SenderID, text) {
			return true
		}
	}
	return contains(v.ID, text)
}

// contains tells whether a text has another, which is in small letters, whatever its case. It makes
// no copy of a text that has neither letters beyond ASCII nor capitals.
func contains(s, small string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || 'A' <= c && c <= 'Z' {
			return strings.Contains(strings.ToLower(s), small)
		}
	}
	return strings.Contains(s, small)
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// closing tells whether a reply is taken now, and not for long.
func (f *facts) closing(now time.Time) bool {
	left := f.replyBy.Sub(now)
	return left > 0 && left <= Soon
}
