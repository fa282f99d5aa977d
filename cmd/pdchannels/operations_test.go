package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestTheLifeOfAChannel(t *testing.T) {
	t.Parallel()
	server, env := pipedrive(t)
	id := "whatsapp/+49 151" // an id that has to be encoded in a path

	pdchannels(t, env, "channel", "add", "--name", "Support", "--id", id, "--provider-type", "whatsapp", "--templates",
		"--avatar-url", "https://shop.example/icon.png").wants(t, exitDone, `Channel whatsapp/+49 151 is registered as "Support".`, "")
	have := server.Channels()
	if len(have) != 1 || have[0].ProviderChannelID != id || have[0].Name != "Support" || have[0].ProviderType != "whatsapp" ||
		!have[0].TemplateSupport || have[0].AvatarURL != "https://shop.example/icon.png" {
		t.Fatalf("Pipedrive has %+v", have)
	}

	pdchannels(t, env, "channel", "add", "--name", "Support", "--id", id).wants(t, exitFailed, "", "409 CHANNEL_ALREADY_EXISTS")
	pdchannels(t, env, "message", "receive", "--id", "m-1", "--channel", id, "--conversation", "c-1", "--sender", "nils",
		"--status", "sent", "--text", "Hi", "--created-at", "2026-03-01 07:58", "--reply-by", "2026-03-02T08:58:00+01:00",
		"--link", "https://shop.example/c-1", "--attachment", `id=a-1,type=image/png,"url=https://shop.example/1,2.png",name=1.png,size=1.5`,
		"--attachment", "id=a-2,type=image/png,url=https://shop.example/2.png,preview_url=https://shop.example/p.png,link_expires=true").
		wants(t, exitDone, "Message m-1 is in conversation c-1 of channel "+id+", with status sent.", "")

	messages := server.Messages(id, "c-1")
	if len(messages) != 1 {
		t.Fatalf("Pipedrive has %d messages", len(messages))
	}
	m := messages[0]
	if m.Message != "Hi" || m.SenderID != "nils" || m.Status != "sent" || m.ConversationLink != "https://shop.example/c-1" ||
		!m.CreatedAt.Equal(time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC)) || !m.ReplyBy.Equal(time.Date(2026, 3, 2, 7, 58, 0, 0, time.UTC)) {
		t.Errorf("Pipedrive has %+v", m)
	}
	if a := m.Attachments; len(a) != 2 || a[0].URL != "https://shop.example/1,2.png" || a[0].Name != "1.png" || a[0].Size != 1.5 ||
		a[1].PreviewURL != "https://shop.example/p.png" || !a[1].LinkExpires || a[0].LinkExpires {
		t.Errorf("Pipedrive has the attachments %+v", a)
	}

	pdchannels(t, env, "conversation", "delete", "--channel", id, "--id", "c-2").wants(t, exitFailed, "", "404 NOT_FOUND")
	pdchannels(t, env, "conversation", "delete", "--channel", id, "--id", "c-1").wants(t, exitDone, "Conversation c-1 of channel "+id+" is deleted", "")
	if have := server.Messages(id, "c-1"); have != nil {
		t.Errorf("Pipedrive still has %+v", have)
	}
	pdchannels(t, env, "channel", "delete", "--id", id).wants(t, exitDone, "is deleted, with its conversations and messages", "")
	if have := server.Channels(); len(have) != 0 {
		t.Errorf("Pipedrive still has %+v", have)
	}
}

func TestAMessageIsOfNowUnlessSaidOtherwise(t *testing.T) {
	t.Parallel()
	server, env := pipedrive(t)
	pdchannels(t, env, "channel", "add", "--name", "Shop", "--id", "shop-1").wants(t, exitDone, "shop-1", "")
	before := time.Now().Truncate(time.Minute)
	pdchannels(t, env, "message", "receive", "--id", "m-1", "--channel", "shop-1", "--conversation", "c-1", "--sender", "nils", "--status", "read", "--text", "Hi").
		wants(t, exitDone, "m-1", "")
	if m := server.Messages("shop-1", "c-1"); len(m) != 1 || m[0].CreatedAt.Before(before) || m[0].CreatedAt.After(time.Now()) {
		t.Errorf("Pipedrive has %+v", m)
	}
}

func TestResultsAsJSON(t *testing.T) {
	t.Parallel()
	_, env := pipedrive(t)
	message := "message receive --json --id m-1 --channel shop-1 --conversation c-1 --sender nils --status sent --text Hi --created-at 2026-03-01T07:58:00Z"
	for _, c := range []struct {
		args string
		code int
		want []string // a path, and the value at its end
	}{
		{"channel add --json --name Shop --id shop-1", exitDone, []string{"channel", "provider_channel_id", "shop-1"}},
		{"channel add --json --name Shop --id shop-1", exitFailed, []string{"error", "code", "CHANNEL_ALREADY_EXISTS"}},
		{"channel add --json --name Shop --id shop-1", exitFailed, []string{"error", "operation", "addChannel"}},
		{"channel add --json --name Shop --id shop-1", exitFailed, []string{"error", "outcome", "answered"}},
		{message, exitDone, []string{"message", "created_at", "2026-03-01T07:58:00Z"}},
		{message + " --check", exitDone, []string{"check", "messages", "1"}},
		{"conversation delete --json --channel shop-1 --id c-1", exitDone, []string{"deleted", "conversation_id", "c-1"}},
		{"channel delete --json --id shop-1", exitDone, []string{"deleted", "channel_id", "shop-1"}},
	} {
		r := pdchannels(t, env, strings.Fields(c.args)...)
		path, want := c.want[:len(c.want)-1], c.want[len(c.want)-1]
		got := fmt.Sprint(field(r.object(t), path...))
		if r.code != c.code || got != want || r.stderr != "" {
			t.Errorf("%s: exit code %d, %v is %v, stderr %q\n%s", c.args, r.code, path, got, r.stderr, r.stdout)
		}
	}
}

func TestExitCodesTellWhatHappened(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   int
		stderr string
	}{
		"accepted":     {func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, `{"success":true}`) }, exitDone, ""},
		"bad request":  {refusal(400, "INVALID_BODY"), exitFailed, "answered 400 INVALID_BODY"},
		"no token":     {refusal(401, ""), exitNotAllowed, "answered 401"},
		"forbidden":    {refusal(403, "FORBIDDEN_USER_REQUEST"), exitNotAllowed, "answered 403 FORBIDDEN_USER_REQUEST"},
		"a proxy":      {func(w http.ResponseWriter, _ *http.Request) { answer(w, 403, "<html><title>No</title>") }, exitFailed, "answered 403"},
		"withdrawn":    {refusal(410, ""), exitFailed, "answered 410"},
		"limited":      {refusal(429, ""), exitNotAllowed, "answered 429"},
		"broken there": {refusal(503, ""), exitUnsure, "Run the command again: a second deletion does no harm."},
		"hung up":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, exitUnsure, "Run the command again"},
		"redirected": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
		}, exitFailed, "elsewhere.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := scripted(t, c.answer)
			r := pdchannels(t, env, "channel", "delete", "--id", "shop-1", "--attempts", "1")
			if r.code != c.code || !strings.Contains(r.stderr, c.stderr) || (r.code == exitDone) != strings.Contains(r.stdout, "deleted") {
				t.Errorf("%+v, want exit code %d and %q", r, c.code, c.stderr)
			}
			r = pdchannels(t, env, "channel", "delete", "--id", "shop-1", "--attempts", "1", "--json")
			object := r.object(t)
			if r.code != c.code || (r.code == exitDone) != (object["deleted"] != nil) || (r.code == exitDone) == (object["error"] != nil) {
				t.Errorf("%+v, want exit code %d", r, c.code)
			}
		})
	}
}

// lasting returns a handler that refuses, and asks for a wait that is not made.
func lasting(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "60")
		refusal(status, "")(w, r)
	}
}

// refusal answers as the API refuses.
func refusal(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answer(w, status, `{"success":false,"error":"no","error_info":"","additional_data":{"code":"`+code+`"}}`)
	}
}

func TestNothingIsSentByADeadCommand(t *testing.T) {
	t.Parallel()
	env := vars{"PIPEDRIVE_ACCESS_TOKEN": "token", "PIPEDRIVE_BASE_URL": "http://127.0.0.1:1/v1"}
	pdchannels(t, env, "channel", "delete", "--id", "shop-1").wants(t, exitFailed, "", "not sent: no connection")
}

func TestAUserWithoutTheRight(t *testing.T) {
	t.Parallel()
	server, env := pipedrive(t)
	pdchannels(t, env, "channel", "add", "--name", "Shop", "--id", "shop-1").wants(t, exitDone, "shop-1", "")
	colleague := env.with("PIPEDRIVE_ACCESS_TOKEN", "").with("PIPEDRIVE_API_TOKEN", secret(server.Users()[1].APIToken))
	pdchannels(t, colleague, "channel", "add", "--name", "Shop", "--id", "shop-2").wants(t, exitNotAllowed, "", "403 ADMIN_ONLY")
	pdchannels(t, colleague, "conversation", "delete", "--channel", "shop-1", "--id", "c-1").wants(t, exitNotAllowed, "", "403 FORBIDDEN_USER_REQUEST")
}

func secret(s emulator.Secret) string { return s.Reveal() }
