// Bodies: what is JSON, what every source allows, and what only some do.

package emulator_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestBodiesThatAreNotReliableJSON(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{BurstLimit: 1000})
	for name, body := range map[string]string{
		"empty":              "",
		"white space":        " \n",
		"broken off":         `{"name":"n"`,
		"no JSON":            `name=n`,
		"a list":             `[` + channel() + `]`,
		"null":               `null`,
		"trailing value":     channel() + channel(),
		"trailing bracket":   channel() + "]",
		"trailing comma":     `{"name":"n","provider_channel_id":"c",}`,
		"duplicate key":      `{"name":"n","name":"m","provider_channel_id":"c"}`,
		"escaped duplicate":  `{"name":"n","\u006eame":"m","provider_channel_id":"c"}`,
		"duplicate deep":     `{"name":"n","provider_channel_id":"c","x":[{"a":1,"a":2}]}`,
		"not UTF-8":          `{"name":"` + "\xff" + `","provider_channel_id":"c"}`,
		"half a pair":        `{"name":"a\ud83d","provider_channel_id":"c"}`,
		"the other half":     `{"name":"\\\uDE42\ud83d","provider_channel_id":"c"}`,
		"byte order mark":    "\xef\xbb\xbf" + channel(),
		"deep":               `{"name":"n","provider_channel_id":"c","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
		"very deep":          strings.Repeat("[", 1<<19),
		"mismatched bracket": `{"name":"n","provider_channel_id":"c","x":[}]`,
	} {
		if got := a.addChannel(body); got.status != http.StatusBadRequest || got.code() != "INVALID_BODY" {
			t.Errorf("%s: got %d %s", name, got.status, got.raw)
		}
		if got := a.receive(body); got.status != http.StatusBadRequest || got.code() != "INVALID_RECEIVE_MESSAGE_PAYLOAD" {
			t.Errorf("%s: got %d %s", name, got.status, got.raw)
		}
	}
	a.addChannel("\n"+channel()+" ").want(t, http.StatusOK, "")
	a.addChannel(`{"name":"\ud83d\uDE42 \\ud83d","provider_channel_id":"whole"}`).want(t, http.StatusOK, "")
}

func TestContentTypeAndSize(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	a.with("Content-Type", "application/json; charset=utf-8").addChannel(channel()).want(t, http.StatusOK, "")
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json", ";"} {
		if got := a.with("Content-Type", contentType).receive(message()); got.status != http.StatusUnsupportedMediaType || got.body["errorCode"] != 415.0 {
			t.Errorf("Content-Type %q: got %d %s", contentType, got.status, got.raw)
		}
	}
	a.with("Content-Encoding", "identity").receive(message()).want(t, http.StatusOK, "")
	if got := a.with("Content-Encoding", "gzip").receive(message()); got.status != http.StatusUnsupportedMediaType {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	a.with("Content-Type").receive(message()).want(t, http.StatusOK, "")

	room := 1<<20 - len(message("message", ""))
	a.receive(message("message", strings.Repeat("x", room))).want(t, http.StatusOK, "")
	if got := a.receive(message("message", strings.Repeat("x", room+1))); got.status != http.StatusRequestEntityTooLarge || got.body["errorCode"] != 413.0 {
		t.Errorf("got %d %s, want 413", got.status, got.raw)
	}
}

// What one source allows and another refuses is accepted and logged, and refused if Strict.
func TestStrict(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	lenient := start(t, emulator.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	strict := start(t, emulator.Config{Strict: true})
	const refused = "accepted what another published source refuses"
	full := map[string]any{"id": "a", "type": "image/png", "url": "https://m.example/1", "name": nil, "size": nil, "preview_url": nil, "link_expires": true}
	without := func(key string) []any {
		o := map[string]any{}
		for k, v := range full {
			if k != key {
				o[k] = v
			}
		}
		return []any{full, o}
	}
	with := func(key string, value any) []any {
		o := without("")[1].(map[string]any)
		o[key] = value
		return []any{o}
	}
	for _, a := range []api{lenient, strict} {
		a.addChannel(channel()).want(t, http.StatusOK, "")
		a.receive(message("attachments", []any{full}, "reply_by", nil)).want(t, http.StatusOK, "")
		a.receive(message("conversation_link", nil)).want(t, http.StatusBadRequest, "INVALID_RECEIVE_MESSAGE_PAYLOAD")
	}
	if strings.Contains(log.String(), refused) {
		t.Errorf("a warning of what every source allows:\n%s", log.String())
	}
	for reason, body := range map[string]string{
		"created_at is not":                 message("created_at", "2026-03-01T07:58:00Z"),
		"reply_by is not":                   message("reply_by", "2026-03-01T07:58:00Z"),
		"created_at is not in UTC minutes":  message("created_at", "2026-03-01 07:58:30"),
		"attachments.0.url is no URL":       message("attachments", with("url", "files/1")),
		"attachments.0.preview_url is no":   message("attachments", with("preview_url", "1")),
		"attachments.0.type is no mime":     message("attachments", with("type", "picture")),
		"conversation_link is no URL":       message("conversation_link", "//m.example/v1"),
		"attachments is missing":            message("attachments", absent{}),
		"attachments.1.name is missing":     message("attachments", without("name")),
		"attachments.1.size is missing":     message("attachments", without("size")),
		"attachments.1.preview_url is":      message("attachments", without("preview_url")),
		"recipient is a property that":      message("recipient", "r"),
		"attachments.0.bytes is a property": message("attachments", with("bytes", 1)),
	} {
		log.Reset()
		lenient.receive(body).want(t, http.StatusOK, "")
		if !strings.Contains(log.String(), refused) || !strings.Contains(log.String(), reason) {
			t.Errorf("no warning that %s; the log has\n%s", reason, log.String())
		}
		got := strict.receive(body).want(t, http.StatusBadRequest, "INVALID_RECEIVE_MESSAGE_PAYLOAD").body["error"].(string)
		if !strings.HasPrefix(got, reason) {
			t.Errorf("error %q, want %q", got, reason)
		}
	}
	if got := lenient.Messages("c1", "v1")[0].CreatedAt.Second(); got != 0 && got != 30 {
		t.Errorf("created_at is read with %d seconds", got)
	}
	for _, body := range []string{channel("provider_channel_id", "c2"), channel("provider_channel_id", "c3", "name", "n", "avatar_url", "icon.png")} {
		lenient.addChannel(body).want(t, http.StatusOK, "")
	}
	strict.addChannel(channel("provider_channel_id", "c2")).want(t, http.StatusConflict, "CHANNEL_ALREADY_EXISTS") // of the same name
	strict.addChannel(channel("provider_channel_id", "c3", "name", "n", "avatar_url", "icon.png")).want(t, http.StatusBadRequest, "INVALID_BODY")
	strict.addChannel(channel("colour", "blue", "provider_channel_id", "c2")).want(t, http.StatusBadRequest, "INVALID_BODY")
	if got := strict.with("Content-Type").receive(message()); got.status != http.StatusUnsupportedMediaType {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	strict.as(strict.Users()[1]).deleteChannel("c1").want(t, http.StatusForbidden, "FORBIDDEN_USER_REQUEST")
	strict.deleteChannel("c1").want(t, http.StatusOK, "")
	log.Reset()
	lenient.as(lenient.Users()[1]).deleteChannel("c1").want(t, http.StatusOK, "")
	if !strings.Contains(log.String(), refused) {
		t.Errorf("no warning that only the owner may; the log has\n%s", log.String())
	}
}

// Whatever the body, the answer is one that the document allows, and never a failure.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{
		message(), message("attachments", []any{map[string]any{"id": "a", "type": "t", "url": "u", "size": 1e300}}),
		message("created_at", "9999-12-31T23:59:59-23:59"), message("reply_by", "0000-01-01 00:00"), message("reply_by", nil),
		channel(), channel("provider_type", "facebook"), `{"a":{"a":[1,2,{"b":null}]}}`, `{"id":1e999}`, "\xff", "[", `""`, `{"":""}`,
	} {
		f.Add(body, false)
		f.Add(body, true)
	}
	f.Fuzz(func(t *testing.T, body string, strict bool) {
		e, err := emulator.New(emulator.Config{Strict: strict})
		if err != nil {
			t.Fatal(err)
		}
		ask := func(operation, target, body string) int {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/v1"+target, strings.NewReader(body))
			r.Header.Set("X-Api-Token", e.APIToken())
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			if reason := undocumented(operation, w.Code, w.Body.String()); reason != "" || w.Code >= 500 {
				t.Errorf("%s of %q is answered by %d %s: %s", operation, body, w.Code, w.Body, reason)
			}
			return w.Code
		}
		ask("addChannel", "/channels", body)
		registered := len(e.Channels())
		ask("addChannel", "/channels", channel())
		if ask("receiveMessage", "/channels/messages/receive", body) == http.StatusOK {
			if got := e.Conversations("c1"); len(got) != 1 || len(e.Messages("c1", got[0].ID)) != 1 {
				t.Errorf("%q was accepted, and left %v", body, got)
			}
		}
		if registered > 1 {
			t.Errorf("%q registered %d channels", body, registered)
		}
	})
}
