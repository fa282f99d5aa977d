// Links that expire, as Pipedrive tests and refreshes them, and an app that wants to be left alone for a while.

package emulator_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// expiringApp has one conversation, whose attachment and avatar are found at links that expire.
type expiringApp struct {
	*httptest.Server
	mu    sync.Mutex
	fresh string // what is found; everything else is gone
	busy  int    // how often getConversations answers 429 first
	calls []string
}

func startExpiring(t *testing.T) *expiringApp {
	t.Helper()
	a := &expiringApp{fresh: "one"}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *expiringApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, r.Method+" "+r.URL.Path)
	link := func(name string) string { return a.URL + "/files/" + name + "-" + a.fresh }
	message := fmt.Sprintf(`{"id":"m","status":"read","created_at":"2026-03-01 07:58","message":"M","sender_id":"ada","attachments":[{"id":"a","type":"image/png","url":%q,"link_expires":true}]}`, link("picture"))
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/files/"):
		if r.Header.Get("Authorization") != "" || !strings.HasSuffix(path, "-"+a.fresh) {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, path) //nolint:gosec // no browser reads it
	case strings.HasSuffix(path, "/conversations") && a.busy > 0:
		a.busy--
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = fmt.Fprintf(w, `{"success":false,"data":{"message":"later","code":"RATE_LIMIT_EXCEEDED","retry_by":%q}}`, time.Now().Add(-time.Second).Format(time.RFC3339))
	case strings.HasSuffix(path, "/conversations"):
		_, _ = fmt.Fprintf(w, `{"success":true,"additional_data":{},"data":[{"id":"v","link":"","status":"open","seen":true,"messages":[%s],"participants":[`+
			`{"id":"shop","name":"S","role":"source_user"},{"id":"ada","name":"A","role":"end_user","avatar_url":%q,"avatar_expires":true}]}]}`, message, link("avatar"))
	case strings.HasSuffix(path, "/messages/m"):
		_, _ = io.WriteString(w, message)
	case strings.HasSuffix(path, "/senders/ada"):
		_, _ = fmt.Fprintf(w, `{"success":true,"data":{"id":"ada","name":"A","avatar_url":%q}}`, link("avatar"))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (a *expiringApp) expire(fresh string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fresh, a.calls = fresh, nil
}

func (a *expiringApp) count(call string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.calls {
		if strings.HasPrefix(c, call) {
			n++
		}
	}
	return n
}

func TestLinksThatExpireAreRefreshed(t *testing.T) {
	t.Parallel()
	now := newClock()
	app := startExpiring(t)
	e := start(t, emulator.Config{ClientID: "the-app", ClientSecret: emulator.NewSecret("the-secret"), Provider: emulator.Provider{BaseURL: app.URL}, Clock: now.Now})
	e.addChannel(`{"name":"Shop","provider_channel_id":"c"}`)
	settle(t, e.Server)
	picture, avatar := "/file?in=c&c=v&m=m&id=a&show", "/avatar?in=c&c=v&id=ada"
	shows := func(target, want string) {
		t.Helper()
		resp, err := http.Get(e.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if body, _ := io.ReadAll(resp.Body); string(body) != want {
			t.Errorf("%s: %d %q, want %q", target, resp.StatusCode, body, want)
		}
	}
	shows(picture, "/files/picture-one")
	shows(avatar, "/files/avatar-one")
	if app.count("GET /channels/c/conversations/v/messages/m")+app.count("GET /channels/c/senders") > 0 {
		t.Error("links that work are asked for")
	}

	app.expire("two")
	shows(picture, "/files/picture-two")
	shows(picture, "/files/picture-two")
	shows(avatar, "/files/avatar-two")
	if n := app.count("GET /channels/c/conversations/v/messages/m"); n != 1 || app.count("HEAD ") != 3 {
		t.Errorf("the message was asked for %d times: %q", n, app.calls)
	}
	if got := e.Messages("c", "v")[0].Attachments[0].URL; got != app.URL+"/files/picture-two" {
		t.Errorf("kept is %s", got)
	}

	// A picture is asked for once a day.
	app.expire("three")
	shows(avatar, "The file cannot be had: the app answers with status 404\n")
	now.advance(24 * time.Hour)
	shows(avatar, "/files/avatar-three")
	if n := app.count("GET /channels/c/senders/ada"); n != 1 {
		t.Errorf("the sender was asked for %d times", n)
	}
}

// An app that answers 429 with a retry_by is asked again, and not for ever.
func TestAnAppThatIsBusyIsAskedAgain(t *testing.T) {
	t.Parallel()
	for busy, want := range map[int]int{0: 1, 3: 4, 9: 4} {
		app := startExpiring(t)
		app.busy = busy
		e := start(t, emulator.Config{ClientID: "the-app", ClientSecret: emulator.NewSecret("the-secret"), Provider: emulator.Provider{BaseURL: app.URL}})
		e.addChannel(`{"name":"Shop","provider_channel_id":"c"}`)
		settle(t, e.Server)
		imported := slices.ContainsFunc(e.Conversations("c"), func(c emulator.Conversation) bool { return c.ID == "v" })
		if n := app.count("GET /channels/c/conversations"); n != want || imported != (busy <= 3) {
			t.Errorf("busy %d times: called %d times, want %d, imported %v", busy, n, want, imported)
		}
	}
}
