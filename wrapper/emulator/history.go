// What Pipedrive asks of an app by itself: the history, templates and pictures of a channel
// that was added, a conversation it has not heard of, and the end of a channel.

package emulator

import (
	"context"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
)

// maxPages bounds an import.
//
// Our choice: 100 pages of 30 conversations; an app may have more, and some never end.
const maxPages = 100

// maxViolations bounds what the log tells of one answer.
const maxViolations = 20

// channelAdded imports what the app has of a channel [guide].
func (e *Emulator) channelAdded(channel string, templates bool) {
	e.outgoing.run("addChannel", func(ctx context.Context) {
		e.importHistory(ctx, channel)
		if templates && e.outgoing.app.Has(providercall.GetTemplates) {
			e.importTemplates(ctx, channel)
		}
	})
}

func (e *Emulator) importHistory(ctx context.Context, channel string) {
	cursors, avatars := map[string]bool{}, map[string]string{}
	after := ""
	for range maxPages {
		var page providerclient.ConversationsResponse
		answer, err := e.outgoing.app.GetConversations(ctx, channel, providercall.Limit, providercall.Limit, after)
		// Our choice: a page that the document does not allow is imported as far as it can be read.
		if !e.read(ctx, answer, err, &page) {
			return
		}
		for _, c := range page.Data {
			if !e.importConversation(ctx, channel, c, avatars) {
				return
			}
		}
		after = page.AdditionalData.After
		if after == "" || len(page.Data) == 0 {
			return
		}
		if cursors[after] {
			e.outgoing.logger.WarnContext(ctx, "the app's cursor repeats, so the import ends", "channel", channel)
			return
		}
		cursors[after] = true
	}
	e.outgoing.logger.WarnContext(ctx, "the app's history has no end, so the import ends", "channel", channel, "pages", maxPages)
}

// importConversation keeps a conversation. The pictures that it names none of are asked for, each
// once, and kept in avatars; not if that is nil. It returns false when there is no use in going on.
func (e *Emulator) importConversation(ctx context.Context, channel string, c providerclient.Conversation, avatars map[string]string) bool {
	if c.ID == "" {
		return true
	}
	for i := range c.Participants {
		p := &c.Participants[i]
		if avatars == nil || !p.FetchAvatar || p.AvatarURL != "" || !e.outgoing.app.Has(providercall.GetSenderByID) {
			continue
		}
		if _, asked := avatars[p.ID]; !asked {
			var sender providerclient.SenderResponse
			answer, err := e.outgoing.app.GetSenderByID(ctx, channel, p.ID)
			e.read(ctx, answer, err, &sender)
			avatars[p.ID] = sender.Data.AvatarURL
		}
		p.AvatarURL = avatars[p.ID]
	}
	err := e.store.importConversation(channel, c)
	if err != nil {
		e.outgoing.logger.WarnContext(ctx, "a conversation could not be imported", "channel", channel, "reason", err)
	}
	return err == nil
}

func (e *Emulator) importTemplates(ctx context.Context, channel string) {
	var templates providerclient.TemplatesResponse
	answer, err := e.outgoing.app.GetTemplates(ctx, channel)
	if !e.read(ctx, answer, err, &templates) {
		return
	}
	if err := e.store.importTemplates(channel, templates.Data.Templates, len(answer.Body)); err != nil {
		e.outgoing.logger.WarnContext(ctx, "the templates could not be imported", "channel", channel, "reason", err)
	}
}

// conversationHeardOf asks for a conversation of which a message came first [guide].
//
// Our choice: pictures are fetched at install alone, as the guide says, so not here.
func (e *Emulator) conversationHeardOf(channel, conversation string) {
	e.outgoing.run("receiveMessage", func(ctx context.Context) {
		var one providerclient.ConversationResponse
		answer, err := e.outgoing.app.GetConversationByID(ctx, channel, conversation, providercall.Limit, "")
		if !e.read(ctx, answer, err, &one) {
			return
		}
		if one.Data.ID != conversation {
			e.outgoing.logger.WarnContext(ctx, "the app answered with another conversation", "asked", conversation, "answered", one.Data.ID)
			return
		}
		e.importConversation(ctx, channel, one.Data, nil)
	})
}

// channelDeleted tells the app, if its manifest has an endpoint for that.
func (e *Emulator) channelDeleted(channel string) {
	if e.outgoing.app.Has(providercall.DeleteChannelByID) {
		e.outgoing.run("deleteChannel", func(ctx context.Context) {
			answer, err := e.outgoing.app.DeleteChannelByID(ctx, channel)
			e.read(ctx, answer, err, new(providerclient.DeleteResponse))
		})
	}
}

// read decodes an answer into v, if it is a good one. Whatever else it is goes to the log.
func (e *Emulator) read(ctx context.Context, a providercall.Answer, err error, v any) bool {
	if err == nil {
		err = a.Decode(v)
	}
	logger := e.outgoing.logger.With("endpoint", a.Endpoint, "method", a.Method, "url", a.URL, "status", a.StatusCode)
	if err != nil {
		logger.WarnContext(ctx, "the app was called, in vain", "reason", err)
		return false
	}
	violations := a.Judge(ctx)
	for _, violation := range violations[:min(len(violations), maxViolations)] {
		logger.WarnContext(ctx, "the app's answer is not as documented", "where", violation.Where, "reason", violation.Reason)
	}
	logger.InfoContext(ctx, "the app was called")
	return true
}
