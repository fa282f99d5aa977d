package messenger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/examples/messenger"
	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// pipedrive calls the sample app by the generated client, as Pipedrive would.
type pipedrive struct {
	t      testing.TB
	client *providerclient.Client
}

func newPipedrive(t testing.TB) pipedrive {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	messenger := messenger.NewWithHistory(server.URL)
	h, err := provider.NewHandler(messenger, provider.BasicAuth("id", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/channels/", h)
	mux.Handle("/files/", messenger)
	client, err := providerclient.NewClient(server.URL, providerclient.WithRequestEditorFn(
		func(_ context.Context, req *http.Request) error {
			req.SetBasicAuth("id", "secret")
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	return pipedrive{t, client}
}

// read makes the call and decodes its answer into v; it wants the status.
func (p pipedrive) read(status int, v any, call func() (*http.Response, error)) {
	p.t.Helper()
	res, err := call()
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		p.t.Fatalf("answered %d %s %v, want %d", res.StatusCode, body, err, status)
	}
	if err := json.Unmarshal(body, v); err != nil {
		p.t.Fatalf("%v in %s", err, body)
	}
}

// The whole history arrives, page by page, each conversation and message once.
func TestHistory(t *testing.T) {
	t.Parallel()
	p := newPipedrive(t)
	conversations, messages := map[string]bool{}, map[string]bool{}
	var after string
	for pages := 1; ; pages++ {
		limit := 10
		var page providerclient.ConversationsResponse
		p.read(200, &page, func() (*http.Response, error) {
			return p.client.GetConversations(t.Context(), messenger.Channel,
				&providerclient.GetConversationsParams{ConversationsLimit: &limit, MessagesLimit: &limit, After: after})
		})
		for _, conversation := range page.Data {
			conversations[conversation.ID] = true
			for _, m := range conversation.Messages {
				messages[m.ID] = true
			}
			for cursor := conversation.NextMessagesCursor; cursor != ""; {
				var older providerclient.ConversationResponse
				p.read(200, &older, func() (*http.Response, error) {
					return p.client.GetConversationByID(t.Context(), messenger.Channel, conversation.ID,
						&providerclient.GetConversationByIDParams{MessagesLimit: &limit, After: cursor})
				})
				for _, m := range older.Data.Messages {
					if messages[m.ID] {
						t.Errorf("message %s comes twice", m.ID)
					}
					messages[m.ID] = true
				}
				cursor = older.Data.NextMessagesCursor
			}
		}
		if after = page.AdditionalData.After; after == "" {
			if pages != 4 {
				t.Errorf("%d pages of 10, want 4", pages)
			}
			break
		}
	}
	if len(conversations) != 32 || len(messages) != 35+31 {
		t.Errorf("%d conversations and %d messages, want 32 and 66", len(conversations), len(messages))
	}
}

// A message with a file goes into its conversation, and the file's link works until it expires.
func TestMessageWithAFile(t *testing.T) {
	t.Parallel()
	p := newPipedrive(t)
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	file, _ := w.CreateFormFile("files", "offer.txt")
	_, _ = io.WriteString(file, "blue: 11")
	_ = w.WriteField("senderId", "rosa")
	_ = w.WriteField("conversationId", "cleo")
	_ = w.Close()
	var posted providerclient.PostMessageResponse
	p.read(200, &posted, func() (*http.Response, error) {
		return p.client.PostMessageWithBody(t.Context(), messenger.Channel, w.FormDataContentType(), &form)
	})

	var c providerclient.ConversationResponse
	p.read(200, &c, func() (*http.Response, error) {
		return p.client.GetConversationByID(t.Context(), messenger.Channel, "cleo", &providerclient.GetConversationByIDParams{})
	})
	if n := len(c.Data.Messages); n != 2 || c.Data.Messages[1].ID != posted.Data.ID {
		t.Fatalf("the conversation has %+v", c.Data.Messages)
	}
	var byID, byChannel providerclient.Message
	p.read(200, &byID, func() (*http.Response, error) {
		return p.client.GetMessageByID(t.Context(), messenger.Channel, "cleo", posted.Data.ID)
	})
	p.read(200, &byChannel, func() (*http.Response, error) {
		return p.client.GetChannelMessageByID(t.Context(), messenger.Channel, posted.Data.ID)
	})
	if byID.ID != posted.Data.ID || byChannel.ID != posted.Data.ID {
		t.Errorf("by its id comes %+v, and %+v", byID, byChannel)
	}
	a := byID.Attachments[0]
	if a.Name != "offer.txt" || a.Size != 8 || !a.LinkExpires {
		t.Errorf("the attachment is %+v", a)
	}
	get := func(link string) string {
		res, err := new(http.Client).Get(link)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return fmt.Sprint(res.StatusCode, " ", strings.TrimSpace(string(body)), err)
	}
	if got := get(a.URL); got != "200 blue: 11<nil>" {
		t.Errorf("the link answers %s", got)
	}
	link, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	link.RawQuery = "until=2026-03-01T07:58:00Z"
	if got := get(link.String()); !strings.HasPrefix(got, "404 ") {
		t.Errorf("an expired link answers %s", got)
	}
}

// A file that is too long is refused, and one of a message that went nowhere is forgotten.
func TestFilesComeAndGo(t *testing.T) {
	t.Parallel()
	messenger := messenger.New("")
	serve := func(key string) int {
		w := httptest.NewRecorder()
		messenger.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/files/"+key+"?until=9999-12-31T00:00:00Z", nil))
		return w.Code
	}
	if _, err := messenger.ReceiveFile(t.Context(), provider.ReceiveFileRequest{Content: bytes.NewReader(make([]byte, 1<<20+1))}); !errors.Is(err, provider.ErrInvalidBody) {
		t.Errorf("a file of more than 1 MiB: %v", err)
	}
	key, err := messenger.ReceiveFile(t.Context(), provider.ReceiveFileRequest{Content: bytes.NewReader(make([]byte, 1<<20))})
	if err != nil || serve(key) != http.StatusOK {
		t.Fatalf("a file of 1 MiB: %v", err)
	}
	if err := messenger.DiscardFile(t.Context(), key); err != nil || serve(key) != http.StatusNotFound {
		t.Errorf("the file is still there: %v", err)
	}
}

func TestHostileIDsAndCursors(t *testing.T) {
	t.Parallel()
	p := newPipedrive(t)
	paths := []string{
		"other/conversations", "other/conversations/ada", messenger.Channel + "/conversations/a%2Fb",
		"other/messages/ada.1", messenger.Channel + "/messages/ada", messenger.Channel + "/messages/ada.01", messenger.Channel + "/messages/%3F", "other/conversations/ada/messages/ada.1",
	}
	for _, cursor := range []string{"-1", "32", "x", "99999999999999999999", "..%2F"} {
		paths = append(paths, messenger.Channel+"/conversations?after="+cursor, messenger.Channel+"/conversations/ada?after="+cursor)
	}
	for _, path := range paths {
		var e providerclient.Error
		p.read(404, &e, func() (*http.Response, error) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.client.Server+"channels/"+path, nil)
			if err != nil {
				return nil, err
			}
			req.SetBasicAuth("id", "secret")
			return new(http.Client).Do(req)
		})
		if e.Data.Code != "NOT_FOUND" {
			t.Errorf("%s: answered %+v", path, e)
		}
	}
}

// A reader gets through it in one sitting.
func TestItIsShort(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("messenger.go")
	if n := bytes.Count(text, []byte("\n")); err != nil || n >= 150 {
		t.Errorf("the sample app has %d lines, want less than 150: %v", n, err)
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	p := newPipedrive(t)
	var templates providerclient.TemplatesResponse
	p.read(200, &templates, func() (*http.Response, error) { return p.client.GetTemplates(t.Context(), messenger.Channel) })
	if len(templates.Data.Templates) != 1 || templates.Data.Templates[0].ID != "greeting" {
		t.Errorf("got %+v", templates)
	}
}

func Example() {
	messenger := messenger.New("https://messenger.example")
	h, err := provider.NewHandler(messenger, provider.BasicAuth("client-id", "client-secret"))
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/channels/", h)
	mux.Handle("/files/", messenger)
	manifest, err := h.Manifest("https://messenger.example")
	fmt.Println(manifest.GetTemplates, err)
	// Output: https://messenger.example/channels/:providerChannelId/templates <nil>
}
