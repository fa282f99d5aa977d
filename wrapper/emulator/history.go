// What Pipedrive asks of an app by itself: the history, templates and pictures of a channel
// that was added, a conversation it has not heard of, and the end of a channel.

package emulator

import (
	"context"
	"slices"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/state"
)

// maxPages bounds an import; see [rule.ImportBound]. An app may have more, and some never end.
const maxPages = 100

// maxViolations bounds what is told of one answer.
const maxViolations = 20

// channelAdded imports what the app has of a channel.
func (e *Emulator) channelAdded(cause int64, channel string, templates bool) {
	e.outgoing.run("addChannel", func(ctx context.Context) {
		e.importHistory(ctx, cause, channel)
		if templates && e.outgoing.app.Has(providercall.GetTemplates) {
			e.importTemplates(ctx, cause, channel)
		}
	})
}

func (e *Emulator) importHistory(ctx context.Context, cause int64, channel string) {
	cursors, avatars := map[string]bool{}, map[string]string{}
	after := ""
	for range maxPages {
		var page providerclient.ConversationsResponse
		// A page that the document does not allow is imported as far as it can be read.
		number, ok := e.ask(ctx, cause, providercall.GetConversations, channel, rule.ImportHistory, func(ctx context.Context) (providercall.Answer, error) {
			return e.outgoing.app.GetConversations(ctx, channel, providercall.Limit, providercall.Limit, after)
		}, &page)
		if !ok {
			return
		}
		for _, c := range page.Data {
			if !e.importConversation(ctx, number, channel, c, avatars) {
				return
			}
		}
		after = page.AdditionalData.After
		if after == "" || len(page.Data) == 0 {
			return
		}
		if cursors[after] {
			e.cfg.Logger.WarnContext(ctx, "the app's cursor repeats, so the import ends", "channel", channel)
			return
		}
		cursors[after] = true
	}
	e.cfg.Logger.WarnContext(ctx, "the app's history has no end, so the import ends", "channel", channel, "pages", maxPages)
}

// importConversation keeps a conversation. The pictures that it names none of are asked for, each
// once, and kept in avatars; not if that is nil, since they are fetched at install alone. It returns
// false when there is no use in going on.
func (e *Emulator) importConversation(ctx context.Context, cause int64, channel string, c providerclient.Conversation, avatars map[string]string) bool {
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
			e.ask(ctx, cause, providercall.GetSenderByID, p.ID, rule.AskAvatar, func(ctx context.Context) (providercall.Answer, error) {
				return e.outgoing.app.GetSenderByID(ctx, channel, p.ID)
			}, &sender)
			avatars[p.ID] = sender.Data.AvatarURL
		}
		p.AvatarURL = avatars[p.ID]
	}
	described, messages := imported(channel, c)
	err := e.state.Import(described, messages, cause)
	if err != nil {
		e.cfg.Logger.WarnContext(ctx, "a conversation could not be imported", "channel", channel, "reason", err)
	}
	return err == nil
}

// imported is a conversation of the app as the emulator keeps it. A participant who comes twice is kept once,
// and a group is kept whole.
func imported(channel string, c providerclient.Conversation) (state.Conversation, []state.Message) {
	out := state.Conversation{ChannelID: channel, ID: c.ID, Link: c.Link, Status: string(c.Status), Seen: c.Seen}
	for i, p := range c.Participants {
		if slices.ContainsFunc(c.Participants[:i], func(q providerclient.Participant) bool { return q.ID == p.ID && q.Role == p.Role }) {
			continue
		}
		out.Participants = append(out.Participants, emulatorserver.Participant{
			ID: p.ID, Name: p.Name, Role: string(p.Role), AvatarURL: p.AvatarURL, AvatarExpires: p.AvatarExpires,
		})
	}
	messages := make([]state.Message, 0, len(c.Messages))
	for _, m := range c.Messages {
		messages = append(messages, importedMessage(channel, c.ID, m))
	}
	return out, messages
}

func importedMessage(channel, conversation string, m providerclient.Message) state.Message {
	out := state.Message{
		ChannelID: channel, ConversationID: conversation, ID: m.ID, SenderID: m.SenderID, Message: m.Message,
		Status: string(m.Status), Origin: emulatorserver.Imported,
	}
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, emulatorserver.Attachment{
			ID: a.ID, Type: a.Type, URL: a.URL, Name: a.Name, PreviewURL: a.PreviewURL, Size: a.Size, LinkExpires: a.LinkExpires,
		})
	}
	// A time that cannot be read is the zero time; the log has told of it.
	if createdAt, err := providercall.ParseTime(m.CreatedAt); err == nil {
		out.CreatedAt = createdAt.UTC()
	}
	if replyBy, err := providercall.ParseTime(m.ReplyBy); err == nil {
		out.ReplyBy = replyBy.UTC()
	}
	return out
}

func (e *Emulator) importTemplates(ctx context.Context, cause int64, channel string) {
	var in providerclient.TemplatesResponse
	number, ok := e.ask(ctx, cause, providercall.GetTemplates, channel, rule.AskTemplates, func(ctx context.Context) (providercall.Answer, error) {
		return e.outgoing.app.GetTemplates(ctx, channel)
	}, &in)
	if !ok {
		return
	}
	templates := make([]state.Template, 0, len(in.Data.Templates))
	for _, t := range in.Data.Templates {
		templates = append(templates, state.Template{ID: t.ID, Name: t.Name, Content: t.Content, Language: t.Language})
	}
	if err := e.state.SetTemplates(channel, templates, number); err != nil {
		e.cfg.Logger.WarnContext(ctx, "the templates could not be imported", "channel", channel, "reason", err)
	}
}

// conversationHeardOf asks for a conversation of which a message came first.
func (e *Emulator) conversationHeardOf(cause int64, channel, conversation string) {
	e.outgoing.run("receiveMessage", func(ctx context.Context) {
		var one providerclient.ConversationResponse
		number, ok := e.ask(ctx, cause, providercall.GetConversationByID, conversation, rule.AskConversation, func(ctx context.Context) (providercall.Answer, error) {
			return e.outgoing.app.GetConversationByID(ctx, channel, conversation, providercall.Limit, "")
		}, &one)
		if !ok {
			return
		}
		if one.Data.ID != conversation {
			e.cfg.Logger.WarnContext(ctx, "the app answered with another conversation", "asked", conversation, "answered", one.Data.ID)
			return
		}
		e.importConversation(ctx, number, channel, one.Data, nil)
	})
}

// channelDeleted tells the app, if its manifest has an endpoint for that.
func (e *Emulator) channelDeleted(cause int64, channel string) {
	if e.outgoing.app.Has(providercall.DeleteChannelByID) {
		e.outgoing.run("deleteChannel", func(ctx context.Context) {
			e.ask(ctx, cause, providercall.DeleteChannelByID, channel, rule.TellDeletion, func(ctx context.Context) (providercall.Answer, error) {
				return e.outgoing.app.DeleteChannelByID(ctx, channel)
			}, new(providerclient.DeleteResponse))
		})
	}
}
