// What the vendor's own apps and clients do, and the published pages do not have: accepted with a
// warning, and refused if Strict.

package emulator_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// A library that Pipedrive's example apps use sends client_id and client_secret as fields.
func TestCredentialsOfTheAppAsFields(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	lenient := start(t, emulator.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	strict := start(t, emulator.Config{Strict: true})
	ask := func(a api, path, id, secret string, form url.Values) answer {
		form.Set("client_id", id)
		form.Set("client_secret", secret)
		return a.with("Authorization").with("Content-Type", "application/x-www-form-urlencoded").do("POST", path, form.Encode())
	}
	got := ask(lenient, "/oauth/token", lenient.ClientID(), lenient.ClientSecret(), code(lenient.newCode()))
	if got.status != http.StatusOK || !strings.Contains(log.String(), "not HTTP Basic") || strings.Contains(log.String(), lenient.ClientSecret()) {
		t.Errorf("got %d %s, and the log\n%s", got.status, got.raw, log.String())
	}
	again := ask(lenient, "/oauth/token/", lenient.ClientID(), lenient.ClientSecret(), refresh(got.body["refresh_token"]))
	if again.status != http.StatusOK {
		t.Errorf("a refresh at /oauth/token/: got %d %s", again.status, again.raw)
	}
	if got := ask(lenient, "/oauth/revoke", lenient.ClientID(), lenient.ClientSecret(), url.Values{"token": {"unknown"}}); got.status != http.StatusOK {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	ask(lenient, "/oauth/token", lenient.ClientID(), "wrong", code(lenient.newCode())).wantOAuthError(t, "invalid_client")
	ask(lenient, "/oauth/token", "", "", code(lenient.newCode())).wantOAuthError(t, "invalid_client")
	ask(strict, "/oauth/token", strict.ClientID(), strict.ClientSecret(), code(strict.newCode())).wantOAuthError(t, "invalid_client")

	// A header decides, whatever the fields say.
	form := code(lenient.newCode())
	form.Set("client_id", lenient.ClientID())
	form.Set("client_secret", lenient.ClientSecret())
	wrong := lenient.asApp().with("Authorization", "Basic d3Jvbmc6d3Jvbmc=")
	wrong.token(form).wantOAuthError(t, "invalid_client")
}

// Older releases of Pipedrive's npm package put the API token into the query.
func TestAPITokenInTheQueryWarns(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a := start(t, emulator.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	target := "/v1/channels?api_token=" + a.APIToken()
	a.with("Authorization").do("POST", target, channel()).want(t, http.StatusOK, "")
	if !strings.Contains(log.String(), "the API token is in the query") || strings.Contains(log.String(), a.APIToken()) {
		t.Errorf("the log is\n%s", log.String())
	}
}

func TestPeopleWhoComeTwiceAndGroups(t *testing.T) {
	t.Parallel()
	twice := `{"id":"v1","link":"","status":"open","seen":true,"messages":[],"participants":[{"id":"shop","name":"Shop","role":"source_user"},` +
		`{"id":"ada","name":"Ada","role":"end_user"},{"id":"ada","name":"Ada","role":"end_user"}]}`
	app := startApp(t, map[string]string{list: historyPage("", twice)})
	e, log := startWith(t, emulator.Provider{BaseURL: app.URL})
	e.addChannel(`{"name":"Shop","provider_channel_id":"c/1"}`)
	settle(t, e.Server)
	if got := e.Conversations("c/1"); len(got) != 1 || len(got[0].Participants) != 2 {
		t.Errorf("got %+v, want a conversation of two", got)
	}
	if !strings.Contains(log.String(), `comes twice`) {
		t.Errorf("the log is\n%s", log)
	}
}

func TestNamesThatAreAllowed(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{AllowHosts: []string{"Emulator.test"}})
	if got := a.with("Host", "emulator.TEST:8484").do("GET", "/v1/users/me", ""); got.status != http.StatusOK {
		t.Errorf("an allowed name: got %d %s", got.status, got.raw)
	}
	if got := a.with("Origin", "http://emulator.test:9000").addChannel(channel()); got.status != http.StatusOK {
		t.Errorf("an allowed origin: got %d %s", got.status, got.raw)
	}
	// A name of a container is served off loopback alone.
	a.with("Host", "emulator").do("GET", "/v1/users/me", "").want(t, http.StatusForbidden, "EMULATOR_WRONG_ORIGIN")
	for _, host := range []string{"", "http://emulator.test", "emulator.test:80", "*.test", "a b"} {
		if _, err := emulator.New(emulator.Config{AllowHosts: []string{host}}); err == nil || !strings.Contains(err.Error(), "AllowHosts[0]") {
			t.Errorf("AllowHosts %q: got %v", host, err)
		}
	}
}

// Tiny attachments take more to keep than they have bytes.
func TestMemoryIsCountedAsItIsKept(t *testing.T) { //nolint:paralleltest // it reads the heap
	a := start(t, emulator.Config{BurstLimit: 100_000, DailyBudget: 10_000_000})
	a.addChannel(channel()).want(t, http.StatusOK, "")
	attachments := make([]any, 10_000)
	for i := range attachments {
		attachments[i] = map[string]any{"id": "a", "type": "a/b", "url": "u:u", "name": nil, "size": nil, "preview_url": nil}
	}
	encoded, err := json.Marshal(attachments)
	if err != nil {
		t.Fatal(err)
	}
	tiny := message("id", "ID", "attachments", json.RawMessage(encoded))
	heap := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc) //nolint:gosec // a heap of a test
	}
	const many = 9
	before, accounted := heap(), a.MemoryInUse()
	for i := range many {
		a.receive(strings.Replace(tiny, `"ID"`, `"m`+string(rune('0'+i))+`"`, 1)).want(t, http.StatusOK, "")
	}
	if kept, counted := heap()-before, a.MemoryInUse()-accounted; kept > counted+counted/4 {
		t.Errorf("%d bytes are kept, and %d counted", kept, counted)
	}
}
