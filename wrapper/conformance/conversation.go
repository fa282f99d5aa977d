// getConversationById: each conversation, back to its first message.

package conformance

import (
	"context"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
)

// maxConversations bounds how many conversations are asked for one by one.
const maxConversations = 50

func (r *run) conversations(ctx context.Context) {
	if id := r.cfg.Conversation; id != "" && r.conversation(id) == nil {
		r.known = append([]providerclient.Conversation{{ID: id}}, r.known...)
	}
	if len(r.known) == 0 {
		r.notChecked("the channel has no conversations to ask for")
		return
	}
	for i := range r.known[:min(len(r.known), maxConversations)] {
		known := &r.known[i]
		listed := known.NextMessagesCursor
		followed := map[string]bool{}
		see := func(c providerclient.Conversation) {
			followed[c.NextMessagesCursor] = true
			r.learn(known, c)
		}
		r.back(ctx, known.ID, "", providercall.Limit, r.cfg.Pages, true, see)
		if listed != "" && !followed[listed] {
			r.back(ctx, known.ID, listed, providercall.Limit, r.cfg.Pages, true, see)
		}
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
		if !seen[m.ID] {
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
		r.notChecked("no conversation has two messages: no limit shows")
	}
	seen := 0
	ended := r.back(ctx, longest.ID, "", 1, fewPages, false, func(c providerclient.Conversation) { seen += len(c.Messages) })
	if ended && seen < min(len(longest.Messages), fewPages) {
		last := answer{Answer: providercall.Answer{Endpoint: providercall.GetConversationByID}, index: len(r.check.Exchanges) - 1}
		r.risk(last, "cursor-missing", "data.next_messages_cursor", "page by page the conversation ends after %d messages, and it has %d", seen, len(longest.Messages))
	}
}
