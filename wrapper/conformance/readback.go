// What became of a message that the app took: its text and its files, by asking for it.

package conformance

import (
	"context"
	"slices"
	"strings"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
)

// readBack asks for a message that was taken, and compares it with what was sent.
func (r *run) readBack(ctx context.Context, form providercall.Form, id string) {
	message, a, found := r.messageByID(ctx, form.ConversationID, id)
	if !found || len(message.Attachments) < len(form.Files) {
		page, b, ok := r.latest(ctx, form.ConversationID)
		if !found && ok {
			i := slices.IndexFunc(page.Messages, func(m providerclient.Message) bool { return m.ID == id })
			if found = i >= 0; found {
				message, a = page.Messages[i], b
			}
		}
		if found && ok && len(form.Files) > 0 && strings.Contains(message.Message, form.Message) && countFiles(page, form.Files) == len(form.Files) {
			return // an app may make several messages of one: text and files each for itself
		}
	}
	switch {
	case !found:
		r.forgets = true
		r.notChecked("the app accepted a message but does not return it by its id %q, so whether it kept text and files is unknown", providercall.Shorten(id))
	case !strings.Contains(message.Message, form.Message):
		r.violation(a, "text-dropped", "message", "the text that was sent is not in it: %q", message.Message)
	case len(message.Attachments) < len(form.Files):
		r.violation(a, "files-dropped", "attachments", "it has %d of the %d files that were sent", len(message.Attachments), len(form.Files))
	}
}

func (r *run) messageByID(ctx context.Context, conversation, id string) (m providerclient.Message, a answer, found bool) {
	if !r.app.Has(providercall.GetMessageByID) || r.lacks[providercall.GetMessageByID] {
		return m, a, false
	}
	a = r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) {
		return r.app.GetMessageByID(ctx, r.cfg.Channel, conversation, id)
	}})
	return m, a, a.came && a.good() && r.isGood(a, &m) && m.ID == id
}

func (r *run) latest(ctx context.Context, conversation string) (c providerclient.Conversation, a answer, ok bool) {
	a = r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) {
		return r.app.GetConversationByID(ctx, r.cfg.Channel, conversation, providercall.Limit, "")
	}})
	var got providerclient.ConversationResponse
	ok = a.came && a.good() && r.isGood(a, &got)
	return got.Data, a, ok
}

// countFiles counts which of the files a conversation has, by their names, which are never sent twice.
func countFiles(c providerclient.Conversation, files []providercall.File) (n int) {
	names := map[string]bool{}
	for _, m := range c.Messages {
		for _, a := range m.Attachments {
			names[a.Name] = true
		}
	}
	for _, f := range files {
		if names[f.Name] {
			n++
		}
	}
	return n
}
