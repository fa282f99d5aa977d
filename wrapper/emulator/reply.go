// The user in Pipedrive who writes to a customer.

package emulator

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pdchannels/pdchannels/gen/channelsserver"
	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
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
// anything was sent, and what the app answered.
//
// Our choice: a conversation that is closed takes replies all the same.
func (e *Emulator) Reply(ctx context.Context, reply Reply) (Message, error) {
	form, err := e.form(reply)
	if err != nil {
		return Message{}, fmt.Errorf("emulator: reply: nothing was sent: %w", err)
	}
	answer, err := e.outgoing.app.PostMessage(ctx, reply.ProviderChannelID, form)
	if err != nil {
		return Message{}, fmt.Errorf("emulator: reply: no answer of %s: %w", answer.URL, err)
	}
	var posted providerclient.PostMessageResponse
	if err := answer.Decode(&posted); err != nil {
		return Message{}, fmt.Errorf("emulator: reply: the app answered with status %d: %w", answer.StatusCode, err)
	}
	if violations := answer.Judge(ctx); len(violations) > 0 {
		return Message{}, fmt.Errorf("emulator: reply: the app's answer is not as documented: %v", violations[0])
	}
	attachments := make([]channelsserver.Attachment, 0, len(form.Files))
	for _, f := range form.Files {
		attachments = append(attachments, channelsserver.Attachment{
			Type: f.Type, Name: optional(f.Name), Size: optional(float64(len(f.Content))),
		})
	}
	// The app may have confirmed the message before its answer came; then that stands.
	message, err := e.store.addMessage(channelsserver.Message{
		Id: posted.Data.ID, ChannelId: reply.ProviderChannelID, ConversationId: reply.ConversationID,
		SenderId: form.SenderID, Message: reply.Message, Attachments: &attachments,
		CreatedAt: e.cfg.Clock().UTC().Format(messageLayout),
	})
	if err != nil {
		return Message{}, fmt.Errorf("emulator: reply: the app took it as %s, but it could not be kept: %w", posted.Data.ID, err)
	}
	return message, nil
}

// form is the reply as the app gets it.
func (e *Emulator) form(reply Reply) (providercall.Form, error) {
	form := providercall.Form{Message: reply.Message, ConversationID: reply.ConversationID}
	if !e.outgoing.on {
		return form, errors.New("Config.Provider names no app to send it to")
	}
	if reply.Message == "" && len(reply.Files) == 0 {
		return form, errors.New("it has neither a text nor a file")
	}
	e.store.mu.Lock()
	defer e.store.mu.Unlock()
	c := e.store.find(reply.ProviderChannelID)
	if c == nil {
		return form, fmt.Errorf("ProviderChannelID %q: %w", reply.ProviderChannelID, errNoChannel)
	}
	if !c.describes(reply.ConversationID) {
		return form, fmt.Errorf("ConversationID %q: the app has not told who is in it, by getConversations or getConversationById", reply.ConversationID)
	}
	for _, p := range c.conversations[reply.ConversationID].description.Participants {
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
