// getConversations: the history of the channel.

package conformance

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
)

// fewPages bounds a list that is read in the smallest pages.
const fewPages = 20

// maxAhead is how far the clocks of an app and of this machine may differ.
const maxAhead = 15 * time.Minute

func (r *run) history(ctx context.Context) {
	r.ended = r.list(ctx, providercall.Limit, providercall.Limit, r.cfg.Pages, true, func(_ answer, c providerclient.Conversation) {
		if fitting(c.ID) != "" && r.conversation(c.ID) == nil {
			r.listed[c.ID] = true
			r.know(r.trim(c))
		}
	})
	if first := r.check.Exchanges; len(first) > 0 {
		switch first[0].StatusCode {
		case http.StatusUnauthorized:
			r.report.Ended = "the app refuses the credentials: are they its own client id and secret?"
		case http.StatusNotFound:
			r.report.Ended = fmt.Sprintf("the app answers 404: does it have a channel %q, and is it served at this URL?", r.hide.text(r.cfg.Channel))
			r.check.Findings = []Finding{} // a channel that it does not know may be refused so
		}
	}
	r.empty = len(r.known) == 0
}

// list reads the conversations in pages, judges each, and hands it to see.
func (r *run) list(ctx context.Context, conversations, messages, pages int, all bool, see func(answer, providerclient.Conversation)) (ended bool) {
	return r.follow(ctx, "", pages, all, func(ctx context.Context, after string) page {
		a := r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) {
			return r.app.GetConversations(ctx, r.cfg.Channel, conversations, messages, after)
		}})
		var got providerclient.ConversationsResponse
		p := page{answer: a, ok: r.isGood(a, &got), after: got.AdditionalData.After, where: "additional_data.after"}
		r.limit(a, "data", "conversations_limit", len(got.Data), conversations)
		for i, c := range got.Data {
			where := fmt.Sprintf("data.%d", i)
			r.limit(a, where+".messages", "messages_limit", len(c.Messages), messages)
			r.consistent(a, where, c)
			p.ids = append(p.ids, fitting(c.ID))
			see(a, c)
		}
		return p
	})
}

func (r *run) limit(a answer, where, name string, got, limit int) {
	if got > limit {
		r.violation(a, "limit", where, "there are %d, and %s was %d", got, name, limit)
	}
}

// trim leaves of a conversation what further checks ask for, and counts it.
func (r *run) trim(c providerclient.Conversation) providerclient.Conversation {
	for i := range c.Messages {
		m := &c.Messages[i]
		m.ID, m.Message = fitting(m.ID), ""
		r.kept += keptForOne + len(m.ID) + len(m.SenderID)
		for _, a := range m.Attachments {
			r.kept += keptForOne + len(a.ID) + len(a.Type) + len(a.URL) + len(a.Name) + len(a.PreviewURL)
		}
	}
	for _, p := range c.Participants {
		r.kept += keptForOne + len(p.ID) + len(p.Name) + len(p.AvatarURL)
	}
	r.kept += keptForOne + len(c.ID) + len(c.Link) + len(c.NextMessagesCursor)
	return c
}

// fitting is an id that fits into a URL; empty if it does not.
func fitting(id string) string {
	if len(id) > providercall.MaxValue {
		return ""
	}
	return id
}

// consistent looks for what no schema tells.
func (r *run) consistent(a answer, where string, c providerclient.Conversation) {
	long := func(where, id string) {
		if fitting(id) != id {
			r.violation(a, "id", where, "an id of %d bytes fits into no URL", len(id))
		}
	}
	long(where+".id", c.ID)
	seen, people := map[string]bool{}, map[string]bool{}
	for _, p := range c.Participants {
		people[p.ID] = true
	}
	for i, m := range c.Messages {
		here := fmt.Sprintf("%s.messages.%d", where, i)
		long(here+".id", m.ID)
		if seen[m.ID] {
			r.risk(a, "repeated-id", here+".id", "%q comes twice: the second updates the first", m.ID)
		}
		seen[m.ID] = true
		if at, err := providercall.ParseTime(m.CreatedAt); err == nil && time.Until(at) > maxAhead {
			r.violation(a, "clock", here+".created_at", "%s is %v ahead of now", m.CreatedAt, time.Until(at).Round(time.Minute))
		}
		if m.SenderID != "" && !people[m.SenderID] {
			r.risk(a, "unknown-sender", here+".sender_id", "%q is none of the participants", m.SenderID)
		}
	}
}

// conversation finds a conversation that the app told of.
func (r *run) conversation(id string) *providerclient.Conversation {
	if i, ok := r.places[id]; ok {
		return &r.known[i]
	}
	return nil
}

func (r *run) know(c providerclient.Conversation) {
	r.places[c.ID] = len(r.known)
	r.known = append(r.known, c)
}

func (r *run) smallPages(ctx context.Context) {
	seen, messages := 0, 0
	ended := r.list(ctx, 1, 1, fewPages, false, func(a answer, c providerclient.Conversation) {
		seen++
		r.beyond(a, c)
		if known := r.conversation(c.ID); known != nil {
			messages = max(messages, len(known.Messages))
		}
	})
	last := answer{Answer: providercall.Answer{Endpoint: providercall.GetConversations}, index: len(r.check.Exchanges) - 1}
	switch {
	case ended && seen < min(len(r.known), fewPages):
		r.violation(last, "cursor-missing", "additional_data.after", "page by page the list ends after %d conversations, and there are %d", seen, len(r.known))
	case r.empty:
		r.notChecked("the channel has no conversations")
	case len(r.known) == 1 && messages < 2:
		r.notChecked("there is one conversation with no more than one message: no limit shows")
	}
	if n := len(r.known); r.ended && n > 0 && n%providercall.Limit == 0 { // a full last page: is it the last?
		r.list(ctx, providercall.Limit-1, 1, r.cfg.Pages, true, r.beyond)
	}
}

// beyond looks whether a conversation was missing in a list that came to its end.
func (r *run) beyond(a answer, c providerclient.Conversation) {
	if r.ended && fitting(c.ID) != "" && r.conversation(c.ID) == nil && !slices.ContainsFunc(c.Messages, r.isNew) {
		r.violation(a, "cursor-missing", "additional_data.after", "a list that was read to its end, in pages of %d, has no conversation %q", providercall.Limit, c.ID)
	}
}

// isNew tells whether a message may have come while the check runs.
func (r *run) isNew(m providerclient.Message) bool {
	at, err := providercall.ParseTime(m.CreatedAt)
	return err != nil || !at.Before(r.began.Truncate(time.Minute))
}

func (r *run) noLimits(ctx context.Context) {
	a := r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) {
		return r.app.GetConversations(ctx, r.cfg.Channel, 0, 0, "")
	}})
	var list providerclient.ConversationsResponse
	if r.isGood(a, &list) {
		r.defaultLimit(a, "data", len(list.Data))
		for i, c := range list.Data {
			r.beyond(a, c)
			r.defaultLimit(a, fmt.Sprintf("data.%d.messages", i), len(c.Messages))
		}
	}
	if r.empty {
		return
	}
	a = r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) {
		return r.app.GetConversationByID(ctx, r.cfg.Channel, r.longest().ID, 0, "")
	}})
	var one providerclient.ConversationResponse
	if r.isGood(a, &one) {
		r.defaultLimit(a, "data.messages", len(one.Data.Messages))
	}
}

func (r *run) defaultLimit(a answer, where string, got int) {
	if got > providercall.Limit {
		r.risk(a, "default-limit", where, "there are %d, and the documented default is %d", got, providercall.Limit)
	}
}

// longest is the known conversation of which most messages were seen.
func (r *run) longest() providerclient.Conversation {
	return slices.MaxFunc(r.known, func(a, b providerclient.Conversation) int { return len(a.Messages) - len(b.Messages) })
}
