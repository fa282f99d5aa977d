// What follows from the messages of a conversation.

package state

import (
	"slices"
	"strings"
	"time"
)

// describe is a conversation with what follows from its messages.
func (c *channel) describe(v *conversation) Conversation {
	out := v.Conversation
	out.Participants = slices.Clone(out.Participants)
	out.Messages, out.Unread, out.Failed, out.ReplyBy = len(v.messages), c.unread(v), v.failed(), v.replyBy()
	if last := v.last(); last != nil {
		m := *last.Message
		out.Last = &m
	}
	for _, m := range v.messages {
		if m.ConversationLink != "" {
			out.Link = m.ConversationLink
		}
	}
	return out
}

// last is the newest message by the time it was written; nil if there is none.
func (v *conversation) last() (last *message) {
	for _, m := range v.messages {
		if last == nil || !m.CreatedAt.Before(last.CreatedAt) {
			last = m
		}
	}
	return last
}

func (v *conversation) failed() (n int) {
	for _, m := range v.messages {
		if m.Status == "failed" {
			n++
		}
	}
	return n
}

// unread counts what customers wrote since a user last read.
func (c *channel) unread(v *conversation) (n int) {
	for i := len(v.messages) - 1; i >= 0 && v.messages[i].arrived > v.ReadTo; i-- {
		if m := v.messages[i]; m.Origin != "replied" && !v.ours(m.SenderID) {
			n++
		}
	}
	return n
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
	in := func(s string) bool { return strings.Contains(strings.ToLower(s), text) }
	for _, p := range v.Participants {
		if in(p.Name) || in(p.ID) {
			return true
		}
	}
	for _, m := range v.messages {
		if in(m.Message.Message) || in(m.ID) || in(m.SenderID) {
			return true
		}
	}
	return in(v.ID)
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// closing tells whether a reply is taken now, and not for long.
func (v *conversation) closing(now time.Time) bool {
	left := v.replyBy().Sub(now)
	return left > 0 && left <= Soon
}

// replyBy is until when a reply is taken: the latest that a message has said; zero if none has.
func (v *conversation) replyBy() (latest time.Time) {
	for _, m := range v.messages {
		if m.ReplyBy.After(latest) {
			latest = m.ReplyBy
		}
	}
	return latest
}
