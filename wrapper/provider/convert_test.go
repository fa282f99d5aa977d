package provider_test

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/gen/providerserver"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// An answer that Pipedrive could not use is a 500, and the log tells the app's author
// which rule was broken, and where.
func TestChecks(t *testing.T) {
	t.Parallel()
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	tests := []struct {
		name  string
		spoil func(*provider.Conversation)
		want  string // of the log, after the method
	}{
		{"no id", func(c *provider.Conversation) { c.ID = "" }, `conversation "": ID is missing`},
		{"id of dots", func(c *provider.Conversation) { c.ID = ".." }, `conversation "..": ID is "..", which no URL can carry`},
		{"id not UTF-8", func(c *provider.Conversation) { c.ID = "a\xff" }, `ID is "a\\xff", which is not UTF-8 and would come back as another`},
		{"cursor not UTF-8", func(c *provider.Conversation) { c.NextMessagesCursor = "\xff" }, `NextMessagesCursor is "\\xff", which is not UTF-8`},
		{"no status", func(c *provider.Conversation) { c.Status = "" }, `conversation "conversation-17": its Status is ""`},
		{"unknown status", func(c *provider.Conversation) { c.Status = "ajar" }, `its Status is "ajar", want open or closed`},
		{"nobody", func(c *provider.Conversation) { c.Participants = nil }, `0 participants have the role source_user, want exactly one`},
		{"no end user", func(c *provider.Conversation) { c.Participants = c.Participants[:1] }, `no participant has the role end_user`},
		{"no source user", func(c *provider.Conversation) { c.Participants = c.Participants[1:] }, `0 participants have the role source_user`},
		{"two source users", func(c *provider.Conversation) { c.Participants = append(c.Participants, c.Participants[0]) }, `2 participants have the role source_user`},
		{"participant without id", func(c *provider.Conversation) { c.Participants[1].ID = "" }, `participant "": ID is missing`},
		{"participant without name", func(c *provider.Conversation) { c.Participants[1].Name = "" }, `participant "person-7": Name is missing`},
		{"participant without role", func(c *provider.Conversation) { c.Participants[1].Role = "" }, `participant "person-7": its Role is ""`},
		{"avatar to fetch", func(c *provider.Conversation) { c.Participants[1].FetchAvatar = true }, `participant "person-7": FetchAvatar and AvatarExpires need an inbox with GetSenderByID`},
		{"avatar that expires", func(c *provider.Conversation) { c.Participants[1].AvatarExpires = true }, `need an inbox with GetSenderByID`},
		{"message without id", func(c *provider.Conversation) { c.Messages[0].ID = "" }, `conversation "conversation-17": message "": ID is missing`},
		{"message with unknown status", func(c *provider.Conversation) { c.Messages[0].Status = "seen" }, `message "message-1": its Status is "seen", want sent, delivered, read or failed`},
		{"message without sender", func(c *provider.Conversation) { c.Messages[0].SenderID = "" }, `message "message-1": SenderID is missing`},
		{"message without time", func(c *provider.Conversation) { c.Messages[0].CreatedAt = time.Time{} }, `message "message-1": CreatedAt is missing`},
		{"time beyond the format", func(c *provider.Conversation) { c.Messages[0].CreatedAt = year(10000) }, `CreatedAt is in the year 10000`},
		{"time before the format", func(c *provider.Conversation) { c.Messages[0].ReplyBy = year(-1) }, `ReplyBy is in the year -1`},
		{"attachment without id", func(c *provider.Conversation) { c.Messages[0].Attachments[0].ID = "" }, `attachment "": ID is missing`},
		{"attachment without type", func(c *provider.Conversation) { c.Messages[0].Attachments[0].Type = "" }, `attachment "attachment-3": Type is missing`},
		{"attachment without url", func(c *provider.Conversation) { c.Messages[0].Attachments[0].URL = "" }, `attachment "attachment-3": URL is missing`},
		{"size below zero", func(c *provider.Conversation) { c.Messages[0].Attachments[0].Size = -1 }, `its Size is -1, which is not a size`},
		{"size that is no number", func(c *provider.Conversation) { c.Messages[0].Attachments[0].Size = math.NaN() }, `its Size is NaN`},
		{"endless size", func(c *provider.Conversation) { c.Messages[0].Attachments[0].Size = math.Inf(1) }, `its Size is +Inf`},
		{"link that expires", func(c *provider.Conversation) { c.Messages[0].Attachments[0].LinkExpires = true }, `attachment "attachment-3": LinkExpires needs an inbox with GetMessageByID`},
		{"too many messages", func(c *provider.Conversation) { c.Messages = append(c.Messages, message(), message()) }, `3 messages, at most 2 were requested (MessagesLimit)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := conversation()
			test.spoil(&c)
			s := serve(t, &app{
				getConversations: func(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error) {
					return provider.ConversationsPage{Conversations: []provider.Conversation{conversation(), c}}, nil
				},
				getConversationByID: func(context.Context, provider.GetConversationByIDRequest) (provider.Conversation, error) {
					return c, nil
				},
			})
			for method, path := range map[string]string{
				"GetConversations":    "/channels/c/conversations?messages_limit=2",
				"GetConversationByID": "/channels/c/conversations/x?messages_limit=2",
			} {
				if got := s.get(path); got.status != http.StatusInternalServerError || got.code(t) != "INTERNAL_ERROR" {
					t.Errorf("%s: answered %d %s", method, got.status, got.body)
				}
				log := strings.ReplaceAll(s.logs.String(), `\"`, `"`)
				if !strings.Contains(log, method+" returned something that Pipedrive cannot use: ") || !strings.Contains(log, test.want) {
					t.Errorf("the log lacks %q of %s: %s", test.want, method, log)
				}
			}
		})
	}
}

func TestChecksOfOtherAnswers(t *testing.T) {
	t.Parallel()
	a := &ableApp{
		app: app{
			getConversations: func(_ context.Context, req provider.GetConversationsRequest) (provider.ConversationsPage, error) {
				return provider.ConversationsPage{
					Conversations: []provider.Conversation{conversation(), conversation()}, After: req.After,
				}, nil
			},
			postMessage: func(_ context.Context, req provider.PostMessageRequest) (string, error) { return req.Message, nil },
		},
		getSenderByID: func(_ context.Context, req provider.GetSenderByIDRequest) (provider.Sender, error) {
			return provider.Sender{ID: strings.TrimPrefix(req.SenderID, "no-id"), Name: strings.TrimPrefix(req.SenderID, "no-name")}, nil
		},
		getTemplates: func(context.Context, provider.GetTemplatesRequest) ([]provider.Template, error) {
			return []provider.Template{{ID: "t", Name: "n", Content: "c"}}, nil
		},
		getMessageByID: func(context.Context, provider.GetMessageByIDRequest) (provider.Message, error) {
			return provider.Message{ID: "m"}, nil
		},
	}
	s := serve(t, a)
	tests := []struct{ path, want string }{
		{"/channels/c/conversations?after=x", `GetConversations returned something that Pipedrive cannot use: After is the cursor of this same page, "x"`},
		{"/channels/c/conversations?conversations_limit=1", "2 conversations, at most 1 were requested (ConversationsLimit)"},
		{"/channels/c/conversations/x?after=before-1", `NextMessagesCursor is the cursor of this same page, "before-1"`},
		{"/channels/c/senders/no-id", "GetSenderByID returned something that Pipedrive cannot use: ID is missing"},
		{"/channels/c/senders/no-name", "Name is missing"},
		{"/channels/c/templates", `template "t": Language is missing`},
		{"/channels/c/messages/m", `GetMessageByID returned something that Pipedrive cannot use: message "m": its Status is ""`},
	}
	for _, test := range tests {
		if got := s.get(test.path); got.status != http.StatusInternalServerError || got.code(t) != "INTERNAL_ERROR" {
			t.Errorf("%s: answered %d %s", test.path, got.status, got.body)
		}
		if log := strings.ReplaceAll(s.logs.String(), `\"`, `"`); !strings.Contains(log, test.want) {
			t.Errorf("%s: the log lacks %q: %s", test.path, test.want, log)
		}
	}
	got := s.post(text("message", ".."), text("senderId", "s"), text("conversationId", "c"))
	if got.status != http.StatusInternalServerError || !strings.Contains(s.logs.String(), "PostMessage returned something that Pipedrive cannot use: the message id is") {
		t.Errorf("a message id of dots: answered %d %s", got.status, got.body)
	}
}

// Every field of the wire's types is set by some field of ours: one that is added to the
// document, or forgotten in a conversion, is found here.
func TestEveryFieldIsConverted(t *testing.T) {
	t.Parallel()
	full := conversation()
	full.Participants[0].AvatarURL, full.Participants[0].FetchAvatar, full.Participants[0].AvatarExpires = "a", true, true
	full.Participants[1] = full.Participants[0]
	full.Participants[1].Role = provider.RoleEndUser
	full.Messages[0].Attachments[0].LinkExpires = true
	s := serve(t, &ableApp{
		app: app{getConversations: func(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error) {
			return provider.ConversationsPage{Conversations: []provider.Conversation{full}, After: "a"}, nil
		}},
		getSenderByID: func(context.Context, provider.GetSenderByIDRequest) (provider.Sender, error) {
			return provider.Sender{ID: "i", Name: "n", AvatarURL: "a"}, nil
		},
		getTemplates: func(context.Context, provider.GetTemplatesRequest) ([]provider.Template, error) {
			return []provider.Template{{ID: "i", Name: "n", Content: "c", Language: "l"}}, nil
		},
	})
	for path, v := range map[string]any{
		"/channels/c/conversations": &providerserver.ConversationsResponse{},
		"/channels/c/senders/s":     &providerserver.SenderResponse{},
		"/channels/c/templates":     &providerserver.TemplatesResponse{},
	} {
		got := s.get(path)
		if err := json.Unmarshal([]byte(got.body), v); err != nil {
			t.Fatalf("%s: %v in %s", path, err, got.body)
		}
		for _, field := range zeroFields(reflect.ValueOf(v).Elem(), path) {
			t.Errorf("%s is not set", field)
		}
	}
}

func zeroFields(v reflect.Value, path string) (zero []string) {
	switch v.Kind() {
	default:
	case reflect.Struct:
		for i := range v.NumField() {
			zero = append(zero, zeroFields(v.Field(i), path+"."+v.Type().Field(i).Name)...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			zero = append(zero, zeroFields(v.Index(i), path)...)
		}
	}
	if v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
		zero = append(zero, path)
	}
	return zero
}
