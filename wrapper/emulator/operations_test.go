// The operations of the Channels API: what they do, answer and refuse.

package emulator_test

import (
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestAddChannelAnswersTheChannel(t *testing.T) {
	t.Parallel()
	clock := newClock()
	a := start(t, emulator.Config{Clock: clock.Now, ClientID: "app-1", Users: []emulator.User{{ID: 42, Admin: true}}})

	got := a.addChannel(channel("avatar_url", "https://m.example/i.png", "provider_type", "whatsapp", "template_support", true)).
		want(t, http.StatusOK, "").data()
	id, _ := got["id"].(string)
	if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("id %q is no UUID", id)
	}
	delete(got, "id")
	want := map[string]any{
		"name": "Support", "provider_channel_id": "c1", "avatar_url": "https://m.example/i.png",
		"marketplace_client_id": "app-1", "pd_company_id": 1.0, "pd_user_id": 42.0,
		"created_at": "2026-03-01 07:58:00", "provider_type": "whatsapp", "template_support": true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	seen := a.Channels()
	wantSeen := emulator.Channel{
		ID: id, ProviderChannelID: "c1", Name: "Support", AvatarURL: "https://m.example/i.png", ProviderType: "whatsapp",
		TemplateSupport: true, UserID: 42, CreatedAt: clock.Now().UTC(),
	}
	if len(seen) != 1 || seen[0] != wantSeen {
		t.Errorf("Channels() = %+v, want %+v alone", seen, wantSeen)
	}

	bare := a.addChannel(channel("provider_channel_id", "c2")).want(t, http.StatusOK, "").data()
	if bare["provider_type"] != "other" || bare["template_support"] != false {
		t.Errorf("the defaults are missing from %v", bare)
	}
	if _, there := bare["avatar_url"]; there {
		t.Errorf("an icon that nobody gave is in %v", bare)
	}
}

func TestAddChannelRefuses(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	a.as(a.Users()[1]).addChannel(channel()).want(t, http.StatusForbidden, "ADMIN_ONLY")
	a.addChannel(channel()).want(t, http.StatusOK, "")
	a.addChannel(channel("name", "Another")).want(t, http.StatusConflict, "CHANNEL_ALREADY_EXISTS")
	a.addChannel(channel("provider_channel_id", "c2")).want(t, http.StatusOK, "")

	for _, body := range []string{
		channel("name", absent{}), channel("name", ""), channel("name", nil), channel("name", 1), channel("avatar_url", nil),
		channel("provider_channel_id", absent{}), channel("provider_channel_id", ""),
		channel("provider_type", "telegram"), channel("provider_type", nil), channel("template_support", "yes"),
		`{"Name":"n","Provider_Channel_Id":"c9"}`,
	} {
		a.addChannel(body).want(t, http.StatusBadRequest, "INVALID_BODY")
	}
	if n := len(a.Channels()); n != 2 {
		t.Errorf("%d channels, want 2: a refusal left something behind", n)
	}
}

func TestReceiveMessageAnswersTheMessage(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	a.addChannel(channel()).want(t, http.StatusOK, "")

	got := a.receive(message(
		"created_at", "2026-03-01T09:58:59.9996+02:00", "reply_by", "2026-03-02 07:58", "conversation_link", "https://m.example/v/1",
		"attachments", []any{map[string]any{"id": "a1", "type": "image/png", "url": "https://m.example/1", "size": 600.5}},
	)).want(t, http.StatusOK, "").data()
	want := map[string]any{
		"id": "m1", "channel_id": "c1", "sender_id": "s1", "conversation_id": "v1", "message": "Hello", "status": "sent",
		"created_at": "2026-03-01T07:58:59.999Z", "reply_by": "2026-03-02T07:58:00.000Z", "conversation_link": "https://m.example/v/1",
		"attachments": []any{map[string]any{
			"id": "a1", "type": "image/png", "url": "https://m.example/1",
			"name": nil, "size": 600.5, "preview_url": nil, "link_expires": false,
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	seen := a.Messages("c1", "v1")
	wantSeen := []emulator.Message{{
		ID: "m1", SenderID: "s1", ConversationID: "v1", Message: "Hello", Status: "sent",
		CreatedAt: time.Date(2026, 3, 1, 7, 58, 59, 999e6, time.UTC), ReplyBy: time.Date(2026, 3, 2, 7, 58, 0, 0, time.UTC),
		ConversationLink: "https://m.example/v/1",
		Attachments:      []emulator.Attachment{{ID: "a1", Type: "image/png", URL: "https://m.example/1", Size: 600.5}},
	}}
	if !reflect.DeepEqual(seen, wantSeen) {
		t.Errorf("Messages() = %+v, want %+v", seen, wantSeen)
	}

	file := map[string]any{
		"id": "a2", "type": "t", "url": "u", "name": "n", "size": 7, "preview_url": "p", "link_expires": true,
	}
	another := `,"ID":"M2"}` // another key, not the same in another spelling
	a.receive(strings.TrimSuffix(message("id", "m2", "attachments", []any{file}), "}")+another).want(t, http.StatusOK, "")
	wantFile := emulator.Attachment{ID: "a2", Type: "t", URL: "u", Name: "n", Size: 7, PreviewURL: "p", LinkExpires: true}
	if got := a.Messages("c1", "v1"); len(got) != 2 || got[1].ID != "m2" || got[1].Attachments[0] != wantFile {
		t.Errorf("Messages() = %+v, want m2 with %+v as the last", got, wantFile)
	}

	bare := a.receive(message("id", "m3", "attachments", absent{}, "reply_by", nil)).want(t, http.StatusOK, "").data()
	if list, ok := bare["attachments"].([]any); !ok || len(list) != 0 {
		t.Errorf("attachments are %v, want an empty list", bare["attachments"])
	}
}

func TestReceiveMessageRefuses(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	a.addChannel(channel()).want(t, http.StatusOK, "")
	attachment := func(key string, value any) []any {
		o := map[string]any{"id": "a1", "type": "image/png", "url": "https://m.example/1"}
		o[key] = value
		return []any{o}
	}
	cases := map[string]string{
		"no id":                message("id", absent{}),
		"empty conversation":   message("conversation_id", ""),
		"null text":            message("message", nil),
		"unknown status":       message("status", "seen"),
		"null status":          message("status", nil),
		"no such date":         message("created_at", "2026-13-45 99:99"),
		"not a leap year":      message("created_at", "2026-02-29 00:00"),
		"seconds of no time":   message("created_at", "2026-03-01 07:58:61"),
		"T and no zone":        message("created_at", "2026-03-01T07:58:00"),
		"a number for a time":  message("created_at", 1772351880),
		"empty reply_by":       message("reply_by", ""),
		"reply_by of no date":  message("reply_by", "2026-02-30 00:00"),
		"year 10000 in UTC":    message("created_at", "9999-12-31T23:59:59-05:00"),
		"year -1 in UTC":       message("created_at", "0000-01-01T00:00:00+05:00"),
		"null link":            message("conversation_link", nil),
		"null attachments":     message("attachments", nil),
		"attachment, no url":   message("attachments", attachment("url", "")),
		"attachment, no type":  message("attachments", attachment("type", nil)),
		"size in words":        message("attachments", attachment("size", "600")),
		"link_expires is null": message("attachments", attachment("link_expires", nil)),
	}
	for name, body := range cases {
		if got := a.receive(body); got.status != http.StatusBadRequest || got.code() != "INVALID_RECEIVE_MESSAGE_PAYLOAD" {
			t.Errorf("%s: got %d %s", name, got.status, got.raw)
		}
	}
	if got := a.Conversations("c1"); len(got) != 0 {
		t.Errorf("a refused message left %v behind", got)
	}
	// The text names the field, and the reason is one that helps.
	for body, want := range map[string]string{
		message("attachments", attachment("id", "")):   "attachments.0.id: minimum string length is 1",
		message("sender_id", absent{}):                 "sender_id: missing",
		message("reply_by", "soon"):                    "reply_by: not a time: want UTC minutes, YYYY-MM-DD HH:MM, or RFC 3339",
		`{"attachments":[{"id":"a","type":"t"}]}`:      "attachments.0.url: missing",
		strings.Replace(message(), `"v1"`, "1e999", 1): "conversation_id: cannot convert json.Number to float64",
	} {
		if got := a.receive(body).body["error"]; got != want {
			t.Errorf("error %q, want %q", got, want)
		}
	}
}

func TestReceiveMessageUpdatesByID(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	a.addChannel(channel()).want(t, http.StatusOK, "")
	a.receive(message("conversation_link", "https://m.example/v/1"))
	a.receive(message("id", "m2", "message", "Second"))
	if got := a.Conversations("c1"); len(got) != 1 || got[0].Link != "https://m.example/v/1" {
		t.Errorf("Conversations() = %+v, want the link of the first message", got)
	}
	for _, status := range []string{"delivered", "read", "sent", "failed"} { // a late status is not checked
		a.receive(message("status", status)).want(t, http.StatusOK, "")
	}
	got := a.Messages("c1", "v1")
	if len(got) != 2 || got[0].ID != "m1" || got[0].Status != "failed" || got[1].Message != "Second" {
		t.Errorf("got %+v, want m1 as failed, before m2", got)
	}

	// The same id in another channel is another message.
	a.addChannel(channel("provider_channel_id", "c2")).want(t, http.StatusOK, "")
	a.receive(message("channel_id", "c2", "status", "read")).want(t, http.StatusOK, "")
	if got := a.Messages("c1", "v1"); got[0].Status != "failed" {
		t.Errorf("a message of another channel changed %+v", got[0])
	}

	a.receive(message("id", "m3", "conversation_id", "v2", "conversation_link", "https://m.example/v/2"))
	a.receive(message("conversation_id", "v2"))
	want := []emulator.Conversation{{ID: "v2", Link: "https://m.example/v/2"}, {ID: "v1"}}
	if got := a.Conversations("c1"); !reflect.DeepEqual(got, want) {
		t.Errorf("Conversations() = %+v, want %+v: the message has moved", got, want)
	}
}

func TestDeleteConversation(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{Users: []emulator.User{{ID: 1}, {ID: 2, Admin: true}}})
	admin := a.as(a.Users()[1])
	admin.addChannel(channel()).want(t, http.StatusOK, "")
	for _, conversation := range []string{"v1", "v2"} {
		a.receive(message("id", "m-"+conversation, "conversation_id", conversation)).want(t, http.StatusOK, "")
	}
	// An admin is not the owner; the owner need not be an admin.
	admin.deleteConversation("c1", "v1").want(t, http.StatusForbidden, "FORBIDDEN_USER_REQUEST")
	admin.deleteConversation("nowhere", "v1").want(t, http.StatusForbidden, "FORBIDDEN_USER_REQUEST")
	a.deleteConversation("c1", "v1").want(t, http.StatusOK, "")
	a.deleteConversation("c1", "v1").want(t, http.StatusNotFound, "NOT_FOUND")
	if got := a.deleteConversation("c2", "v2").want(t, http.StatusNotFound, "NOT_FOUND").body["error"]; got != "Channel not found." {
		t.Errorf("error %q", got)
	}
	if got := a.Conversations("c1"); len(got) != 1 || got[0].ID != "v2" {
		t.Errorf("Conversations() = %v, want v2 alone", got)
	}
	a.receive(message("id", "m-v1")).want(t, http.StatusOK, "")
	if got := a.Messages("c1", "v1"); len(got) != 1 {
		t.Errorf("a deleted message did not come anew: %v", got)
	}
}

func TestDeleteChannelTakesAllWithIt(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	ours := a.addChannel(channel()).data()["id"].(string)
	a.receive(message()).want(t, http.StatusOK, "")
	a.deleteChannel(ours).want(t, http.StatusNotFound, "NOT_FOUND") // Pipedrive's id is not the provider's
	a.deleteChannel("c1").want(t, http.StatusOK, "")
	a.deleteChannel("c1").want(t, http.StatusNotFound, "NOT_FOUND")
	a.receive(message()).want(t, http.StatusNotFound, "NOT_FOUND")
	if len(a.Channels()) != 0 || a.Conversations("c1") != nil || a.Messages("c1", "v1") != nil {
		t.Error("the deleted channel is still there")
	}
	a.addChannel(channel()).want(t, http.StatusOK, "")
	if got := a.Messages("c1", "v1"); len(got) != 0 {
		t.Errorf("a new channel has the messages of the deleted one: %v", got)
	}
}

func TestIDsTravelThroughPaths(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{BurstLimit: 1000})
	for _, id := range []string{ // not "/" alone: net/http takes /%2F for a trailing slash
		"a/b", "//", "a+b", "a@b.c", "a:b", "50%", "%2F", "a#b", "a?b=c", "a b", " ", "ü", "日本", "a,b", "a;b", "a&b=c", "a.b", "'\"<>\\", "{id}", "messages", strings.Repeat("x", 4096),
	} {
		a.addChannel(channel("provider_channel_id", id)).want(t, http.StatusOK, "")
		a.receive(message("channel_id", id, "conversation_id", id)).want(t, http.StatusOK, "")
		a.deleteConversation(id, id).want(t, http.StatusOK, "")
		a.deleteChannel(id).want(t, http.StatusOK, "")
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{BurstLimit: 10_000, DailyBudget: 1_000_000})
	a.addChannel(channel()).want(t, http.StatusOK, "")
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			for _, status := range []string{"sent", "delivered", "read"} {
				if got := a.receive(message("id", fmt.Sprint("m", i%50), "status", status, "message", fmt.Sprint(i))); got.status != http.StatusOK {
					t.Errorf("got %d %s", got.status, got.raw)
				}
			}
			a.Messages("c1", "v1")
			a.addChannel(channel("provider_channel_id", "contended"))
		})
	}
	wg.Wait()
	got := a.Messages("c1", "v1")
	if len(got) != 50 || len(a.Channels()) != 2 {
		t.Fatalf("%d messages and %d channels, want 50 and 2", len(got), len(a.Channels()))
	}
	seen := map[string]bool{}
	for _, m := range got {
		if seen[m.ID] || len(m.Message) == 0 {
			t.Errorf("message %+v is there twice, or torn", m)
		}
		seen[m.ID] = true
	}
}
