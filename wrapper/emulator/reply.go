// The user in Pipedrive who writes to a customer.

package emulator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/state"
)

// Reply is a message that a user writes in Pipedrive. It has a text, files, or both.
type Reply struct {
	ProviderChannelID string
	ConversationID    string // the app's id, of a conversation whose participants it has described
	Message           string
	Files             []File
}

// File is a file of a reply.
type File struct {
	Name    string
	Type    string // the mime type; empty: application/octet-stream
	Content []byte
}

// Reply hands a message over to the app by postMessage, from the conversation's source_user to
// its end_users, and returns it as the emulator keeps it, with the id that the app gave it. Its
// status is empty until the app confirms it by receiveMessage. The error says whether
// anything was sent, and what the app answered. A message that the app did not take is kept as
// failed, under an id of the emulator's own.
//
// Our choice: a conversation that is closed takes replies all the same.
func (e *Emulator) Reply(ctx context.Context, reply Reply) (Message, error) {
	m, err := e.reply(ctx, reply)
	if err != nil {
		return Message{}, fmt.Errorf("emulator: reply: %w", err)
	}
	return shown(m), nil
}

// errNotSent is a reply that cannot be sent, whoever the app is.
var errNotSent = errors.New("nothing was sent")

func (e *Emulator) reply(ctx context.Context, reply Reply) (state.Message, error) {
	form, err := e.form(reply)
	if err != nil {
		return state.Message{}, fmt.Errorf("%w: %w", errNotSent, err)
	}
	x := e.exchanges.Begin(emulatorserver.Out, 0)
	x.Operation, x.About, x.Conversation = providercall.PostMessage, reply.ConversationID, reply.ConversationID
	x.Decided(rule.PostMessage, rule.ClosedReplies)
	e.posting.begin(reply.ProviderChannelID, x.Number)
	defer e.posting.end(reply.ProviderChannelID, x.Number)
	message := state.Message{
		ChannelID: reply.ProviderChannelID, ConversationID: reply.ConversationID, SenderID: form.SenderID, Message: reply.Message,
		CreatedAt: e.cfg.Clock().UTC().Truncate(time.Millisecond), Origin: emulatorserver.Replied,
	}
	for _, f := range form.Files {
		message.Attachments = append(message.Attachments, emulatorserver.Attachment{Type: f.Type, Name: f.Name, Size: float64(len(f.Content))})
	}
	message.ID, err = e.post(ctx, x, reply.ProviderChannelID, form)
	if err != nil {
		message.ID, message.Status, message.Problem = fmt.Sprintf("unsent-%d", x.Number), "failed", err.Error()
		_, _ = e.state.AddMessage(message, x.Number) // the error of the app is what matters
		return message, err
	}
	// The app may have confirmed the message before its answer came; then that stands.
	kept, err := e.state.AddMessage(message, x.Number)
	if err != nil {
		return kept, fmt.Errorf("the app took it as %s, but it could not be kept: %w", message.ID, err)
	}
	return kept, nil
}

// post calls postMessage, and returns the id that the app gave.
func (e *Emulator) post(ctx context.Context, x *exchanges.Exchange, channel string, form providercall.Form) (string, error) {
	var posted providerclient.PostMessageResponse
	var answer providercall.Answer
	err := e.call(ctx, x, func(ctx context.Context) (a providercall.Answer, err error) {
		answer, err = e.outgoing.app.PostMessage(ctx, channel, form)
		return answer, err
	}, &posted)
	switch refusal := (*providercall.RefusalError)(nil); {
	case errors.As(err, &refusal), err != nil && answer.StatusCode != 0 && len(answer.Body) > 0:
		return "", fmt.Errorf("the app answered with status %d: %w", answer.StatusCode, err)
	case err != nil:
		return "", fmt.Errorf("no answer of %s: %w", answer.URL, err)
	case len(x.Findings) > 0:
		return "", fmt.Errorf("the app's answer is not as documented: %s", strings.TrimPrefix(x.Findings[0].Where+": "+x.Findings[0].Reason, ": "))
	}
	return posted.Data.ID, nil
}

// form is the reply as the app gets it.
func (e *Emulator) form(reply Reply) (providercall.Form, error) {
	form := providercall.Form{Message: reply.Message, ConversationID: reply.ConversationID}
	if !e.outgoing.on {
		return form, errors.New("the emulator does not know where the app is: set Config.Provider, or start the command with --app or --manifest")
	}
	if reply.Message == "" && len(reply.Files) == 0 {
		return form, errors.New("it has neither a text nor a file")
	}
	c, _, err := e.state.Conversation(reply.ProviderChannelID, reply.ConversationID)
	if errors.Is(err, state.ErrNoChannel) {
		return form, fmt.Errorf("ProviderChannelID %q: %w", reply.ProviderChannelID, err)
	}
	if !c.Described {
		return form, fmt.Errorf("ConversationID %q: the app has not told who is in it, by getConversations or getConversationById", reply.ConversationID)
	}
	for _, p := range c.Participants {
		switch p.Role {
		case string(providerclient.SourceUser):
			form.SenderID = p.ID
		case string(providerclient.EndUser):
			form.RecipientIDs = append(form.RecipientIDs, p.ID)
		}
	}
	for _, f := range reply.Files {
		if f.Type == "" {
			f.Type = "application/octet-stream"
		}
		if f.Name == "" || strings.ContainsAny(f.Type, "\r\n") {
			return form, errors.New("a file has no name, or a type that no header can carry")
		}
		form.Files = append(form.Files, providercall.File{Name: f.Name, Type: f.Type, Content: f.Content})
	}
	return form, nil
}
