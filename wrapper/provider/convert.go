// What the app returned, checked and converted to the generated types.

package provider

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pdchannels/pdchannels/gen/providerserver"
)

// converter fills one answer. It owns the memory of what it returns, so that the
// next large answer can reuse it: with memory of its own, a page of 900 messages takes 1.5 times
// as long (make bench).
type converter struct {
	*Handler
	conversations []providerserver.Conversation
	participants  []providerserver.Participant
	messages      []providerserver.Message
	attachments   []providerserver.Attachment
}

// release drops the app's texts and keeps the memory for the next answer. A
// converter need not be released.
func (c *converter) release() {
	forget(&c.conversations)
	forget(&c.participants)
	forget(&c.messages)
	forget(&c.attachments)
	c.converters.Put(c)
}

func forget[T any](s *[]T) {
	clear(*s)
	*s = (*s)[:0]
}

// take returns n unused elements of s, never nil, which JSON would encode as null.
func take[T any](s *[]T, n int) []T {
	if cap(*s)-len(*s) < n || *s == nil {
		*s = make([]T, 0, max(n, 2*cap(*s))) // earlier elements stay where they are
	}
	start := len(*s)
	*s = (*s)[:start+n]
	return slices.Clip((*s)[start:])
}

func (c *converter) page(page ConversationsPage, limit, messagesLimit int, after string) ([]providerserver.Conversation, error) {
	if n := len(page.Conversations); n > limit {
		return nil, fmt.Errorf("%d conversations, at most %d were requested (ConversationsLimit)", n, limit)
	}
	if err := checkAdvance("After", page.After, after); err != nil {
		return nil, err
	}
	out := take(&c.conversations, len(page.Conversations))
	for i := range out {
		if err := c.conversation(&out[i], &page.Conversations[i], messagesLimit); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// checkAdvance refuses a cursor that leads back to the page it came with.
func checkAdvance(what, next, after string) error {
	if next != "" && next == after {
		return fmt.Errorf("%s is the cursor of this same page, %q: the list would never end", what, next)
	}
	return checkText(what, next)
}

func (c *converter) conversation(out *providerserver.Conversation, in *Conversation, messagesLimit int) (err error) {
	defer name(&err, "conversation", &in.ID)
	*out = providerserver.Conversation{
		ID:                 in.ID,
		Link:               in.Link,
		Status:             providerserver.ConversationStatus(in.Status),
		Seen:               in.Seen,
		NextMessagesCursor: in.NextMessagesCursor,
		Messages:           take(&c.messages, len(in.Messages)),
		Participants:       take(&c.participants, len(in.Participants)),
	}
	if err := checkID("ID", in.ID); err != nil {
		return err
	}
	if !out.Status.Valid() {
		return fmt.Errorf("its Status is %q, want open or closed", in.Status)
	}
	if err := checkText("NextMessagesCursor", in.NextMessagesCursor); err != nil {
		return err
	}
	if n := len(in.Messages); n > messagesLimit {
		return fmt.Errorf("%d messages, at most %d were requested (MessagesLimit)", n, messagesLimit)
	}
	sourceUsers := 0
	for i := range in.Participants {
		if err := c.participant(&out.Participants[i], &in.Participants[i]); err != nil {
			return err
		}
		if in.Participants[i].Role == RoleSourceUser {
			sourceUsers++
		}
	}
	if sourceUsers != 1 {
		return fmt.Errorf("%d participants have the role source_user, want exactly one", sourceUsers)
	}
	if len(in.Participants) == sourceUsers {
		return errors.New("no participant has the role end_user, want at least one")
	}
	for i := range in.Messages {
		if err := c.message(&out.Messages[i], &in.Messages[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *converter) participant(out *providerserver.Participant, in *Participant) (err error) {
	defer name(&err, "participant", &in.ID)
	*out = providerserver.Participant{
		ID:            in.ID,
		Name:          in.Name,
		Role:          providerserver.ParticipantRole(in.Role),
		AvatarURL:     in.AvatarURL,
		FetchAvatar:   in.FetchAvatar,
		AvatarExpires: in.AvatarExpires,
	}
	if err := checkID("ID", in.ID); err != nil {
		return err
	}
	if !out.Role.Valid() {
		return fmt.Errorf("its Role is %q, want end_user or source_user", in.Role)
	}
	if (in.FetchAvatar || in.AvatarExpires) && c.senderGetter == nil {
		return errors.New("FetchAvatar and AvatarExpires need an inbox with GetSenderByID")
	}
	return required("Name", in.Name)
}

func (c *converter) message(out *providerserver.Message, in *Message) (err error) {
	defer name(&err, "message", &in.ID)
	*out = providerserver.Message{
		ID:          in.ID,
		Status:      providerserver.MessageStatus(in.Status),
		Message:     in.Message,
		SenderID:    in.SenderID,
		Attachments: take(&c.attachments, len(in.Attachments)),
	}
	if err := checkID("ID", in.ID); err != nil {
		return err
	}
	if !out.Status.Valid() {
		return fmt.Errorf("its Status is %q, want sent, delivered, read or failed", in.Status)
	}
	if in.CreatedAt.IsZero() {
		return errors.New("CreatedAt is missing")
	}
	if out.CreatedAt, err = spell("CreatedAt", in.CreatedAt); err != nil {
		return err
	}
	if !in.ReplyBy.IsZero() {
		if out.ReplyBy, err = spell("ReplyBy", in.ReplyBy); err != nil {
			return err
		}
	}
	for i := range in.Attachments {
		if err := c.attachment(&out.Attachments[i], &in.Attachments[i]); err != nil {
			return err
		}
	}
	return required("SenderID", in.SenderID)
}

func (c *converter) attachment(out *providerserver.Attachment, in *Attachment) (err error) {
	defer name(&err, "attachment", &in.ID)
	*out = providerserver.Attachment{
		ID:          in.ID,
		Type:        in.Type,
		URL:         in.URL,
		Name:        in.Name,
		Size:        in.Size,
		PreviewURL:  in.PreviewURL,
		LinkExpires: in.LinkExpires,
	}
	if in.LinkExpires && c.messageGetter == nil {
		return errors.New("LinkExpires needs an inbox with GetMessageByID")
	}
	if in.Size < 0 || math.IsNaN(in.Size) || math.IsInf(in.Size, 0) {
		return fmt.Errorf("its Size is %v, which is not a size", in.Size)
	}
	return required("ID", in.ID, "Type", in.Type, "URL", in.URL)
}

func convertSender(in Sender) (providerserver.Sender, error) {
	out := providerserver.Sender{ID: in.ID, Name: in.Name, AvatarURL: in.AvatarURL}
	return out, required("ID", in.ID, "Name", in.Name)
}

func convertTemplates(in []Template) ([]providerserver.Template, error) {
	out := make([]providerserver.Template, len(in))
	for i, t := range in {
		out[i] = providerserver.Template{ID: t.ID, Name: t.Name, Content: t.Content, Language: t.Language}
		if err := required("ID", t.ID, "Name", t.Name, "Content", t.Content, "Language", t.Language); err != nil {
			return nil, fmt.Errorf("template %q: %w", t.ID, err)
		}
	}
	return out, nil
}

func spell(what string, t time.Time) (string, error) {
	if year := t.UTC().Year(); year < 1 || year > 9999 {
		return "", fmt.Errorf("%s is in the year %d, which the format cannot spell", what, year)
	}
	return formatTime(t), nil
}

// name adds to an error which item it is about.
func name(err *error, kind string, id *string) {
	if *err != nil {
		*err = fmt.Errorf("%s %q: %w", kind, *id, *err)
	}
}

// required takes alternating names and values.
func required(namesAndValues ...string) error {
	for ; len(namesAndValues) >= 2; namesAndValues = namesAndValues[2:] {
		if namesAndValues[1] == "" {
			return errors.New(namesAndValues[0] + " is missing")
		}
	}
	return nil
}
