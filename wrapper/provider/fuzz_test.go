// Whatever comes in: no panic, no answer outside the envelope, nothing let in that should not be.

package provider_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// patientRecorder has the deadlines that the handler insists on; its bodies are in memory.
type patientRecorder struct{ *httptest.ResponseRecorder }

func (patientRecorder) SetReadDeadline(time.Time) error { return nil }

func serveFuzzed(t *testing.T, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(patientRecorder{w}, r)
	if !json.Valid(w.Body.Bytes()) || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("answered %d %v %q", w.Code, w.Header(), w.Body)
	}
	if w.Code >= 500 {
		t.Fatalf("answered %d %s", w.Code, w.Body)
	}
	return w
}

func FuzzBasicAuth(f *testing.F) {
	for _, header := range []string{"", "Basic", "Basic ", "basic " + strings.Repeat("=", 99), basic(clientID, clientSecret), basic(clientID, ""), basic("", clientSecret)} {
		f.Add(header)
	}
	h, _ := newHandler(f, &app{})
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/channels/c/conversations", nil)
		r.Header["Authorization"] = []string{header}
		w := serveFuzzed(t, h, r)
		scheme, encoded, _ := strings.Cut(header, " ")
		plain, err := base64.StdEncoding.DecodeString(encoded)
		right := err == nil && strings.EqualFold(scheme, "basic") && string(plain) == clientID+":"+clientSecret
		if right != (w.Code == http.StatusOK) {
			t.Errorf("%q: answered %d", header, w.Code)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, query := range []string{"", "messages_limit=1", "after=%00", "after=a&after=b", "conversations_limit[]=1", ";", "%zz", "messages_limit=+1", "messages_limit=0x10"} {
		f.Add(query)
	}
	h, _ := newHandler(f, &app{getConversations: func(_ context.Context, req provider.GetConversationsRequest) (provider.ConversationsPage, error) {
		if req.ConversationsLimit < 1 || req.ConversationsLimit > 100 || req.MessagesLimit < 1 || req.MessagesLimit > 100 {
			panic(req)
		}
		return provider.ConversationsPage{}, nil
	}})
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, "/channels/c/conversations", nil)
		r.URL.RawQuery = query
		r.SetBasicAuth(clientID, clientSecret)
		serveFuzzed(t, h, r)
	})
}

func FuzzForm(f *testing.F) {
	_, whole := form(right(file("b.txt", "blue"), text("recipientIds[]", "a,b"))...)
	boundary := string(whole[2:62])
	f.Add([]byte(strings.ReplaceAll(string(whole), boundary, "b")))
	f.Add([]byte(formStart + "blue" + formEnd))
	f.Add([]byte(formStart + "--b" + formEnd + "--b"))
	f.Add([]byte("--b--"))
	f.Fuzz(func(t *testing.T, body []byte) {
		a := &ableApp{}
		var kept, posted int64
		a.receiveFile = func(_ context.Context, req provider.ReceiveFileRequest) (string, error) {
			if req.Name == "" || strings.ContainsAny(req.Name, `/\:`) || strings.HasPrefix(req.Name, ".") || strings.ContainsFunc(req.Name, unicode.IsControl) {
				t.Errorf("the name %q is not harmless", req.Name)
			}
			_, err := io.Copy(io.Discard, req.Content)
			if err == nil {
				kept++
			}
			return "key", err
		}
		a.postMessage = func(_ context.Context, req provider.PostMessageRequest) (string, error) {
			if req.SenderID == "" || req.ConversationID == "" || req.Message == "" && req.Files == nil {
				t.Errorf("the app got %+v", req)
			}
			posted = int64(len(req.Files))
			return "m", nil
		}
		h, _ := newHandler(t, a, provider.WithLimits(provider.Limits{FormBytes: 1 << 16}))
		r := httptest.NewRequest(http.MethodPost, "/channels/c/messages", io.NopCloser(bytes.NewReader(body)))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		r.SetBasicAuth(clientID, clientSecret)
		serveFuzzed(t, h, r)
		if gone := int64(len(a.gone())); kept != posted+gone {
			t.Errorf("of %d files %d came with the message and %d were discarded", kept, posted, gone)
		}
	})
}

func FuzzManifest(f *testing.F) {
	for _, text := range []string{`{}`, `{"version":"v202101","endpoints":{"getConversations":"https://x/:providerChannelId"}}`,
		`{"version":"v202101","endpoints":{"getConversations":"https://x/:providerChannelId","getConversationById":"https://x/{providerChannelId}/{sourceConversationId}","postMessage":"https://x?a=:providerChannelId"}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := provider.ParseManifest(data)
		if err != nil {
			return
		}
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := provider.ParseManifest(text); err != nil || again != m {
			t.Errorf("%s was read as %+v and written as %s, which reads %+v, %v", data, m, text, again, err)
		}
	})
}
