package provider_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/gen/providerserver"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// poster is an app that keeps what it was handed.
func poster() (*ableApp, *provider.PostMessageRequest) {
	var got provider.PostMessageRequest
	a := &ableApp{}
	a.postMessage = func(_ context.Context, req provider.PostMessageRequest) (string, error) {
		got = req
		return "message-2", nil
	}
	return a, &got
}

func TestPostMessage(t *testing.T) {
	t.Parallel()
	blue, red := provider.ReceivedFile{Key: "blue", Name: "b.txt", Type: "text/plain", Size: 4}, provider.ReceivedFile{Key: "red", Name: "r.txt", Type: "text/plain", Size: 3}
	tests := []struct {
		name   string
		fields []field
		want   provider.PostMessageRequest
	}{
		{"text", right(), provider.PostMessageRequest{Message: "Yes."}},
		{"empty text with a file", []field{text("senderId", "shop"), text("conversationId", "conversation-17"), file("b.txt", "blue")},
			provider.PostMessageRequest{Files: []provider.ReceivedFile{blue}}},
		{"files last", right(file("b.txt", "blue"), file("r.txt", "red")), provider.PostMessageRequest{Message: "Yes.", Files: []provider.ReceivedFile{blue, red}}},
		{"files first", append([]field{file("b.txt", "blue"), file("r.txt", "red")}, right()...), provider.PostMessageRequest{Message: "Yes.", Files: []provider.ReceivedFile{blue, red}}},
		{"file between", slices.Insert(right(), 1, file("b.txt", "blue")), provider.PostMessageRequest{Message: "Yes.", Files: []provider.ReceivedFile{blue}}},
		{"files with brackets", right(field{"files[]", "b.txt", "text/plain", "blue"}), provider.PostMessageRequest{Message: "Yes.", Files: []provider.ReceivedFile{blue}}},
		{"file under another name", right(field{"upload", "b.txt", "text/plain", "blue"}), provider.PostMessageRequest{Message: "Yes.", Files: []provider.ReceivedFile{blue}}},
		{"file without a name or type", right(field{"files", "", "", "blue"}),
			provider.PostMessageRequest{Message: "Yes.", Files: []provider.ReceivedFile{{Key: "blue", Name: "file", Type: "application/octet-stream", Size: 4}}}},
		{"file with a type that is none", right(field{"files", "b.txt", "te xt", "blue"}),
			provider.PostMessageRequest{Message: "Yes.", Files: []provider.ReceivedFile{{Key: "blue", Name: "b.txt", Type: "application/octet-stream", Size: 4}}}},
		{"file with parameters in its type", right(field{"files", "b.txt", "Text/Plain; Charset=UTF-8", "blue"}),
			provider.PostMessageRequest{Message: "Yes.", Files: []provider.ReceivedFile{{Key: "blue", Name: "b.txt", Type: "text/plain; charset=UTF-8", Size: 4}}}},
		{"empty file", right(file("b.txt", "")), provider.PostMessageRequest{Message: "Yes.", Files: []provider.ReceivedFile{{Name: "b.txt", Type: "text/plain"}}}},
		{"recipients as the guide writes them", right(text("recipientIds[]", "person-7,person-8")), provider.PostMessageRequest{Message: "Yes.", RecipientIDs: []string{"person-7", "person-8"}}},
		{"recipients as an array", right(text("recipientIds", "person-7"), text("recipientIds", "person-8")), provider.PostMessageRequest{Message: "Yes.", RecipientIDs: []string{"person-7", "person-8"}}},
		{"recipients with gaps", right(text("recipientIds[]", ",person-7,,person-8,")), provider.PostMessageRequest{Message: "Yes.", RecipientIDs: []string{"person-7", "person-8"}}},
		{"no recipient", right(text("recipientIds[]", "")), provider.PostMessageRequest{Message: "Yes."}},
		{"a field from the future", right(text("priority", "high")), provider.PostMessageRequest{Message: "Yes."}},
		{"unicode", []field{text("message", "ü\n\x00🟦"), text("senderId", "/ ..%2F"), text("conversationId", "conversation-17")},
			provider.PostMessageRequest{Message: "ü\n\x00🟦", SenderID: "/ ..%2F"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, got := poster()
			res := serve(t, a).post(test.fields...)
			if res.status != http.StatusOK || res.body != `{"data":{"id":"message-2"},"success":true}`+"\n" {
				t.Fatalf("answered %d %s", res.status, res.body)
			}
			want := test.want
			want.ProviderChannelID, want.ConversationID = "channel-1", "conversation-17"
			if want.SenderID == "" {
				want.SenderID = "shop"
			}
			if len(got.RecipientIDs) == 0 {
				got.RecipientIDs = nil
			}
			if !reflect.DeepEqual(*got, want) {
				t.Errorf("the app got\n%+v, want\n%+v", *got, want)
			}
			if gone := a.gone(); gone != nil {
				t.Errorf("files %q were discarded though the message was taken", gone)
			}
		})
	}
}

// The form is read by hand: its fields are those of the document, none more and none less.
func TestFieldsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	var names []string
	document := reflect.TypeFor[providerserver.PostMessageRequest]()
	for i := range document.NumField() {
		name, _, _ := strings.Cut(document.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"conversationId", "files", "message", "recipientIds", "recipientIds[]", "senderId"}; !slices.Equal(names, want) {
		t.Errorf("the document has %q, the handler reads %q", names, want)
	}
}

// A form that is wrong is refused, and the files that came before the fault are discarded.
func TestWrongForms(t *testing.T) {
	t.Parallel()
	blue := file("b.txt", "blue")
	repeat := func(n int, f field) []field { return slices.Repeat([]field{f}, n) }
	tests := []struct {
		name   string
		fields []field
		want   string
	}{
		{"nothing", nil, "senderId is missing"},
		{"no sender", []field{blue, text("message", "m"), text("conversationId", "c")}, "senderId is missing"},
		{"no conversation", []field{blue, text("message", "m"), text("senderId", "c")}, "conversationId is missing"},
		{"nothing said", []field{text("message", ""), text("senderId", "s"), text("conversationId", "c")}, "neither text nor files"},
		{"said twice", right(blue, text("message", "m")), `the field \"message\" comes twice`},
		{"not UTF-8", right(blue, text("x", "\xff")), `the field \"x\" is not UTF-8`},
		{"long field", right(blue, text("x", strings.Repeat("x", 256<<10))), "the fields of the form are longer than 262144 bytes"},
		{"long fields", append(repeat(1, blue), repeat(90, text("recipientIds", strings.Repeat("x", 3000)))...), "the fields of the form are longer than 262144 bytes"},
		{"many fields", append(repeat(1, blue), numbered(101)...), "more than 100 fields"},
		{"many recipients", append(repeat(1, blue), repeat(101, text("recipientIds", "x"))...), "more than 100 fields"},
		{"many ids", right(blue, text("recipientIds", numbers(1001))), "more than 1000 recipients"},
		{"many files", repeat(4, blue), "more than 3 files"},
		{"2,000 parts", append(repeat(1, blue), numbered(2000)...), "more than 100 fields"},
		{"2,000 files", repeat(2000, file("b.txt", "")), "more than 3 files"},
		{"long file", right(blue, file("long", strings.Repeat("x", 1001))), `"message":"a file is too long"`},
		{"long header", right(blue, field{name: strings.Repeat("x", 30_000)}), "the header of a part, or what follows the last part, is too long"},
		{"header of a MiB", right(blue, field{"files", strings.Repeat("x", 1<<20), "", ""}), "the header of a part, or what follows the last part, is too long"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := &ableApp{}
			a.postMessage = func(context.Context, provider.PostMessageRequest) (string, error) {
				return "", errors.New("the app was handed the message")
			}
			s := serve(t, a, provider.WithLimits(provider.Limits{Files: 3, FileBytes: 1000}))
			res := s.post(test.fields...)
			if res.status != http.StatusBadRequest || res.code(t) != "INVALID_BODY" || !strings.Contains(res.body, test.want) {
				t.Fatalf("answered %d %s, want %q", res.status, res.body, test.want)
			}
			if gone := a.gone(); slices.Contains(test.fields, blue) && !slices.Contains(gone, "blue") {
				t.Errorf("the file before the fault was not discarded, but %q", gone)
			}
		})
	}
}

// A body is bounded whether or not it says its length beforehand.
func TestLongForms(t *testing.T) {
	t.Parallel()
	contentType, body := form(right(file("b.txt", strings.Repeat("x", 50_000)))...)
	size := int64(len(body))
	for _, test := range []struct {
		name   string
		limit  int64
		length int64
		status int
	}{
		{"fits", size, size, 200},
		{"fits, unannounced", size, -1, 200},
		{"one byte too long", size - 1, size, 400},
		{"one byte too long, unannounced", size - 1, -1, 400},
		{"much too long, unannounced", 1000, -1, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, _ := poster()
			s := serve(t, a, provider.WithLimits(provider.Limits{FormBytes: test.limit}))
			req := s.request(http.MethodPost, "/channels/c/messages", bytes.NewReader(body))
			req.Header.Set("Content-Type", contentType)
			req.ContentLength = test.length
			res := s.do(req)
			if res.status != test.status || test.status == 400 && !strings.Contains(res.body, "the body is too long") {
				t.Errorf("answered %d %s", res.status, res.body)
			}
		})
	}
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprint(&b, i, ",")
	}
	return b.String()
}

func numbered(n int) (fields []field) {
	for i := range n {
		fields = append(fields, text(fmt.Sprintf("f%d", i), ""))
	}
	return fields
}

// Bodies that are no form at all, or end where they should not.
func TestMalformedBodies(t *testing.T) {
	t.Parallel()
	const start = "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nm"
	const upload = "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"f\"\r\n\r\nblue"
	tests := []struct{ name, contentType, body, want string }{
		{"JSON", "application/json", "{}", "not multipart/form-data"},
		{"urlencoded", "application/x-www-form-urlencoded", "message=m", "not multipart/form-data"},
		{"no type", "", start, "not multipart/form-data"},
		{"no boundary", "multipart/form-data", start, "not multipart/form-data"},
		{"empty", "multipart/form-data; boundary=b", "", "the body is empty"},
		{"no part", "multipart/form-data; boundary=b", "--b--", "senderId is missing"},
		{"no end", "multipart/form-data; boundary=b", start, "malformed"},
		{"end within a file", "multipart/form-data; boundary=b", upload, "malformed"},
		{"end within a header", "multipart/form-data; boundary=b", start[:20], "malformed"},
		{"header that is none", "multipart/form-data; boundary=b", "--b\r\nx\r\n\r\n\r\n--b--", "malformed"},
		{"endless beginning", "multipart/form-data; boundary=b", strings.Repeat("x\r\n", 30_000) + start, "too long"},
		{"endless end", "multipart/form-data; boundary=b", start + "\r\n--b--\r\n" + strings.Repeat("x\r\n", 30_000), "too long"},
		{"endless boundary", "multipart/form-data; boundary=b", start + "\r\n--b" + strings.Repeat(" ", 30_000), "malformed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, _ := poster()
			s := serve(t, a)
			req := s.request(http.MethodPost, "/channels/c/messages", strings.NewReader(test.body))
			req.Header.Set("Content-Type", test.contentType)
			res := s.do(req)
			if res.status != http.StatusBadRequest || res.code(t) != "INVALID_BODY" || !strings.Contains(res.body, test.want) {
				t.Errorf("answered %d %s, want %q", res.status, res.body, test.want)
			}
		})
	}
}

// Where nothing could stop a slow sender, no body is read, and the log says what to do.
func TestNoDeadlinesNoBody(t *testing.T) {
	t.Parallel()
	a, got := poster()
	h, logs := newHandler(t, a)
	contentType, body := form(right()...)
	r := httptest.NewRequest(http.MethodPost, "/channels/c/messages", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", contentType)
	r.SetBasicAuth(clientID, clientSecret)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError || got.ConversationID != "" || !strings.Contains(logs.String(), "have Unwrap") {
		t.Errorf("answered %d %s, the log says %s", w.Code, w.Body, logs)
	}
}
