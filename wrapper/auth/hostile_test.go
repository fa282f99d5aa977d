package auth_test

// An OAuth server that answers with anything: credentials must not follow redirects, hostile hosts are
// refused, and what is too much is not read.

import (
	"compress/gzip"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, path := range []string{"/oauth/token", "/oauth/revoke", "/api/v1/users/me"} {
			h := newHarness(t, nil)
			src := h.install()
			var strayed atomic.Int32
			evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
			t.Cleanup(evil.Close)
			h.do(func() {
				h.override = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Host == "127.0.0.1:8484" && r.URL.Path != path {
						return false
					}
					if r.Host != "127.0.0.1:8484" {
						strayed.Add(1) // the pipe leads every host here
					}
					http.Redirect(w, r, evil.URL, status)
					return true
				}
			})
			var err error
			switch path {
			case "/oauth/token":
				token, tokenErr := src.Token()
				if tokenErr != nil {
					t.Fatal(tokenErr)
				}
				_, err = src.Renew(t.Context(), token.AccessToken)
			case "/oauth/revoke":
				err = h.app.Uninstall(t.Context(), alice)
			default:
				_, err = h.app.Install(t.Context(), h.code())
			}
			var answer *auth.Error
			if !errors.As(err, &answer) || answer.StatusCode != status || !strings.Contains(err.Error(), "redirect") {
				t.Errorf("%s answers %d: %v", path, status, err)
			}
			if strayed.Load() != 0 {
				t.Errorf("%s answers %d: credentials went to another host", path, status)
			}
		}
	}
}

func TestHostileAPIDomains(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		for _, domain := range []string{
			"https://evil.example", "https://acme.pipedrive.com", "http://127.0.0.1:8484/x", "http://user@127.0.0.1:8484",
			"http://127.0.0.1:8484?x", "http://127.0.0.1:8484#", "ftp://127.0.0.1", "http://127.0.0.1.evil.example", "http://10.0.0.1", "127.0.0.1:8484", "//127.0.0.1",
		} {
			h.do(func() { h.apiDomain = domain })
			if _, err := h.app.Install(h.Context(), h.code()); !errors.Is(err, auth.ErrAPIDomain) {
				t.Errorf("api_domain %q: %v", domain, err)
			}
		}
		h.wantCount("/api/v1/users/me", 0)
	})
}

// TestAnswersThatAreNone lets the server answer a refresh, then an exchange, with what is no answer.
func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	const long = 2 << 20
	for name, respond := range map[string]func(w http.ResponseWriter){
		"HTML":          func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>canary-access-1</html>")) },
		"empty":         func(http.ResponseWriter) {},
		"502":           func(w http.ResponseWriter) { http.Error(w, "canary-echo", http.StatusBadGateway) },
		"echoed secret": func(w http.ResponseWriter) { http.Error(w, `{"error":"canary-client-secret"}`, 400) },
		"error in 200":  func(w http.ResponseWriter) { answer(w, 200, map[string]any{"error": "invalid_client"}) },
		"no access token": func(w http.ResponseWriter) {
			answer(w, 200, map[string]any{"refresh_token": "canary-r", "api_domain": "http://127.0.0.1:8484"})
		},
		"a MAC token": func(w http.ResponseWriter) {
			answer(w, 200, map[string]any{"access_token": "canary-a", "refresh_token": "canary-r", "token_type": "mac"})
		},
		"a token with a line break": func(w http.ResponseWriter) {
			answer(w, 200, map[string]any{"access_token": "canary-a\r\nX: y", "refresh_token": "canary-r"})
		},
		"a token too long": func(w http.ResponseWriter) {
			answer(w, 200, map[string]any{"access_token": strings.Repeat("canary", 2000), "refresh_token": "canary-r"})
		},
		"endless": func(w http.ResponseWriter) {
			_, _ = w.Write([]byte(`{"access_token":"canary-a","refresh_token":"` + strings.Repeat("x", long) + `"}`))
		},
		"a gzip bomb": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write([]byte(`{"access_token":"canary-a","refresh_token":"` + strings.Repeat("x", 10*long) + `"}`))
			_ = z.Close()
		},
		"a broken connection": func(w http.ResponseWriter) {
			conn, _, _ := http.NewResponseController(w).Hijack()
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"access_token\":\"canary-a"))
			_ = conn.Close()
		},
		"no HTTP": func(w http.ResponseWriter) {
			conn, _, _ := http.NewResponseController(w).Hijack()
			_, _ = conn.Write([]byte("canary-client-secret canary-access-1\r\n\r\n"))
			_ = conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, nil)
				src := h.install()
				<-time.After(time.Hour)
				h.do(func() {
					h.override = func(w http.ResponseWriter, _ *http.Request) bool {
						respond(w)
						return true
					}
				})
				_, err := src.Token()
				_, installErr := h.app.Install(t.Context(), h.code())
				for _, err := range []error{err, installErr, errors.Unwrap(err)} {
					if err == nil || errors.Is(err, auth.ErrReauthorize) || strings.Contains(err.Error(), "canary") {
						t.Errorf("got %v", err)
					}
				}
				h.do(func() { h.override = nil })
				<-time.After(time.Minute)
				h.token(src) // the token is not lost by it
			})
		})
	}
}

func TestWhoseInstallationItIs(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		me := func(status int, body map[string]any) {
			h.do(func() {
				h.override = func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path != "/api/v1/users/me" {
						return false
					}
					answer(w, status, body)
					return true
				}
			})
		}
		me(403, map[string]any{"success": false, "error": "scope and URL mismatch"})
		var refusal *auth.Error
		if _, err := h.app.Install(h.Context(), h.code()); !errors.As(err, &refusal) || refusal.StatusCode != 403 || !strings.Contains(err.Error(), "scope base") {
			t.Errorf("without the scope base: %v", err)
		}
		for _, data := range []any{nil, map[string]any{}, map[string]any{"id": 42}, map[string]any{"id": -1, "company_id": 1}, "canary", map[string]any{"id": "canary"}} {
			me(200, map[string]any{"data": data})
			if _, err := h.app.Install(h.Context(), h.code()); err == nil || strings.Contains(err.Error(), "canary") {
				t.Errorf("data %v: %v", data, err)
			}
		}
		if r, _ := h.store.Load(h.Context(), alice); r != nil {
			t.Error("something was stored")
		}
	})
}
