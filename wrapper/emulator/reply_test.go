// A user in Pipedrive writes: what the app gets, and what comes of its answer.

package emulator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestReply(t *testing.T) {
	t.Parallel()
	const post = "POST /out/c%2F1?via=c%2F1"
	app := startApp(t, map[string]string{
		"GET /history/c%2F1?conversations_limit=30&messages_limit=30": historyPage("", conversation("v1", "")),
		post: `{"success":true,"data":{"id":"m9"}}`,
	})
	manifest := fmt.Sprintf(`{"version":"v202101","endpoints":{"getConversations":"%[1]s/history/:providerChannelId",
		"getConversationById":"%[1]s/{providerChannelId}/{sourceConversationId}","postMessage":"%[1]s/out/:providerChannelId?via=:providerChannelId"}}`, app.URL)
	e, _ := startWith(t, emulator.Provider{Manifest: []byte(manifest)})
	e.addChannel(added)
	settle(t, e.Server)

	reply := emulator.Reply{ProviderChannelID: "c/1", ConversationID: "v1", Message: "Yes, it is.", Files: []emulator.File{
		{Name: "prices \"2026\" für Ada.txt", Type: "text/plain", Content: []byte("blue: 12")}, {Name: "b", Content: []byte{0, 255}},
	}}
	got, err := e.Reply(t.Context(), reply)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != "m9" || got.Status != "" || got.SenderID != "shop" || len(got.Attachments) != 2 || got.Attachments[0].Size != 8 {
		t.Errorf("the message is %+v", got)
	}
	want := map[string][]string{
		"message": {"Yes, it is."}, "senderId": {"shop"}, "conversationId": {"v1"}, "recipientIds[]": {"ada,ben"},
		"files": {"prices \"2026\" für Ada.txt text/plain blue: 12", "b application/octet-stream \x00\xff"},
	}
	if len(app.forms) != 1 || fmt.Sprint(app.forms[0]) != fmt.Sprint(want) {
		t.Errorf("the app got %v\nwant %v", app.forms, want)
	}
	e.operation("receiveMessage", "POST", "/channels/messages/receive", `{"id":"m9","channel_id":"c/1","sender_id":"shop",`+
		`"conversation_id":"v1","message":"Yes, it is.","status":"sent","created_at":"2026-03-01 07:58","attachments":[]}`)
	settle(t, e.Server)
	if m := e.Messages("c/1", "v1"); len(m) != 1 || m[0].Status != "sent" {
		t.Errorf("the messages are %v", m)
	}

	for name, change := range map[string]func(*emulator.Reply){
		"no channel":      func(r *emulator.Reply) { r.ProviderChannelID = "other" },
		"no conversation": func(r *emulator.Reply) { r.ConversationID = "other" },
		"nothing to say":  func(r *emulator.Reply) { r.Message, r.Files = "", nil },
		"a type that is":  func(r *emulator.Reply) { r.Files = []emulator.File{{Name: "a", Type: "a\r\nb: c"}} },
	} {
		wrong := reply
		change(&wrong)
		if _, err := e.Reply(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), "nothing was sent") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for answer, part := range map[string]string{
		`{"success":true,"data":{}}`: "id: it is missing",
		`{"success":false}`:          "false beside status 200",
		`<html>`:                     "not what the document has",
		app.URL:                      "status 307",
	} {
		app.mu.Lock()
		app.answers[post] = answer
		app.mu.Unlock()
		if _, err := e.Reply(t.Context(), reply); err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "the-secret") {
			t.Errorf("to %s: %v, want %q", answer, err, part)
		}
	}
	if len(app.forms) != 5 {
		t.Errorf("%d forms arrived, want 5", len(app.forms))
	}
}
