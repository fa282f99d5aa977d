// getConversationById: each conversation, back to its first message.

package conformance

import (
	"context"
	"slices"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
)

// maxConversations bounds how many conversations are asked for one by one.
const maxConversations = 50

func (r *run) conversations(ctx context.Context) {
	if id := r.cfg.Conversation; id != "" && r.conversation(id) == nil {
		r.known = append([]providerclient.Conversation{{ID: id}}, r.known...) // first, since not all are asked for
		for i, c := range r.known {
			r.places[c.ID] = i
		}
	}
	if len(r.known) == 0 {
		r.notChecked("the channel has no conversations to ask for")
		return
	}
	for i := range r.known[:min(len(r.known), maxConversations)] {
		known := &r.known[i]
		listed, inList := known.NextMessagesCursor, len(known.Messages)
		followed := map[string]bool{}
		see := func(c providerclient.Conversation) {
			followed[c.NextMessagesCursor] = true
			r.learn(known, c)
		}
		r.whole[known.ID] = r.back(ctx, known.ID, "", providercall.Limit, r.cfg.Pages, true, see)
		if listed != "" && !followed[listed] {
			r.back(ctx, known.ID, listed, providercall.Limit, r.cfg.Pages, true, see)
		}
		r.unreachable(*known, listed, inList)
	}
}

// unreachable looks for messages that an import by the list alone would miss.
func (r *run) unreachable(c providerclient.Conversation, listed string, inList int) {
	missed := slices.DeleteFunc(slices.Clone(c.Messages[inList:]), r.isNew)
	last := answer{Answer: providercall.Answer{Endpoint: providercall.GetConversations}, index: len(r.check.Exchanges) - 1}
	switch {
	case !r.ended:
	case c.ID == r.cfg.Conversation && c.Participants != nil && !r.listed[c.ID]:
		r.violation(last, "cursor-missing", "additional_data.after", "the conversation %q is there, and not in a list that was read to its end", c.ID)
	case listed == "" && len(missed) > 0:
		r.violation(last, "cursor-missing", "data.next_messages_cursor", "the list has %d messages of the conversation %q and no cursor to more, and getConversationById has %d more", inList, c.ID, len(missed))
	}
}

// back reads a conversation from the cursor on, page by page, and hands each page to see.
func (r *run) back(ctx context.Context, id, from string, limit, pages int, all bool, see func(providerclient.Conversation)) (ended bool) {
	return r.follow(ctx, from, pages, all, func(ctx context.Context, after string) page {
		a := r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) {
			return r.app.GetConversationByID(ctx, r.cfg.Channel, id, limit, after)
		}})
		var got providerclient.ConversationResponse
		p := page{answer: a, ok: r.isGood(a, &got), after: got.Data.NextMessagesCursor, where: "data.next_messages_cursor"}
		if !p.ok {
			return p
		}
		r.sameID(a, "data.id", got.Data.ID, id)
		r.limit(a, "data.messages", "messages_limit", len(got.Data.Messages), limit)
		r.consistent(a, "data", got.Data)
		if other := got.AdditionalData.After; other != "" && other != p.after {
			r.risk(a, "second-cursor", "additional_data.after", "%q is not the next_messages_cursor: which of them continues is not documented", other)
		}
		for _, m := range got.Data.Messages {
			p.ids = append(p.ids, fitting(m.ID))
		}
		see(got.Data)
		return p
	})
}

func (r *run) sameID(a answer, where, got, want string) {
	if got != want && got != "" {
		r.violation(a, "id", where, "it is %q, and %q was asked for", got, want)
	}
}

// learn adds what a page tells to what is known of a conversation.
func (r *run) learn(known *providerclient.Conversation, c providerclient.Conversation) {
	if len(known.Participants) == 0 {
		known.Participants, known.Status = c.Participants, c.Status
	}
	seen := map[string]bool{}
	for _, m := range known.Messages {
		seen[m.ID] = true
	}
	for _, m := range r.trim(c).Messages {
		if m.ID != "" && !seen[m.ID] {
			known.Messages = append(known.Messages, m)
		}
	}
}

func (r *run) smallMessagePages(ctx context.Context) {
	if len(r.known) == 0 {
		r.notChecked("the channel has no conversations to ask for")
		return
	}
	longest := r.longest()
	if len(longest.Messages) < 2 {
		r.notChecked("a limit shows only in a conversation of two messages or more")
	}
	seen := 0
	known := map[string]bool{}
	for _, m := range longest.Messages {
		known[m.ID] = true
	}
	beyond := func(c providerclient.Conversation) {
		last := answer{Answer: providercall.Answer{Endpoint: providercall.GetConversationByID}, index: len(r.check.Exchanges) - 1}
		for _, m := range c.Messages {
			if r.whole[longest.ID] && !known[m.ID] && !r.isNew(m) {
				r.violation(last, "cursor-missing", "data.next_messages_cursor", "a conversation that was read to its end, in pages of %d, has no message %q", providercall.Limit, m.ID)
			}
		}
	}
	ended := r.back(ctx, longest.ID, "", 1, fewPages, false, func(c providerclient.Conversation) {
		seen += len(c.Messages)
		beyond(c)
	})
	if n := len(longest.Messages); r.whole[longest.ID] && n%providercall.Limit == 0 { // a full last page: is it the last?
		r.back(ctx, longest.ID, "", providercall.Limit-1, r.cfg.Pages, false, beyond)
	}
	if ended && seen < min(len(longest.Messages), fewPages) {
		last := answer{Answer: providercall.Answer{Endpoint: providercall.GetConversationByID}, index: len(r.check.Exchanges) - 1}
		r.violation(last, "cursor-missing", "data.next_messages_cursor", "page by page the conversation ends after %d messages, and it has %d", seen, len(longest.Messages))
	}
}
