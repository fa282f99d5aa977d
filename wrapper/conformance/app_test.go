// An app that keeps to the documents, in net/http alone, and into which faults are planted.

package conformance_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

const channel = "whatsapp-1"

type object = map[string]any

// fault is what is wrong with the app; a nil function leaves it as it is.
type fault struct {
	// before answers in the app's place, if it returns true.
	before func(w http.ResponseWriter, r *http.Request, endpoint string) bool
	// answer changes a good answer.
	answer func(r *http.Request, endpoint string, body object)
	// failure changes an error; status and body are sent.
	failure func(r *http.Request, endpoint string, status *int, body object)
	// keep changes what the app keeps of a message that was posted.
	keep func(m object)
	// contentType, if not nil, is what answers say they are.
	contentType *string
}

type conformingApp struct {
	url     string
	handler http.Handler
	server  *httptest.Server
	fault
	mu     sync.Mutex
	posted int
	kept   map[string][]object // messages that were posted, by their conversation
}

// serveApp serves the app until the test ends.
func serveApp(t *testing.T, f fault) *conformingApp {
	t.Helper()
	a := &conformingApp{fault: f, kept: map[string][]object{}}
	mux := http.NewServeMux()
	for pattern, endpoint := range map[string]string{
		"GET /channels/{channel}/conversations":                                   "getConversations",
		"GET /channels/{channel}/conversations/{conversation}":                    "getConversationById",
		"GET /channels/{channel}/conversations/{conversation}/messages/{message}": "getMessageById",
		"GET /channels/{channel}/senders/{sender}":                                "getSenderById",
		"GET /channels/{channel}/templates":                                       "getTemplates",
		"POST /channels/{channel}/messages":                                       "postMessage",
		"DELETE /channels/{channel}":                                              "deleteChannelById",
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, endpoint) })
	}
	mux.HandleFunc("HEAD /files/{name}", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	a.url, a.handler, a.server = server.URL, mux, server
	return a
}

func (a *conformingApp) serve(w http.ResponseWriter, r *http.Request, endpoint string) {
	if a.before != nil && a.before(w, r, endpoint) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if a.contentType != nil {
		w.Header()["Content-Type"] = []string{*a.contentType}
	}
	fail := func(status int, code string) {
		body := object{"success": false, "data": object{"message": "it is refused", "code": code}}
		if a.failure != nil {
			a.failure(r, endpoint, &status, body)
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	if id, secret, _ := r.BasicAuth(); id != "the-app" || secret != "the-secret" {
		fail(http.StatusUnauthorized, "UNAUTHORIZED")
		return
	}
	body, status := a.result(r, endpoint)
	switch status {
	case http.StatusBadRequest:
		fail(status, "INVALID_BODY")
	case http.StatusNotFound:
		fail(status, "NOT_FOUND")
	default:
		if a.answer != nil {
			a.answer(r, endpoint, body)
		}
		_ = json.NewEncoder(w).Encode(body)
	}
}

// result is the body of a good answer, or the status of an error.
func (a *conformingApp) result(r *http.Request, endpoint string) (object, int) {
	if r.PathValue("channel") != channel && endpoint != "deleteChannelById" {
		return nil, http.StatusNotFound
	}
	after, err := strconv.Atoi("0" + r.URL.Query().Get("after"))
	if err != nil || after > 5 {
		return nil, http.StatusNotFound
	}
	c, found := strings.CutPrefix(r.PathValue("conversation"), "c")
	n, err := strconv.Atoi(c)
	found = found && err == nil && n >= 0 && n < 5 && r.PathValue("conversation") == fmt.Sprint("c", n)
	switch endpoint {
	case "getConversations":
		page, next := []any{}, object{}
		limit := limitOf(r, "conversations_limit")
		for n := after; n < min(5, after+limit); n++ {
			page = append(page, a.conversation(n, 0, limitOf(r, "messages_limit")))
		}
		if after+limit < 5 {
			next["after"] = strconv.Itoa(after + limit)
		}
		return object{"success": true, "data": page, "additional_data": next}, 200
	case "getConversationById":
		if found {
			return object{"success": true, "data": a.conversation(n, after, limitOf(r, "messages_limit")), "additional_data": object{}}, 200
		}
	case "getMessageById":
		for _, m := range a.messages(n) {
			if m := m.(object); found && m["id"] == r.PathValue("message") {
				return m, 200
			}
		}
	case "getSenderById":
		if id := r.PathValue("sender"); id == "shop" || id == "ada" {
			return object{"success": true, "data": object{"id": id, "name": "Somebody", "avatar_url": a.url + "/files/" + id}}, 200
		}
	case "getTemplates":
		return object{"success": true, "data": object{"templates": []any{object{"id": "t", "name": "T", "content": "Hello {{1}}", "language": "en"}}}}, 200
	case "postMessage":
		return a.post(r)
	case "deleteChannelById":
		return object{"success": true}, 200
	}
	return nil, http.StatusNotFound
}

func (a *conformingApp) post(r *http.Request) (object, int) {
	if r.ParseMultipartForm(1<<20) != nil || r.FormValue("senderId") != "shop" || r.FormValue("message") == "" && len(r.MultipartForm.File["files"]) == 0 {
		return nil, http.StatusBadRequest
	}
	if !strings.HasPrefix(r.FormValue("conversationId"), "c") {
		return nil, http.StatusNotFound
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.posted++
	id := fmt.Sprint("posted-", a.posted)
	files := []any{}
	for i, f := range r.MultipartForm.File["files"] {
		files = append(files, object{"id": fmt.Sprint(id, "-", i), "type": f.Header.Get("Content-Type"), "url": a.url + "/files/" + id, "name": f.Filename})
	}
	m := object{
		"id": id, "status": "sent", "created_at": time.Now().UTC().Format("2006-01-02 15:04"), "message": r.FormValue("message"), "sender_id": "shop",
		"attachments": files,
	}
	if a.keep != nil {
		a.keep(m)
	}
	c := r.FormValue("conversationId")
	a.kept[c] = append(a.kept[c], m)
	return object{"success": true, "data": object{"id": id}}, 200
}

func limitOf(r *http.Request, name string) int {
	if n, err := strconv.Atoi(r.URL.Query().Get(name)); err == nil && n > 0 {
		return min(n, 30)
	}
	return 30
}

// messages are those of a conversation: four, and what was posted.
func (a *conformingApp) messages(n int) (all []any) {
	for i := range 4 {
		all = append(all, a.message(n, i))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range a.kept[fmt.Sprint("c", n)] {
		all = append(all, maps.Clone(m))
	}
	return all
}

// conversation is a conversation with its messages from the cursor on.
func (a *conformingApp) conversation(n, after, limit int) object {
	all := a.messages(n)
	messages := append([]any{}, all[min(after, len(all)):min(after+limit, len(all))]...)
	c := object{
		"id": fmt.Sprint("c", n), "link": "", "status": "open", "seen": true, "messages": messages,
		"participants": []any{
			object{"id": "shop", "name": "The Shop", "role": "source_user"},
			object{"id": "ada", "name": "Ada", "role": "end_user", "avatar_url": a.url + "/files/old", "avatar_expires": true},
		},
	}
	if after+limit < len(all) {
		c["next_messages_cursor"] = strconv.Itoa(after + limit)
	}
	return c
}

func (a *conformingApp) message(n, i int) object {
	return object{
		"id": fmt.Sprintf("m-%d-%d", n, i), "status": "read", "created_at": "2026-03-01T07:58:00.000Z", "message": "Hello", "sender_id": "ada",
		"attachments": []any{object{"id": "file", "type": "image/png", "url": a.url + "/files/1.png", "link_expires": true}},
	}
}

// settings check the app.
func (a *conformingApp) settings() conformance.Config {
	return conformance.Config{
		Provider: emulator.Provider{BaseURL: a.url}, Channel: channel,
		ClientID: "the-app", ClientSecret: emulator.NewSecret("the-secret"),
	}
}

// checkApp runs the check over an app with a fault.
func checkApp(t *testing.T, f fault) conformance.Report {
	t.Helper()
	report, err := conformance.Run(t.Context(), serveApp(t, f).settings())
	if err != nil {
		t.Fatal(err)
	}
	return report
}
