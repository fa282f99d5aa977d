package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// What Pipedrive asks reaches the app in its own terms, at every endpoint and path.
func TestRequests(t *testing.T) {
	t.Parallel()
	var got any
	a := &ableApp{
		app: app{
			getConversations: func(_ context.Context, req provider.GetConversationsRequest) (provider.ConversationsPage, error) {
				got = req
				return provider.ConversationsPage{}, nil
			},
			getConversationByID: func(_ context.Context, req provider.GetConversationByIDRequest) (provider.Conversation, error) {
				got = req
				return conversation(), nil
			},
		},
		getSenderByID: func(_ context.Context, req provider.GetSenderByIDRequest) (provider.Sender, error) {
			got = req
			return provider.Sender{ID: "s", Name: "S"}, nil
		},
		getTemplates: func(_ context.Context, req provider.GetTemplatesRequest) ([]provider.Template, error) {
			got = req
			return nil, nil
		},
		getMessageByID: func(_ context.Context, req provider.GetMessageByIDRequest) (provider.Message, error) {
			got = req
			return message(), nil
		},
		deleteChannelByID: func(_ context.Context, req provider.DeleteChannelByIDRequest) error {
			got = req
			return nil
		},
	}
	s := serve(t, a)
	const odd = "/ +@:%#?&=ü" // an id may be anything
	const escaped = "%2F%20+@:%25%23%3F%26%3D%C3%BC"
	tests := []struct {
		method, path string
		want         any
	}{
		{"GET", "/channels/c/conversations", provider.GetConversationsRequest{ProviderChannelID: "c", ConversationsLimit: 30, MessagesLimit: 30}},
		{"GET", "/channels/c/conversations?conversations_limit=1&messages_limit=100&after=" + escaped,
			provider.GetConversationsRequest{ProviderChannelID: "c", ConversationsLimit: 1, MessagesLimit: 100, After: "/  @:%#?&=ü"}},
		{"GET", "/channels/c/conversations?conversations_limit=101&messages_limit=2147483647",
			provider.GetConversationsRequest{ProviderChannelID: "c", ConversationsLimit: 100, MessagesLimit: 100}},
		{"GET", "/channels/" + escaped + "/conversations", provider.GetConversationsRequest{ProviderChannelID: odd, ConversationsLimit: 30, MessagesLimit: 30}},
		{"HEAD", "/channels/c/conversations", provider.GetConversationsRequest{ProviderChannelID: "c", ConversationsLimit: 30, MessagesLimit: 30}},
		{"GET", "/channels/c/conversations/" + escaped, provider.GetConversationByIDRequest{ProviderChannelID: "c", ConversationID: odd, MessagesLimit: 30}},
		{"GET", "/channels/c/conversations/x?messages_limit=7&after=a,b",
			provider.GetConversationByIDRequest{ProviderChannelID: "c", ConversationID: "x", MessagesLimit: 7, After: "a,b"}},
		{"GET", "/channels/c/conversations/x/messages/" + escaped, provider.GetMessageByIDRequest{ProviderChannelID: "c", ConversationID: "x", MessageID: odd}},
		{"GET", "/channels/c/messages/" + escaped, provider.GetMessageByIDRequest{ProviderChannelID: "c", MessageID: odd}},
		{"GET", "/channels/c/senders/" + escaped, provider.GetSenderByIDRequest{ProviderChannelID: "c", SenderID: odd}},
		{"GET", "/channels/c/templates", provider.GetTemplatesRequest{ProviderChannelID: "c"}},
		{"DELETE", "/channels/" + escaped, provider.DeleteChannelByIDRequest{ProviderChannelID: odd}},
	}
	for _, test := range tests {
		got = nil
		res := s.do(s.request(test.method, test.path, nil))
		if res.status != http.StatusOK || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s %s: answered %d %s, the app got\n%+v, want\n%+v", test.method, test.path, res.status, res.body, got, test.want)
		}
	}
}

func TestWrongQueries(t *testing.T) {
	t.Parallel()
	s := serve(t, &app{getConversations: func(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error) {
		t.Error("the app was called")
		return provider.ConversationsPage{}, nil
	}})
	for _, query := range []string{
		"conversations_limit=0", "messages_limit=-1", "messages_limit=", "messages_limit=x", "messages_limit=1.5",
		"messages_limit=99999999999999999999", "messages_limit=1&messages_limit=2", "after=a&after=b", "after=%ff",
	} {
		got := s.get("/channels/c/conversations?" + query)
		parameter, _, _ := strings.Cut(query, "=")
		if got.status != http.StatusBadRequest || got.code(t) != "INVALID_BODY" || !strings.Contains(got.body, parameter) {
			t.Errorf("%s: answered %d %s", query, got.status, got.body)
		}
	}
}

// What the app returns, as it stands on the wire.
func TestAnswers(t *testing.T) {
	t.Parallel()
	s := serve(t, &ableApp{
		app: app{getConversations: func(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error) {
			bare := conversation()
			bare.ID, bare.Link, bare.Seen, bare.NextMessagesCursor, bare.Messages = "conversation-18", "", false, "", nil
			bare.Participants = conversation().Participants[:2]
			bare.Participants[1].FetchAvatar, bare.Participants[1].AvatarURL = true, ""
			return provider.ConversationsPage{Conversations: []provider.Conversation{conversation(), bare}, After: "page <2>"}, nil
		}},
		getSenderByID: func(context.Context, provider.GetSenderByIDRequest) (provider.Sender, error) {
			return provider.Sender{ID: "person-7", Name: "Ada"}, nil
		},
		getTemplates: func(_ context.Context, req provider.GetTemplatesRequest) ([]provider.Template, error) {
			if req.ProviderChannelID == "none" {
				return nil, nil
			}
			return []provider.Template{{ID: "t", Name: "n", Content: "c", Language: "en"}}, nil
		},
		getMessageByID: func(context.Context, provider.GetMessageByIDRequest) (provider.Message, error) {
			m := message()
			return provider.Message{ID: m.ID, Status: m.Status, CreatedAt: m.CreatedAt, SenderID: m.SenderID}, nil
		},
		deleteChannelByID: func(context.Context, provider.DeleteChannelByIDRequest) error { return nil },
	})
	const conversation17 = `{"id":"conversation-17","link":"https://messenger.example/17","messages":[` +
		`{"attachments":[{"id":"attachment-3","name":"blue.png","preview_url":"https://messenger.example/3.small.png","size":600.5,"type":"image/png","url":"https://messenger.example/3.png"}],` +
		`"created_at":"2026-03-01T07:58:30.007Z","id":"message-1","message":"Is the blue one in stock?","reply_by":"2026-03-02T07:58:30.000Z","sender_id":"person-7","status":"sent"}],` +
		`"next_messages_cursor":"before-1","participants":[{"id":"shop","name":"The Shop","role":"source_user"},` +
		`{"avatar_url":"https://messenger.example/7.png","id":"person-7","name":"Ada Customer","role":"end_user"}],"seen":true,"status":"open"}`
	tests := []struct{ method, path, want string }{
		{"GET", "/channels/c/conversations", `{"additional_data":{"after":"page \u003c2\u003e"},"data":[` + conversation17 +
			`,{"id":"conversation-18","link":"","messages":[],"participants":[{"id":"shop","name":"The Shop","role":"source_user"},` +
			`{"fetch_avatar":true,"id":"person-7","name":"Ada Customer","role":"end_user"}],"seen":false,"status":"open"}],"success":true}`},
		{"GET", "/channels/c/conversations/x", `{"additional_data":{"after":"before-1"},"data":` + conversation17 + `,"success":true}`},
		{"GET", "/channels/c/messages/m", `{"attachments":[],"created_at":"2026-03-01T07:58:30.007Z","id":"message-1","message":"","sender_id":"person-7","status":"sent"}`},
		{"GET", "/channels/c/conversations/x/messages/m", `{"attachments":[],"created_at":"2026-03-01T07:58:30.007Z","id":"message-1","message":"","sender_id":"person-7","status":"sent"}`},
		{"GET", "/channels/c/senders/person-7", `{"data":{"avatar_url":"","id":"person-7","name":"Ada"},"success":true}`},
		{"GET", "/channels/c/templates", `{"data":{"templates":[{"content":"c","id":"t","language":"en","name":"n"}]},"success":true}`},
		{"GET", "/channels/none/templates", `{"data":{"templates":[]},"success":true}`},
		{"DELETE", "/channels/c", `{"success":true}`},
	}
	for _, test := range tests {
		got := s.do(s.request(test.method, test.path, nil))
		if got.status != http.StatusOK || got.body != test.want+"\n" {
			t.Errorf("%s %s: answered %d\n%swant\n%s", test.method, test.path, got.status, got.body, test.want)
		}
		if got.header.Get("Content-Type") != "application/json" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: header %v", test.method, test.path, got.header)
		}
	}
}

// Answers of many sizes, one after another, keep nothing of each other.
func TestAnswersDoNotMix(t *testing.T) {
	t.Parallel()
	inbox := &app{getConversations: func(_ context.Context, req provider.GetConversationsRequest) (provider.ConversationsPage, error) {
		var page provider.ConversationsPage
		for c := range req.ConversationsLimit {
			conversation := conversation()
			conversation.ID = fmt.Sprintf("c%d", c)
			conversation.Messages = nil
			for m := range req.MessagesLimit {
				message := message()
				message.ID = fmt.Sprintf("m%d-%d", c, m)
				message.Attachments = append(message.Attachments, message.Attachments...)[:m%3]
				conversation.Messages = append(conversation.Messages, message)
			}
			page.Conversations = append(page.Conversations, conversation)
		}
		return page, nil
	}}
	s := serve(t, inbox)
	for _, size := range []int{1, 20, 3, 30, 2, 1} {
		path := fmt.Sprintf("/channels/c/conversations?conversations_limit=%d&messages_limit=%d", size, size)
		got, want := s.get(path), serve(t, inbox).get(path)
		if got.status != http.StatusOK || got.body != want.body {
			t.Errorf("%d × %d: answered %d, and not what a fresh handler answers", size, size, got.status)
		}
	}
}
