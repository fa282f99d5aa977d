// Who is let in: the ways in which apps compare credentials, and when they do.

package conformance_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestASecretComparedWithoutCase(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"getConversations", "postMessage", "deleteChannelById"} {
		report := checkApp(t, letIn(endpoint, func(id, secret string, _ bool) bool {
			return id == "the-app" && strings.EqualFold(secret, "the-secret")
		}))
		wantsViolation(t, report, endpoint, "auth-wrong")
	}
}

// deletion answers deleteChannelById in the app's place, before any credentials are looked at.
func deletion(answer http.HandlerFunc) fault {
	return fault{before: func(w http.ResponseWriter, r *http.Request, e string) bool {
		if e == "deleteChannelById" {
			answer(w, r)
		}
		return e == "deleteChannelById"
	}}
}

func refusing(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(strings.ReplaceAll(body, "PATH", r.URL.Path))) //nolint:gosec // no browser reads it
	}
}

func TestDeletionByAnybody(t *testing.T) {
	t.Parallel()
	const notFound = `{"success":false,"data":{"message":"no such channel","code":"NOT_FOUND"}}`
	for name, f := range map[string]fault{
		"says that it deleted":          deletion(refusing(200, `{"success":true}`)),
		"knows no such channel":         deletion(refusing(404, notFound)),
		"knows no such channel, and no": deletion(refusing(400, notFound)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := checkApp(t, f)
			if found := rules(report, "deleteChannelById"); !slices.Contains(found, "auth-missing") || !slices.Contains(found, "auth-wrong") {
				t.Error(report)
			}
		})
	}
}

// An app at a base URL need not serve deleteChannelById, however its router says so.
func TestNoDeletion(t *testing.T) {
	t.Parallel()
	for name, router := range map[string]http.HandlerFunc{
		"plain":             http.NotFound,
		"with the path":     refusing(404, `{"error":"Cannot DELETE PATH"}`),
		"in the envelope":   refusing(404, `{"success":false,"data":{"message":"PATH","code":"NOT_FOUND"}}`),
		"method":            refusing(405, `{"success":false,"data":{"message":"PATH","code":"NOT_FOUND"}}`),
		"with a request id": func(w http.ResponseWriter, r *http.Request) { refusing(404, `{"id":"`+r.Header.Get("X-Id")+`"}`)(w, r) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveApp(t, fault{})
			n := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodDelete {
					n++
					r.Header.Set("X-Id", strings.Repeat("4fe0", n))
					router(w, r)
					return
				}
				a.handler.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			cfg := a.settings()
			cfg.Provider = emulator.Provider{BaseURL: server.URL}
			report, err := conformance.Run(t.Context(), cfg)
			if err != nil || report.Violations > 0 {
				t.Error(err, report)
			}
		})
	}
}

// An app that reads a request before it compares credentials tells strangers what it has.
func TestCredentialsComparedLate(t *testing.T) {
	t.Parallel()
	// strange refuses to whomever, with this status, what is odd.
	strange := func(endpoint string, status int, odd func(*http.Request) bool) fault {
		return instead(endpoint, odd, status, "application/json", `{"success":false,"data":{"message":"it is refused","code":"INVALID_BODY"}}`)
	}
	path := func(part string) func(*http.Request) bool {
		return func(r *http.Request) bool { return strings.Contains(r.URL.Path, part) }
	}
	for name, test := range map[string]struct {
		fault
		on string
	}{
		"an unknown conversation": {strange("getConversationById", 404, path("no-conversation")), "getConversationById"},
		"an unknown message":      {strange("getMessageById", 404, path("no-message")), "getMessageById"},
		"an unknown sender":       {strange("getSenderById", 404, path("no-sender")), "getSenderById"},
		"an unknown channel":      {strange("getTemplates", 404, path("no-channel")), "getTemplates"},
		"a limit": {strange("getConversations", 400, func(r *http.Request) bool {
			return r.URL.Query().Get("conversations_limit") == "many"
		}), "getConversations"},
		"an empty form": {strange("postMessage", 400, func(r *http.Request) bool {
			return r.ParseMultipartForm(1<<20) != nil || r.FormValue("senderId") == ""
		}), "postMessage"},
		"a form that cannot be read": {strange("postMessage", 500, func(r *http.Request) bool {
			return r.ParseMultipartForm(1<<20) != nil && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart")
		}), "postMessage"},
		"another type": {strange("postMessage", 415, func(r *http.Request) bool {
			return !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart")
		}), "postMessage"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantsViolation(t, checkApp(t, test.fault), test.on, "auth-order")
		})
	}
}
