//go:build interop

// Pipedrive's npm package against the emulator: what it sends, what it gets, what it throws.

package interop

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// An id that travels only if both sides escape it as RFC 3986 wants.
const awkward = "whatsapp/+49 151:5112?#%ü"

// way is one way in which Pipedrive's package reaches the API. Version 23 sends an API token
// as a query parameter, which today's reference does not know, so it has one way only; and a
// 401 makes it renew its token, which fails for want of a refresh token.
type way struct {
	name, client, setting string
	header                string // which carries the credential
	userAgent             string
	unauthorized          string // in what a made-up token makes it throw
}

var ways = []way{
	{"version 33 with an access token", "axios", "accessToken", "Authorization", "Pipedrive-SDK-Javascript-33.7.0", "errorCode:401"},
	{"version 33 with an API token", "axios", "apiKey", "X-Api-Token", "Pipedrive-SDK-Javascript-33.7.0", "errorCode:401"},
	{"version 23 with an access token", "superagent", "accessToken", "Authorization", "Pipedrive-SDK-Javascript-23.4.3", "property refreshToken is not set"},
}

func (w way) token(user emulator.User) string {
	if w.setting == "apiKey" {
		return user.APIToken.Reveal()
	}
	return user.AccessToken.Reveal()
}

func (w way) settings(s *service, token string) object {
	return object{"basePath": s.url + "/v1", w.setting: token}
}

func TestPipedrivesPackage(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s, n := startService(t, emulator.Config{}), startNode(t)
			owner, other := s.Users()[0], s.Users()[1]
			asOwner, asOther := w.settings(s, w.token(owner)), w.settings(s, w.token(other))

			channel := object{"name": "Support", "provider_channel_id": awkward, "provider_type": "whatsapp", "template_support": true}
			_, thrown := n.call(w.client, asOther, "addChannel", channel)
			wantRefused(t, "addChannel by nobody special", thrown, "ADMIN_ONLY")

			value, thrown := n.call(w.client, asOwner, "addChannel", channel)
			wantSent(t, w, s, w.token(owner), "POST", "/v1/channels", channel)
			data := wantSuccess(t, "addChannel", value, thrown)
			for key, want := range channel {
				if data[key] != want {
					t.Errorf("addChannel answered %s %v, want %v", key, data[key], want)
				}
			}
			if got := s.Channels(); len(got) != 1 || got[0].ProviderChannelID != awkward || data["id"] != got[0].ID {
				t.Errorf("the emulator has channels %+v, the package got %v", got, data)
			}
			_, thrown = n.call(w.client, asOwner, "addChannel", channel)
			wantRefused(t, "a second addChannel", thrown, "CHANNEL_ALREADY_EXISTS")

			message := object{
				"id": "message-1", "channel_id": awkward, "sender_id": "person-7", "conversation_id": awkward,
				"message": "Is the blue one in stock?", "status": "sent", "created_at": "2026-03-01 07:58", "reply_by": "2026-03-02T07:58:30.000Z",
				"attachments": []any{object{"id": "a", "type": "image/png", "url": "https://messenger.example/3.png", "name": "3.png", "size": 600.5, "link_expires": true}},
			}
			value, thrown = n.call(w.client, asOwner, "receiveMessage", message)
			wantSent(t, w, s, w.token(owner), "POST", "/v1/channels/messages/receive", message)
			if data := wantSuccess(t, "receiveMessage", value, thrown); data["message"] != message["message"] || data["created_at"] != "2026-03-01T07:58:00.000Z" {
				t.Errorf("receiveMessage answered %v", data)
			}
			message["status"] = "read"
			value, thrown = n.call(w.client, asOwner, "receiveMessage", message)
			wantSuccess(t, "receiveMessage once more", value, thrown)
			wantStored(t, s)

			message["status"] = "lost"
			_, thrown = n.call(w.client, asOwner, "receiveMessage", message)
			wantRefused(t, "receiveMessage with a status nobody knows", thrown, "INVALID_RECEIVE_MESSAGE_PAYLOAD")

			_, thrown = n.call(w.client, asOther, "deleteConversation", awkward, awkward)
			wantRefused(t, "deleteConversation by nobody special", thrown, "FORBIDDEN_USER_REQUEST")
			value, thrown = n.call(w.client, asOwner, "deleteConversation", awkward, awkward)
			wantSent(t, w, s, w.token(owner), "DELETE", "/v1/channels/"+escaped()+"/conversations/"+escaped(), nil)
			wantSuccess(t, "deleteConversation", value, thrown)
			if got := s.Conversations(awkward); len(got) != 0 {
				t.Errorf("after deleteConversation the emulator has %+v", got)
			}
			_, thrown = n.call(w.client, asOwner, "deleteConversation", "nowhere", awkward)
			wantRefused(t, "deleteConversation of an unknown channel", thrown, "NOT_FOUND")

			value, thrown = n.call(w.client, asOwner, "deleteChannel", awkward)
			wantSent(t, w, s, w.token(owner), "DELETE", "/v1/channels/"+escaped(), nil)
			wantSuccess(t, "deleteChannel", value, thrown)
			if got := s.Channels(); len(got) != 0 {
				t.Errorf("after deleteChannel the emulator has %+v", got)
			}

			_, thrown = n.call(w.client, w.settings(s, "made-up"), "deleteChannel", awkward)
			if got := fmt.Sprint(thrown); !strings.Contains(got, w.unauthorized) {
				t.Errorf("a made-up token: the package threw %s, want %q", got, w.unauthorized)
			}
		})
	}
}

const redirectURL = "https://app.example/callback"

// newCode is a code that the Marketplace has sent to redirectURL.
func newCode(t *testing.T, e *emulator.Emulator) string {
	t.Helper()
	sentTo, err := e.MarketplaceInstall(e.Users()[0].ID, redirectURL)
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(sentTo, "?code=")
	return code
}

func TestPipedrivesOAuth(t *testing.T) {
	t.Parallel()
	s, n := startService(t, emulator.Config{ClientID: "client-1", ClientSecret: emulator.NewSecret("secret-1"), RedirectURLs: []string{redirectURL}}), startNode(t)
	settings := object{"clientId": "client-1", "clientSecret": "secret-1", "redirectUri": redirectURL, "host": s.url}
	channel := object{"name": "Support", "provider_channel_id": "whatsapp-1"}

	value, thrown := n.call("oauth", settings, "authorizeRefreshAndCall", newCode(t, s.Emulator), channel)
	if thrown != nil {
		t.Fatalf("the package threw %v", thrown)
	}
	added, _ := value["added"].(object)
	wantSuccess(t, "addChannel with the token it got", added, nil)
	if value["basePath"] != s.url+"/api/v1" || value["expiresIn"] != 3600.0 || value["renewed"] != true || !strings.Contains(fmt.Sprint(value["scope"]), "messengers-integration") {
		t.Errorf("the package has %v", value)
	}
	if got := s.last(t).path; got != "/api/v1/channels" {
		t.Errorf("the package called %s, want the path below the api_domain it was told", got)
	}

	used := newCode(t, s.Emulator)
	if _, thrown = n.call("oauth", settings, "authorize", used); thrown != nil {
		t.Fatalf("the package threw %v", thrown)
	}
	if _, thrown = n.call("oauth", settings, "authorize", used); thrown["error"] != "invalid_grant" {
		t.Errorf("a code used twice: the package threw %v, want invalid_grant", thrown)
	}
	settings["clientSecret"] = "secret-2"
	if _, thrown = n.call("oauth", settings, "authorize", newCode(t, s.Emulator)); thrown["error"] != "invalid_client" {
		t.Errorf("a wrong client secret: the package threw %v, want invalid_client", thrown)
	}
}

// escaped is the awkward id as JavaScript's encodeURIComponent writes it.
func escaped() string {
	return strings.ReplaceAll(url.QueryEscape(awkward), "+", "%20")
}

func wantSent(t *testing.T, w way, s *service, token, method, path string, body object) {
	t.Helper()
	got := s.last(t)
	if got.method != method || got.path != path {
		t.Errorf("the package sent %s %s, want %s %s", got.method, got.path, method, path)
	}
	if !reflect.DeepEqual(got.body, body) {
		t.Errorf("the package sent %v, want %v", got.body, body)
	}
	for _, header := range []string{"Authorization", "X-Api-Token"} {
		want := ""
		if header == w.header {
			want = strings.TrimPrefix("Bearer "+token, map[bool]string{true: "Bearer "}[header == "X-Api-Token"])
		}
		if got.header.Get(header) != want {
			t.Errorf("the package sent the header %s: %q, want %q", header, got.header.Get(header), want)
		}
	}
	if got := got.header.Get("User-Agent"); got != w.userAgent {
		t.Errorf("the package calls itself %q, want %q", got, w.userAgent)
	}
}

func wantSuccess(t *testing.T, what string, value, thrown object) (data object) {
	t.Helper()
	if thrown != nil || value["success"] != true {
		t.Fatalf("%s: the package returned %v and threw %v", what, value, thrown)
	}
	data, _ = value["data"].(object)
	return data
}

func wantRefused(t *testing.T, what string, thrown object, code string) {
	t.Helper()
	detail, _ := thrown["additional_data"].(object)
	if thrown["success"] != false || detail["code"] != code {
		t.Errorf("%s: the package threw %v, want code %s", what, thrown, code)
	}
}

// wantStored wants the message of TestPipedrivesPackage, once, in its last state.
func wantStored(t *testing.T, s *service) {
	t.Helper()
	want := []emulator.Message{{
		ID: "message-1", SenderID: "person-7", ConversationID: awkward, Message: "Is the blue one in stock?", Status: "read",
		CreatedAt: time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC), ReplyBy: time.Date(2026, 3, 2, 7, 58, 30, 0, time.UTC),
		Attachments: []emulator.Attachment{{ID: "a", Type: "image/png", URL: "https://messenger.example/3.png", Name: "3.png", Size: 600.5, LinkExpires: true}},
	}}
	if got := s.Messages(awkward, awkward); !reflect.DeepEqual(got, want) {
		t.Errorf("the emulator has\n%+v, want\n%+v", got, want)
	}
}
