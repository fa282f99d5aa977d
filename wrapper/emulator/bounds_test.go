// The bounds that a test cannot reach from outside in reasonable time.

package emulator

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, target, body string) (int, string) {
		r := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1/v1"+target, strings.NewReader(body))
		r.Header.Set("X-Api-Token", e.APIToken())
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	const channel = `{"name":"n","provider_channel_id":"c"}`
	message := func(id, text string) string {
		return `{"id":"` + id + `","channel_id":"c","sender_id":"s","conversation_id":"v","message":"` + text +
			`","status":"sent","created_at":"2026-03-01 07:58"}`
	}
	const keepingOne = 512 // a channel, or a message
	e.state.Bound(len("nc") + len("1sv") + 2*keepingOne)
	for _, step := range []struct {
		method, target, body string
		status               int
	}{
		{"POST", "/channels", channel, 200},
		{"POST", "/channels/messages/receive", message("1", ""), 200},
		{"POST", "/channels/messages/receive", message("1", ""), 200}, // an update takes no more
		{"POST", "/channels/messages/receive", message("1", "x"), 507},
		{"POST", "/channels/messages/receive", message("2", ""), 507},
		{"POST", "/channels", `{"name":"n","provider_channel_id":"d"}`, 507},
		{"DELETE", "/channels/c/conversations/v", "", 200},
		{"POST", "/channels/messages/receive", message("2", ""), 200},
		{"DELETE", "/channels/c", "", 200},
	} {
		if status, body := ask(step.method, step.target, step.body); status != step.status ||
			(status == http.StatusInsufficientStorage) != strings.Contains(body, codeStorageFull) {
			t.Errorf("%s %s %s: got %d %s, want %d", step.method, step.target, step.body, status, body, step.status)
		}
	}
	if kept := e.MemoryInUse(); kept != 0 {
		t.Errorf("%d bytes are accounted for in an empty inbox", kept)
	}
}

func TestTokensAreBounded(t *testing.T) {
	t.Parallel()
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	const callback, most = "http://127.0.0.1/callback", 100
	for _, kind := range []*grants{e.oauth.codes, e.oauth.refresh, e.oauth.access, e.oauth.exchanged} {
		if kind.max != maxGrants {
			t.Errorf("a kind of token is bounded by %d", kind.max)
		}
		kind.max = most
	}
	owner := e.cfg.Users[0]
	first, refresh, err := e.oauth.redeem(e.oauth.newCode(owner, callback), callback)
	if err != nil {
		t.Fatal(err)
	}
	var latest string
	for range most {
		if latest, refresh, err = e.oauth.renew(refresh); err != nil {
			t.Fatal(err)
		}
	}
	// Four tokens the users have from the start.
	if got := len(e.oauth.access.byDigest); got != most+4 || len(e.oauth.refresh.byDigest) != 1 || len(e.oauth.exchanged.byDigest) != most {
		t.Errorf("%d access tokens, %d refresh tokens, %d exchanged", got, len(e.oauth.refresh.byDigest), len(e.oauth.exchanged.byDigest))
	}
	if _, ok := e.oauth.user(digestOf(bearerKind + first)); ok {
		t.Error("the oldest token outlived the bound")
	}
	for _, token := range []string{latest, e.AccessToken()} {
		if _, ok := e.oauth.user(digestOf(bearerKind + token)); !ok {
			t.Error("the newest token, or one from the start, is not known")
		}
	}
	for range most + 1 {
		e.oauth.newCode(owner, callback)
	}
	e.oauth.uninstallOf(owner.ID)
	for name, kind := range map[string]*grants{"codes": e.oauth.codes, "refresh": e.oauth.refresh, "access": e.oauth.access} {
		want := map[string]int{"codes": most}[name]
		if len(kind.order) != want {
			t.Errorf("%s: %d are left, want %d", name, len(kind.order), want)
		}
	}
}

func TestSlowClientsAreBounded(t *testing.T) {
	t.Parallel()
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := e.server()
	for name, bound := range map[string]time.Duration{
		"ReadHeaderTimeout": s.ReadHeaderTimeout, "ReadTimeout": s.ReadTimeout, "WriteTimeout": s.WriteTimeout, "IdleTimeout": s.IdleTimeout,
	} {
		if bound <= 0 || bound > 5*time.Minute {
			t.Errorf("%s is %v", name, bound)
		}
	}
	if s.MaxHeaderBytes <= 0 || s.MaxHeaderBytes > 1<<20 {
		t.Errorf("MaxHeaderBytes is %d", s.MaxHeaderBytes)
	}
}

// Every operation of the document is served below both prefixes, and judged as itself.
func TestEveryDocumentedOperationIsServed(t *testing.T) {
	t.Parallel()
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.operations) == 0 {
		t.Fatal("the document has no operations")
	}
	for key, op := range e.operations {
		method, path, _ := strings.Cut(key, " ")
		for _, prefix := range apiPrefixes {
			r := httptest.NewRequest(method, prefix+strings.ReplaceAll(path, "{}", "x"), &bytes.Buffer{})
			if got := e.operations[operationKey(e.pattern(r))]; got.id != op.id {
				t.Errorf("%s %s%s is judged as %q, want %q", method, prefix, path, got.id, op.id)
			}
		}
	}
}
