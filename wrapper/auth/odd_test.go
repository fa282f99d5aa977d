// Answers of the OAuth server that are odd, and yet bring a token.

package auth_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// A code or a refresh token is spent on each answer, so what is odd beside the access token must not cost it.
func TestOddAnswersCostNothing(t *testing.T) {
	t.Parallel()
	const domain = "http://127.0.0.1:8484"
	for name, c := range map[string]struct {
		field    string
		value    any
		lifetime time.Duration // an hour, if it is left out
	}{
		"a lifetime in a string":          {"expires_in", "1800", 30 * time.Minute},
		"a broken lifetime":               {"expires_in", 1800.5, 30*time.Minute + time.Second/2},
		"a broken lifetime in a string":   {"expires_in", "1.8e3", 30 * time.Minute},
		"a lifetime with a zero fraction": {"expires_in", json.RawMessage("1800.0"), 30 * time.Minute},
		"a lifetime in milliseconds":      {"expires_in", 3600_000_000, 24 * time.Hour},
		"a lifetime beyond int64":         {"expires_in", json.RawMessage("9300000000000000000000"), 24 * time.Hour},
		"a lifetime beyond any number":    {"expires_in", json.RawMessage("1e999"), 24 * time.Hour},
		"a negative lifetime":             {"expires_in", -1, 0},
		"a lifetime of no time":           {"expires_in", 0, 0},
		"a lifetime that is none":         {"expires_in", "canary-client-secret", 0},
		"a lifetime that is NaN":          {"expires_in", "NaN", 0},
		"a lifetime in a list":            {"expires_in", []int{1800}, 0},
		"a type in capitals":              {"token_type", "BEARER", 0},
		"a type with a blank":             {"token_type", "Bearer ", 0},
		"no type":                         {"token_type", nil, 0},
		"a type that is a number":         {"token_type", 7, 0},
		"scopes in a list":                {"scope", []string{"base", "messengers-integration"}, 0},
		"a scope that is a number":        {"scope", 7, 0},
		"no scope":                        {"scope", nil, 0},
		"no api_domain":                   {"api_domain", nil, 0},
		"an empty api_domain":             {"api_domain", "", 0},
		"an api_domain that is a number":  {"api_domain", 7, 0},
		"an api_domain with a slash":      {"api_domain", domain + "/", 0},
		"an api_domain with two":          {"api_domain", domain + "//", 0},
		"an api_domain with a blank":      {"api_domain", domain + " ", 0},
		"another case beside it":          {"Access_Token", "canary-other", 0},
		"an error beside it":              {"error", "invalid_grant", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *harness) {
				h.extra = map[string]any{c.field: c.value}
				src := h.install()
				for range 2 {
					token, err := src.Token()
					if err != nil {
						t.Fatal(err)
					}
					h.accepted(token.AccessToken)
					if left := time.Until(token.Expiry); c.lifetime == 0 && left != time.Hour || c.lifetime > 0 && left != c.lifetime {
						t.Errorf("the token lives for %v", left)
					}
					<-time.After(24 * time.Hour)
				}
				if base, err := src.BaseURL(t.Context()); base != domain+"/api/v1" || err != nil {
					t.Errorf("BaseURL: %q, %v", base, err)
				}
				h.wantCount("authorization_code", 1)
				h.wantCount("refresh_token", 1)
				for _, err := range h.warns.all() {
					if !errors.Is(err, auth.ErrAPIDomain) || c.field != "api_domain" || strings.Contains(err.Error(), "canary") {
						t.Errorf("Warn was told %v", err)
					}
				}
			})
		})
	}
}

// respond answers calls of the token endpoint with a body made from what the server says.
func (h *harness) respond(status int, change func(body string) string) {
	h.do(func() {
		h.override = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/oauth/token" {
				return false
			}
			h.do(func() { h.override = nil })
			said := newRecorder()
			h.ServeHTTP(said, r)
			h.respond(status, change)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, change(said.body.String()))
			return true
		}
	})
}

type recorder struct {
	header http.Header
	body   strings.Builder
}

func newRecorder() *recorder                       { return &recorder{header: http.Header{}} }
func (r *recorder) Header() http.Header            { return r.header }
func (r *recorder) WriteHeader(int)                {}
func (r *recorder) Write(text []byte) (int, error) { return r.body.Write(text) }

func TestOddBodiesCostNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		change func(body string) string
	}{
		"a byte order mark":  {200, func(body string) string { return "\ufeff" + body }},
		"something after it": {200, func(body string) string { return body + "<!-- served by a proxy -->" }},
		"201":                {201, func(body string) string { return body }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *harness) {
				h.respond(c.status, c.change)
				src := h.install()
				h.token(src)
				<-time.After(time.Hour)
				h.token(src)
			})
		})
	}
}

// A refresh that brings no refresh token that can be used leaves the old one in use.
func TestARefreshTokenThatCannotBeUsedIsNotTaken(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{
		"none": nil, "empty": "", "a number": 7, "with a line break": "canary-r\r\nX: y", "with a NUL": "canary-r\x00", "not ASCII": "canary-ü", "too long": strings.Repeat("r", 9<<10),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *harness) {
				h.repeats = true
				src := h.install()
				h.do(func() { h.extra = map[string]any{"refresh_token": value} })
				for range 3 {
					<-time.After(time.Hour)
					h.token(src)
					h.token(h.newApp().TokenSource(alice))
				}
				h.wantCount("refresh_token", 3)
				if _, err := h.app.Install(t.Context(), h.code()); err == nil || !strings.Contains(err.Error(), "no refresh token") || strings.Contains(err.Error(), "canary") {
					t.Errorf("Install: %v", err)
				}
			})
		})
	}
}

// invalid_grant ends an installation only where Pipedrive says it.
func TestInvalidGrantCountsByItsStatus(t *testing.T) {
	t.Parallel()
	for status, latches := range map[int]bool{200: false, 302: false, 400: true, 401: true, 403: false, 404: false, 429: false, 500: false, 502: false, 503: false} {
		for _, body := range []string{`{"error":"invalid_grant"}`, "\ufeff" + `{"error":"invalid_grant","error_description":"canary"}`, `{"success":false,"error":"invalid_grant"}` + "\n"} {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, nil)
				src := h.install()
				<-time.After(time.Hour)
				h.respond(status, func(string) string { return body })
				_, err := src.Token()
				var answer *auth.Error
				if got := errors.Is(err, auth.ErrReauthorize); got != latches || !latches && (!errors.As(err, &answer) || answer.StatusCode != status || answer.Code != "invalid_grant") {
					t.Errorf("%d %s: %v", status, body, err)
				}
				h.do(func() { h.override, h.spent = nil, nil })
				<-time.After(2 * time.Minute)
				if !latches {
					h.do(func() { h.refresh["canary-refresh-2"] = true }) // the answers were made of a refresh that took place
					h.token(src)
				}
			})
		}
	}
}

// Otherwise the code would be gone, and the tokens with it.
func TestAStoreThatCannotBeWrittenCostsNoCode(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		store := &frailStore{Store: h.store, trialFails: true}
		h.conf.Store = store
		h.app = h.newApp()
		store.at(func(int) error { return errDisk })
		code := h.code()
		if _, err := h.app.Install(t.Context(), code); !errors.Is(err, errDisk) {
			t.Errorf("Install: %v", err)
		}
		h.wantCount("authorization_code", 0)
		store.at(nil)
		if _, err := h.app.Install(t.Context(), code); err != nil {
			t.Errorf("Install, with the same code: %v", err)
		}
	})
}

func TestIdsInStrings(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.do(func() {
			h.override = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/api/v1/users/me" {
					return false
				}
				_, _ = io.WriteString(w, "\ufeff"+`{"success":true,"data":{"id":"42","company_id":"1001","Company_ID":7}}`)
				return true
			}
		})
		if src := h.install(); src.Installation() != alice {
			t.Errorf("installed for %v", src.Installation())
		}
	})
}
