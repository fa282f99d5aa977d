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
	e.store.max = len(channel) + len(message("1", "")) + 2*keepingOne
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
	if e.store.stored != 0 {
		t.Errorf("%d bytes are accounted for in an empty store", e.store.stored)
	}
}

func TestAccessTokensAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	e, err := New(Config{Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := e.oauth.exchange(e.oauth.codes, e.AuthorizationCode())
	first := answer.AccessToken
	for range maxAccessTokens {
		answer, _ = e.oauth.exchange(e.oauth.refresh, answer.RefreshToken)
	}
	if len(e.oauth.access) != maxAccessTokens+4 || len(e.oauth.issued) != maxAccessTokens || len(e.oauth.refresh) != 1 {
		t.Errorf("%d access tokens, %d refresh tokens", len(e.oauth.access), len(e.oauth.refresh))
	}
	if _, ok := e.oauth.user(digestOf(bearerKind + first)); ok {
		t.Error("the oldest token outlived the bound")
	}
	if _, ok := e.oauth.user(digestOf(bearerKind + answer.AccessToken)); !ok {
		t.Error("the newest token is not known")
	}
	now = now.Add(accessLifetime)
	if _, ok := e.oauth.exchange(e.oauth.refresh, answer.RefreshToken); !ok || len(e.oauth.access) != 1+4 { // four that the users have from the start
		t.Errorf("%d access tokens after all but one expired", len(e.oauth.access))
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
