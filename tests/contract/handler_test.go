// Check 3 of what Pipedrive asks of an app: sent to the handler of wrapper/provider, with an inbox
// in the state that the recording gives, the request has the recorded answer.
package contract

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/tests/recordings"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

func TestHandlerAnswersAsRecorded(t *testing.T) {
	t.Parallel()
	doc := providerDocument(t)
	for _, r := range providerCorpus(t) {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			h, err := provider.NewHandler(recordedApp{refusals[r.Given.App]},
				provider.BasicAuth(recordings.ClientID, recordings.ClientSecret), provider.WithLogger(slog.New(slog.DiscardHandler)))
			if err != nil {
				t.Fatal(err)
			}
			got := send(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(patient{w}, r) }), r.Request)
			judge(t, r, recordings.CheckHandler, sameAnswer(doc, r, got))
		})
	}
}

// patient has the deadlines that the handler insists on; bodies are in memory here.
type patient struct{ http.ResponseWriter }

func (patient) SetReadDeadline(time.Time) error { return nil }

// refusals are what the app fails with, by the given state.
var refusals = map[string]error{
	"suspended": provider.ErrAccountSuspended,
	"forbidden": provider.ErrForbidden,
	"limited":   provider.RateLimitExceeded(time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)),
}

// recordedApp has what the recordings show.
type recordedApp struct{ refusal error }

var (
	customer = provider.Participant{ID: "person-7", Name: "Ada Customer", Role: provider.RoleEndUser, AvatarURL: "https://messenger.example/avatars/7.png", AvatarExpires: true}
	shop     = provider.Participant{ID: "shop", Name: "The Shop", Role: provider.RoleSourceUser, FetchAvatar: true}
)

const channel, awkward, example = "whatsapp-4915112345678", "büro/1+1@zürich:50%#?", "example-app"

func conversation17(cursor string, messages ...provider.Message) provider.Conversation {
	return provider.Conversation{
		ID: "conversation-17", Link: "https://messenger.example/conversations/17", Status: provider.ConversationOpen, Seen: true,
		NextMessagesCursor: cursor, Messages: messages, Participants: []provider.Participant{customer, shop},
	}
}

func written(id, sender, text string, status provider.MessageStatus, hour, minute int) provider.Message {
	return provider.Message{ID: id, Status: status, SenderID: sender, Message: text, CreatedAt: time.Date(2026, 3, 1, hour, minute, 0, 0, time.UTC)}
}

// first is the message that has everything.
func first(url string) provider.Message {
	m := written("message-1", "person-7", "Is the blue one in stock?", provider.StatusRead, 7, 58)
	m.ReplyBy = m.CreatedAt.AddDate(0, 0, 1)
	m.Attachments = []provider.Attachment{{
		ID: "attachment-3", Type: "image/png", URL: url, Name: "blue.png", Size: 600.5,
		PreviewURL: "https://messenger.example/files/3.preview.png", LinkExpires: true,
	}}
	return m
}

func (a recordedApp) GetConversations(_ context.Context, req provider.GetConversationsRequest) (page provider.ConversationsPage, err error) {
	if a.refusal != nil || req.ConversationsLimit != 30 || req.MessagesLimit != 30 {
		return page, a.refusal
	}
	page.Conversations = []provider.Conversation{conversation17("before-message-1", first("https://messenger.example/files/3.png"))}
	switch at := [2]string{req.ProviderChannelID, req.After}; at {
	case [2]string{channel, ""}:
		page.After = "page-2"
	case [2]string{awkward, "page 2/ü&+"}:
		page.After = "page 3/ü&+"
	case [2]string{channel, "page-2"}:
		page.Conversations = []provider.Conversation{{
			ID: "conversation-18", Status: provider.ConversationClosed,
			Messages:     []provider.Message{written("message-8", "person-8", "Thank you!", provider.StatusRead, 8, 30)},
			Participants: []provider.Participant{{ID: "person-8", Name: "Bo Customer", Role: provider.RoleEndUser}, shop},
		}}
	case [2]string{example, ""}:
		page = provider.ConversationsPage{After: "c-next"}
	default:
		return page, provider.ErrNotFound
	}
	return page, nil
}

func (a recordedApp) GetConversationByID(_ context.Context, req provider.GetConversationByIDRequest) (c provider.Conversation, err error) {
	switch at := [2]string{req.ConversationID, req.After}; {
	case a.refusal != nil:
		return c, a.refusal
	case at == [2]string{"conversation-17", ""}:
		return conversation17("before-message-10",
			written("message-10", "person-7", "One?", provider.StatusSent, 6, 0), written("message-11", "shop", "Two.", provider.StatusDelivered, 6, 1),
			written("message-12", "shop", "Three.", provider.StatusRead, 6, 2), written("message-13", "shop", "Four.", provider.StatusFailed, 6, 3)), nil
	case at == [2]string{"conversation-17", "before-message-10"}:
		return conversation17("", written("message-9", "person-7", "Hello?", provider.StatusRead, 5, 0)), nil
	}
	return c, provider.ErrNotFound
}

// PostMessage takes a message to the one conversation, from the shop to known people.
func (a recordedApp) PostMessage(_ context.Context, req provider.PostMessageRequest) (string, error) {
	known := req.ProviderChannelID == channel && req.ConversationID == "conversation-17" && req.SenderID == "shop" && len(req.RecipientIDs) > 0
	for i, id := range req.RecipientIDs {
		known = known && id == []string{"person-7", "person-8"}[i]
	}
	for _, f := range req.Files {
		known = known && f.Key == map[string]string{"offer.txt": "text/plain: Blue: 12", "sizes.csv": "text/csv: S,M"}[f.Name]
	}
	switch {
	case a.refusal != nil:
		return "", a.refusal
	case !known:
		return "", provider.ErrNotFound
	}
	return "message-2", nil
}

// ReceiveFile makes a key of all there is of a file.
func (recordedApp) ReceiveFile(_ context.Context, req provider.ReceiveFileRequest) (string, error) {
	content, err := io.ReadAll(req.Content)
	return req.Type + ": " + string(content), err
}

func (recordedApp) DiscardFile(context.Context, string) error { return nil }

func (a recordedApp) GetMessageByID(_ context.Context, req provider.GetMessageByIDRequest) (provider.Message, error) {
	if a.refusal == nil && req.MessageID == "message-1" && (req.ConversationID == "conversation-17" || req.ConversationID == "") {
		return first("https://messenger.example/files/3.png?fresh=1"), nil
	}
	return provider.Message{}, refusedOr(a.refusal)
}

func (a recordedApp) GetSenderByID(_ context.Context, req provider.GetSenderByIDRequest) (provider.Sender, error) {
	if a.refusal == nil && req.SenderID == customer.ID {
		return provider.Sender{ID: customer.ID, Name: customer.Name, AvatarURL: customer.AvatarURL}, nil
	}
	return provider.Sender{}, refusedOr(a.refusal)
}

func (a recordedApp) GetTemplates(context.Context, provider.GetTemplatesRequest) ([]provider.Template, error) {
	return []provider.Template{{ID: "template-1", Name: "greeting", Content: "Hello {{1}}, how can we help?", Language: "en"}}, a.refusal
}

func (a recordedApp) DeleteChannelByID(context.Context, provider.DeleteChannelByIDRequest) error {
	return a.refusal
}

func refusedOr(refusal error) error {
	if refusal != nil {
		return refusal
	}
	return provider.ErrNotFound
}
