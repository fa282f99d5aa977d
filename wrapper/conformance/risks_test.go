// What is against no document, and may bring trouble; and credentials that are almost right.

package conformance_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
)

// unknown changes answers about what does not exist.
func unknown(endpoint string, status int, change func(body object)) fault {
	return fault{failure: func(_ *http.Request, e string, s *int, body object) {
		if e == endpoint && *s == http.StatusNotFound {
			*s = status
			change(body)
		}
	}}
}

func code(code string) func(object) {
	return func(body object) { body["data"].(object)["code"] = code }
}

func TestRisks(t *testing.T) {
	t.Parallel()
	var ids atomic.Int64
	wrong := func(r *http.Request) bool { _, secret, _ := r.BasicAuth(); return secret != "the-secret" }
	const refusal = `{"success":false,"data":{"message":"no","code":"FORBIDDEN"}}`
	plain := func(r *http.Request) bool { return strings.Contains(r.URL.Path, "'") }
	for name, test := range map[string]struct {
		fault
		on, rule string
	}{
		"403 for wrong credentials": {instead("", wrong, 403, "application/json", refusal), "getConversations", "auth-status"},
		"201 for 200": {fault{before: func(w http.ResponseWriter, r *http.Request, e string) bool {
			if e == "postMessage" && r.FormValue("conversationId") == "c0" && !wrong(r) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusCreated)
				_, _ = fmt.Fprintf(w, `{"success":true,"data":{"id":"id-%d"}}`, ids.Add(1))
				return true
			}
			return false
		}}, "postMessage", "status"},
		"a code of its own":   {unknown("getSenderById", 404, code("NO_SENDER")), "getSenderById", "code"},
		"400 for the unknown": {unknown("getConversationById", 400, code("INVALID_BODY")), "getConversationById", "status"},
		"a status of its own": {unknown("getConversationById", 410, func(body object) { delete(body, "data") }), "getConversationById", "missing"},
		"no picture":          {on("getSenderById", func(o object) { o["data"].(object)["avatar_url"] = "" }), "getSenderById", "avatar"},
		"conversations of any channel": {fault{before: func(_ http.ResponseWriter, r *http.Request, e string) bool {
			if e == "getConversations" {
				r.SetPathValue("channel", channel)
			}
			return false
		}}, "getConversations", "unknown-found"},
		"an empty list for any channel": {instead("getConversations", func(r *http.Request) bool { return r.PathValue("channel") != channel && !wrong(r) }, 200, "application/json", `{"success":true,"data":[],"additional_data":{}}`), "", ""},
		"a 429 that says no time":       {instead("getTemplates", func(r *http.Request) bool { return r.PathValue("channel") != channel && !wrong(r) }, 429, "application/json", `{"success":false,"data":{"message":"","code":"RATE_LIMIT_EXCEEDED"}}`), "getTemplates", "code"},
		"a proxy that refuses dots":     {instead("", func(r *http.Request) bool { return strings.Contains(r.URL.Path, "..") && !wrong(r) }, 400, "text/html", "<html>"), "getConversations", "not-json"},
		"quotes refused in HTML":        {instead("getConversationById", plain, 404, "text/html", "<html>"), "getConversationById", "!not-json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(test.rule, "!") {
				wantsViolation(t, checkApp(t, test.fault), test.on, test.rule[1:])
				return
			}
			report := checkApp(t, test.fault)
			found := test.rule == ""
			for _, f := range report.Findings(conformance.Risk) {
				found = found || f.Rule == test.rule && f.Endpoint == test.on
			}
			if !found || report.Violations > 0 || test.rule == "" && report.Risks > 1 {
				t.Errorf("want a risk of %s by %s: %s", test.rule, test.on, report)
			}
		})
	}
}

// Each of these is let in, and no other.
func TestCredentialsThatAreAlmostRight(t *testing.T) {
	t.Parallel()
	const id, secret = "the-app", "the-secret"
	for name, accepts := range map[string]func(gotID, gotSecret, header string) bool{
		"an empty secret":         func(i, s, _ string) bool { return i == id && s == "" },
		"without the last letter": func(i, s, _ string) bool { return i == id && s == secret[:len(secret)-1] },
		"one letter more":         func(i, s, _ string) bool { return i == id && len(s) == len(secret)+1 && strings.HasPrefix(s, secret) },
		"one letter before":       func(i, s, _ string) bool { return i == id && len(s) == len(secret)+1 && strings.HasSuffix(s, secret) },
		"another of the length":   func(i, s, _ string) bool { return i == id && len(s) == len(secret) && !strings.EqualFold(s, secret) },
		"in other case":           func(i, s, _ string) bool { return i == id && s != secret && strings.EqualFold(s, secret) },
		"another id":              func(i, s, _ string) bool { return i != id && i != "" && s == secret },
		"no id":                   func(i, s, _ string) bool { return i == "" && s == secret },
		"neither":                 func(i, s, header string) bool { return i == "" && s == "" && header == "Basic Og==" },
		"what is not base64":      func(_, _, header string) bool { return header == "Basic %%%" },
		"any secret":              func(i, s, _ string) bool { return i == id && strings.Contains(s, "wrong") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := checkApp(t, fault{before: func(_ http.ResponseWriter, r *http.Request, e string) bool {
				i, s, _ := r.BasicAuth()
				if e == "getTemplates" && accepts(i, s, r.Header.Get("Authorization")) {
					r.SetBasicAuth(id, secret)
				}
				return false
			}})
			wantsViolation(t, report, "getTemplates", "auth-wrong")
		})
	}
}

// A message of an app that makes several of one: text and files each for itself.
func TestAMessageThatBecomesSeveral(t *testing.T) {
	t.Parallel()
	split := func(text bool) fault {
		return fault{answer: func(_ *http.Request, e string, body object) {
			if e != "getConversationById" {
				return
			}
			c := body["data"].(object)
			for _, m := range c["messages"].([]any) {
				files, ok := m.(object)["files"].([]any)
				if !ok {
					continue
				}
				delete(m.(object), "files")
				c["messages"] = append(c["messages"].([]any), object{
					"id": m.(object)["id"].(string) + "-files", "status": "sent", "created_at": m.(object)["created_at"], "message": "", "sender_id": "shop", "attachments": files,
				})
			}
		}, keep: func(m object) {
			m["files"], m["attachments"] = m["attachments"], []any{}
			if !text && len(m["files"].([]any)) > 0 {
				m["message"] = ""
			}
		}}
	}
	if report := checkApp(t, split(true)); report.Violations > 0 {
		t.Error(report)
	}
	wantsViolation(t, checkApp(t, split(false)), "getMessageById", "text-dropped")
}

// An app that resets its connections is no app that is stopped.
func TestAConnectionThatIsReset(t *testing.T) {
	t.Parallel()
	report := checkApp(t, fault{before: func(w http.ResponseWriter, r *http.Request, e string) bool {
		if e != "getSenderById" {
			return false
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return true
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		_, _ = io.Copy(io.Discard, r.Body)
		_ = conn.Close()
		return true
	}})
	wantsViolation(t, report, "getSenderById", "no-answer")
	if report.Ended != "" {
		t.Error(report)
	}
}
