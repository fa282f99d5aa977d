package main

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/gen/channelsclient"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// full is a line in which everything is set.
const full = `{"id":"m-1","channel_id":"shop-1","conversation_id":"c-1","sender_id":"nils","message":"Hi","status":"sent",` +
	`"created_at":"2026-03-01 07:58","reply_by":"2026-03-02T08:58:30+01:00","conversation_link":"https://shop.example/c-1",` +
	`"attachments":[{"id":"a-1","type":"image/png","url":"https://shop.example/1.png","name":"1.png","size":1.5,` +
	`"preview_url":"https://shop.example/p.png","link_expires":true}]}`

func TestALineIsAMessage(t *testing.T) {
	t.Parallel()
	got, err := parseMessage([]byte(full))
	want := channels.ReceiveMessageRequest{
		ID: "m-1", ProviderChannelID: "shop-1", ConversationID: "c-1", SenderID: "nils", Message: "Hi", Status: channels.StatusSent,
		CreatedAt: time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC), ConversationLink: "https://shop.example/c-1",
		Attachments: []channels.Attachment{{
			ID: "a-1", Type: "image/png", URL: "https://shop.example/1.png", Name: "1.png", Size: 1.5,
			PreviewURL: "https://shop.example/p.png", LinkExpires: true,
		}},
	}
	if !got.ReplyBy.Equal(time.Date(2026, 3, 2, 7, 58, 30, 0, time.UTC)) {
		t.Errorf("reply_by is %v", got.ReplyBy)
	}
	got.ReplyBy = time.Time{}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
}

func TestLinesUseTheNamesOfTheAPI(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]reflect.Type{
		{reflect.TypeFor[messageLine](), reflect.TypeFor[channelsclient.ReceiveMessageRequest]()},
		{reflect.TypeFor[attachmentLine](), reflect.TypeFor[channelsclient.Attachment]()},
	} {
		_, ours := fieldFor(pair[0], "")
		_, theirs := fieldFor(pair[1], "")
		slices.Sort(ours)
		slices.Sort(theirs)
		if !slices.Equal(ours, theirs) {
			t.Errorf("a line has %v, the API's document %v", ours, theirs)
		}
	}
}

func TestEveryFieldOfARequestHasANameForUsers(t *testing.T) {
	t.Parallel()
	for f := range reflect.TypeFor[channels.ReceiveMessageRequest]().Fields() {
		if lineNames[f.Name] == "" || flagNames[f.Name] == "" {
			t.Errorf("%s is %q in a line and %q among the flags", f.Name, lineNames[f.Name], flagNames[f.Name])
		}
	}
	for f := range reflect.TypeFor[channels.Attachment]().Fields() {
		if attachmentNames[f.Name] == "" {
			t.Errorf("%s has no name in an attachment", f.Name)
		}
	}
}

func TestLinesThatAreNoMessages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`not json`:          "not JSON",
		`null`:              "not a JSON object",
		`[]`:                "not a JSON object",
		full + `{}`:         "not JSON",
		full + full:         "not JSON",
		full[:50]:           "not JSON",
		"{\"id\":\"\xff\"}": "not UTF-8",
		strings.Replace(full, "m-1", `m-\ud83d`, 1):                             `\ud83d is half a character`,
		strings.Replace(full, `1.png"`, `\udeb2"`, 1):                           `\udeb2 is half a character`,
		strings.Replace(full, "m-1", byteOrderMark+"m-1", 1):                    "id has a byte order mark",
		strings.Replace(full, `"sender_id"`, `"sender"`, 1):                     `unknown key "sender"`,
		strings.Replace(full, `"sender_id"`, `"Sender_ID"`, 1):                  `unknown key "Sender_ID"`,
		strings.Replace(full, `"id"`, `"id":"m-0","id"`, 1):                     "id is given twice",
		strings.Replace(full, `"preview_url"`, `"preview"`, 1):                  `attachments: unknown key "preview"; the keys are id, type,`,
		strings.Replace(full, `"name"`, `"url":"https://x.example/","name"`, 1): "attachments: url is given twice",
		strings.Replace(full, `"attachments":[`, `"attachments":[null,`, 1):     "attachments: not a JSON object",
		strings.Replace(full, `[{`, `{`, 1):                                     "not JSON",
		strings.Replace(full, `"m-1"`, `7`, 1):                                  "id must not be a JSON number",
		strings.Replace(full, `"m-1"`, `null`, 1):                               "id is missing",
		strings.Replace(full, `"shop-1"`, `""`, 1):                              "channel_id is missing",
		strings.Replace(full, `"c-1"`, `".."`, 1):                               `conversation_id is ".."`,
		strings.Replace(full, `"sent"`, `""`, 1):                                `status is missing`,
		strings.Replace(full, `"2026-03-01 07:58"`, `"yesterday"`, 1):           `created_at is "yesterday"; write`,
		strings.Replace(full, `"2026-03-01 07:58"`, `"2026-13-01 07:58"`, 1):    `created_at is "2026-13-01 07:58"`,
		strings.Replace(full, `"2026-03-01 07:58"`, `1772352000`, 1):            "created_at must not be a JSON number",
		strings.Replace(full, `"2026-03-01 07:58"`, `null`, 1):                  "created_at is missing",
		strings.Replace(full, `2026-03-02T`, `2026-03-02X`, 1):                  "reply_by is",
		strings.Replace(full, `"https://shop.example/1.png"`, `"1.png"`, 1):     "attachments[0].url is not an absolute",
		strings.Replace(full, `1.5`, `-1`, 1):                                   "attachments[0].size is -1",
		strings.Replace(full, `1.5`, `"1.5"`, 1):                                "size must not be a JSON string",
	} {
		if _, err := parseMessage([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %q", text, err, want)
		}
	}
}

func TestAConversationIsKnownFromALineThatIsNoMessage(t *testing.T) {
	t.Parallel()
	r, err := parseMessage([]byte(strings.Replace(full, `"sender_id"`, `"sender"`, 1)))
	if err == nil || r.ProviderChannelID != "shop-1" || r.ConversationID != "c-1" {
		t.Errorf("%+v, %v", r, err)
	}
}

// FuzzParseMessage: a line is refused, or it is a message that survives being written again.
func FuzzParseMessage(f *testing.F) {
	for _, seed := range []string{full, `{}`, `null`, `{"attachments":[{}]}`, `{"id":"\ud800"}`, `{"attachments":null,"reply_by":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := parseMessage(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(lineOf(channels.Message(r)))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		back, err := parseMessage(again)
		if err != nil {
			t.Fatalf("%s became %s: %v", text, again, err)
		}
		if back.ID != r.ID || back.Message != r.Message || len(back.Attachments) != len(r.Attachments) ||
			!back.CreatedAt.Equal(r.CreatedAt.Truncate(time.Second)) {
			t.Fatalf("%s became %s", text, again)
		}
	})
}
