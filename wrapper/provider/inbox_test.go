// The inbox of the package's examples, held to what the documentation says of it.

package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// "A working inbox takes an app's author under sixty lines": those of example_inbox_test.go
// from the type on.
func TestAWorkingInboxIsShort(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("example_inbox_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, inbox, found := bytes.Cut(file, []byte("\n// inbox is a whole inbox"))
	if n := bytes.Count(inbox, []byte("\n")); !found || n == 0 || n >= 60 {
		t.Errorf("the inbox has %d lines, which is not under sixty", n)
	}
}

// It works: its history arrives page by page, each message once, and what is posted joins it.
func TestAWorkingInboxWorks(t *testing.T) {
	t.Parallel()
	in := &inbox{}
	var want []string
	for c := range 3 {
		one := conversation()
		one.ID, one.NextMessagesCursor, one.Messages = fmt.Sprint("c-", c), "", nil
		for n := range 5 {
			m := message()
			m.ID = fmt.Sprint("m-", c, "-", n)
			one.Messages = append(one.Messages, m)
			want = append(want, m.ID)
		}
		in.conversations = append(in.conversations, one)
	}
	s := serve(t, in)
	if got := s.history(); !slices.Equal(got, want) {
		t.Errorf("the history is\n%v, want\n%v", got, want)
	}

	var posted providerclient.PostMessageResponse
	s.decode(s.post(text("message", "Yes."), text("senderId", "shop"), text("conversationId", "c-2")), &posted)
	if got := s.history(); !slices.Equal(got, append(want, posted.Data.ID)) {
		t.Errorf("with the new message %s the history is\n%v", posted.Data.ID, got)
	}
	for _, a := range []answer{
		s.get("/channels/c/conversations/nowhere"),
		s.post(text("message", "Yes."), text("senderId", "shop"), text("conversationId", "nowhere")),
	} {
		if a.status != http.StatusNotFound || a.code(t) != string(provider.CodeNotFound) {
			t.Errorf("answered %d %s", a.status, a.body)
		}
	}
}

// history pages through all there is, and returns the ids of the messages in order.
func (s *service) history() (ids []string) {
	s.t.Helper()
	for after := ""; ; {
		var page providerclient.ConversationsResponse
		s.decode(s.get("/channels/c/conversations?conversations_limit=2&messages_limit=2&after="+after), &page)
		for _, c := range page.Data {
			messages := c.Messages
			for cursor := c.NextMessagesCursor; cursor != ""; {
				var older providerclient.ConversationResponse
				s.decode(s.get("/channels/c/conversations/"+c.ID+"?messages_limit=2&after="+cursor), &older)
				messages, cursor = slices.Concat(older.Data.Messages, messages), older.Data.NextMessagesCursor
			}
			for _, m := range messages {
				ids = append(ids, m.ID)
			}
		}
		if after = page.AdditionalData.After; after == "" {
			return ids
		}
	}
}

func (s *service) decode(a answer, v any) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil || a.status != http.StatusOK {
		s.t.Fatalf("answered %d %s: %v", a.status, a.body, err)
	}
}
