package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

const base = "https://messenger.example/pipedrive"

func TestManifestOfAPlainApp(t *testing.T) {
	t.Parallel()
	h, _ := newHandler(t, &app{})
	m, err := h.Manifest(base + "/")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(m)
	const want = `{"version":"v202101","endpoints":{` +
		`"getConversations":"https://messenger.example/pipedrive/channels/:providerChannelId/conversations",` +
		`"getConversationById":"https://messenger.example/pipedrive/channels/:providerChannelId/conversations/:sourceConversationId",` +
		`"postMessage":"https://messenger.example/pipedrive/channels/:providerChannelId/messages"}}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	var back provider.Manifest
	if err := json.Unmarshal(got, &back); err != nil || back != m {
		t.Errorf("read back: %+v, %v", back, err)
	}
}

// Every URL of a manifest leads to the endpoint that it is named after.
func TestManifestLeadsToTheEndpoints(t *testing.T) {
	t.Parallel()
	var called string
	a := &ableApp{
		app: app{
			getConversations: func(_ context.Context, req provider.GetConversationsRequest) (provider.ConversationsPage, error) {
				called = fmt.Sprint("getConversations ", req.ProviderChannelID)
				return provider.ConversationsPage{}, nil
			},
			getConversationByID: func(_ context.Context, req provider.GetConversationByIDRequest) (provider.Conversation, error) {
				called = fmt.Sprint("getConversationById ", req.ProviderChannelID, " ", req.ConversationID)
				return conversation(), nil
			},
			postMessage: func(_ context.Context, req provider.PostMessageRequest) (string, error) {
				called = fmt.Sprint("postMessage ", req.ProviderChannelID)
				return "m", nil
			},
		},
		getSenderByID: func(_ context.Context, req provider.GetSenderByIDRequest) (provider.Sender, error) {
			called = fmt.Sprint("getSenderById ", req.ProviderChannelID, " ", req.SenderID)
			return provider.Sender{ID: "s", Name: "S"}, nil
		},
		getTemplates: func(_ context.Context, req provider.GetTemplatesRequest) ([]provider.Template, error) {
			called = fmt.Sprint("getTemplates ", req.ProviderChannelID)
			return nil, nil
		},
		getMessageByID: func(_ context.Context, req provider.GetMessageByIDRequest) (provider.Message, error) {
			called = fmt.Sprint("getMessageById ", req.ProviderChannelID, " ", req.ConversationID, " ", req.MessageID)
			return message(), nil
		},
		deleteChannelByID: func(_ context.Context, req provider.DeleteChannelByIDRequest) error {
			called = fmt.Sprint("deleteChannelById ", req.ProviderChannelID)
			return nil
		},
	}
	s := serve(t, a)
	m, err := s.h.Manifest(s.url)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check(); err != nil {
		t.Error(err)
	}
	fill := strings.NewReplacer(":providerChannelId", "C", ":sourceConversationId", "V", ":sourceMessageId", "M", ":senderId", "S", s.url, "")
	contentType, body := form(right()...)
	for _, test := range []struct{ method, url, want string }{
		{"GET", m.GetConversations, "getConversations C"},
		{"GET", m.GetConversationByID, "getConversationById C V"},
		{"POST", m.PostMessage, "postMessage C"},
		{"GET", m.GetSenderByID, "getSenderById C S"},
		{"GET", m.GetTemplates, "getTemplates C"},
		{"GET", m.GetMessageByID, "getMessageById C V M"},
		{"DELETE", m.DeleteChannelByID, "deleteChannelById C"},
	} {
		req := s.request(test.method, fill.Replace(test.url), nil)
		if test.method == "POST" {
			req = s.request(test.method, fill.Replace(test.url), strings.NewReader(string(body)))
			req.Header.Set("Content-Type", contentType)
		}
		called = ""
		if got := s.do(req); got.status != http.StatusOK || called != test.want {
			t.Errorf("%s %s: answered %d %s and called %q, want %q", test.method, test.url, got.status, got.body, called, test.want)
		}
	}
}

func TestManifestBaseURL(t *testing.T) {
	t.Parallel()
	h, _ := newHandler(t, &app{})
	for url, want := range map[string]string{
		"":                                 "no host",
		"messenger.example":                "no host",
		"https:///x":                       "no host",
		"http://messenger.example":         "not https",
		"ftp://messenger.example":          "not https",
		"http://127.0.0.1.evil.example":    "not https",
		"http://10.0.0.1":                  "not https",
		"https://id:secret@m.example":      "carries a user",
		"https://m.example/#x":             "has a fragment",
		"https://m.example/?x=1":           "has a query or a variable",
		"https://m.example/:tenant":        "has a query or a variable",
		"https://m.example/{tenant}":       "has a query or a variable",
		"https://m.example:port/":          "it is not a URL",
		"https://m.example/%zz":            "it is not a URL",
		"https://messenger.example/\x00\n": "it is not a URL",
	} {
		if m, err := h.Manifest(url); err == nil || !strings.Contains(err.Error(), want) || m != (provider.Manifest{}) {
			t.Errorf("%q: got %+v, %v, want an error that says %q", url, m, err, want)
		}
	}
	for _, url := range []string{"https://m.example", "https://m.example:8443/a/b/", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:1/x"} {
		if m, err := h.Manifest(url); err != nil || m.Check() != nil {
			t.Errorf("%q: got %+v, %v, %v", url, m, err, m.Check())
		}
	}
}

func TestParseManifest(t *testing.T) {
	t.Parallel()
	const good = `{"version":"v202101","endpoints":{"getConversations":"https://m.example/a?c={providerChannelId}",` +
		`"getConversationById":"https://m.example/b/{providerChannelId}/:sourceConversationId.json",` +
		`"postMessage":"https://m.example/c/:providerChannelId"}}`
	with := func(line string) string { return strings.Replace(good, `"postMessage"`, line+`,"postMessage"`, 1) }
	tests := []struct {
		name, text string
		want       []string // of the error; none if the manifest is good
	}{
		{"good", good, nil},
		{"message with a conversation", with(`"getMessageById":"https://m.example/:providerChannelId/:sourceConversationId/:sourceMessageId"`), nil},
		{"message without a conversation", with(`"getMessageById":"https://m.example/:providerChannelId/:sourceMessageId"`), nil},
		{"empty", "", []string{"it is not a JSON object of version and endpoints"}},
		{"null", "null", []string{`version is ""`}},
		{"list", "[]", []string{"it is not a JSON object"}},
		{"more", good + "{}", []string{"something follows"}},
		{"brace", good + "}", []string{"something follows"}},
		{"byte order mark", "\xef\xbb\xbf" + good, []string{"it begins with a byte order mark"}},
		{"byte order mark before nothing", "\xef\xbb\xbf" + `{"version":"v202101","endpoints":{}}`, []string{"it begins with a byte order mark", "postMessage: it is missing"}},
		{"UTF-16", "\xff\xfe{\x00", []string{"it is in UTF-16"}},
		{"UTF-16, the other way", "\xfe\xff\x00{", []string{"it is in UTF-16"}},
		{"UTF-16 without a mark", "{\x00", []string{"it is in UTF-16"}},
		{"other field", strings.Replace(good, `"version"`, `"name":"x","version"`, 1), []string{`unknown field "name"`}},
		{"other version", strings.Replace(good, "v202101", "v2", 1), []string{`version is "v2", only v202101 is known`}},
		{"other endpoint", with(`"getChannels":"https://m.example/","getMessagesById":"x"`), []string{"getChannels: there is no such endpoint", "getMessagesById: there is no such endpoint"}},
		{"all at once", strings.Replace(with(`"getChannels":"x"`), "v202101", "v2", 1), []string{"version is", "getChannels: there is no such"}},
		{"another version of nothing", `{"version":"v2","endpoints":{"getTemplates":"/x"}}`, []string{"version is", "postMessage: it is missing", "getTemplates: "}},
		{"nothing", `{"version":"v202101","endpoints":{}}`,
			[]string{"getConversations: it is missing", "getConversationById: it is missing", "postMessage: it is missing"}},
		{"http", strings.Replace(good, "https://m.example/c", "http://m.example/c", 1), []string{"postMessage: ", "it is not https"}},
		{"path only", strings.Replace(good, "https://m.example/c", "/c", 1), []string{"postMessage: ", "it has no host"}},
		{"secret", strings.Replace(good, "https://m.example/c", "https://id:canary@m.example/c", 1), []string{"postMessage: ", "it carries a user"}},
		{"no variable", strings.Replace(good, "c={providerChannelId}", "c=1", 1), []string{"getConversations: ", "the variable :providerChannelId is missing"}},
		{"variable misspelt", strings.Replace(good, "/:sourceConversationId", "/:conversationId", 1), []string{"getConversationById: ", "the variable :sourceConversationId is missing"}},
		{"variable too many", with(`"getTemplates":"https://m.example/{providerChannelId}/{senderId}"`), []string{"getTemplates: ", "does not fill in the variable :senderId here"}},
		{"variable within a word", with(`"getTemplates":"https://m.example/x:providerChannelId"`), []string{"getTemplates: ", "the variable :providerChannelId is missing"}},
		{"sender without id", with(`"getSenderById":"https://m.example/{providerChannelId}"`), []string{"getSenderById: ", "the variable :senderId is missing"}},
		{"message without id", with(`"getMessageById":"https://m.example/{providerChannelId}/{sourceConversationId}"`), []string{"getMessageById: ", "the variable :sourceMessageId is missing"}},
		{"port like a variable", strings.Replace(good, "https://m.example/c", "https://m.example:8443/c", 1), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m, err := provider.ParseManifest([]byte(test.text))
			if test.want == nil {
				if err != nil || m.GetConversations == "" || m.PostMessage == "" {
					t.Errorf("got %+v, %v", m, err)
				}
				return
			}
			if err == nil || m != (provider.Manifest{}) {
				t.Fatalf("got %+v and no error, or a manifest beside it", m)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want it to say %q", err, want)
				}
			}
		})
	}
}
