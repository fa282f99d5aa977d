// What passed between the app and Pipedrive lately, for the page.

package app

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const maxExchanges = 12

// exchange is a call of one on the other.
type exchange struct {
	Out       bool // the app called Pipedrive
	Operation string
	Status    string
	Note      string
	At        time.Time
}

func (a *App) note(e exchange) {
	e.At = time.Now()
	a.change(func() {
		a.wire = append(a.wire, e)
		a.wire = a.wire[max(0, len(a.wire)-maxExchanges):]
	})
}

// watch is filled while a call of Pipedrive is answered.
type watch struct {
	http.ResponseWriter
	status                int
	conversation, message string // of a reply that was taken
}

type watchKey struct{}

// Unwrap lets the handler set deadlines.
func (w *watch) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader remembers the status.
func (w *watch) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// watched notes the calls of Pipedrive, and goes on with a reply once it is answered.
func (a *App) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		online := a.settings.Online
		a.mu.Unlock()
		w := &watch{ResponseWriter: rw, status: http.StatusOK}
		if online {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), watchKey{}, w)))
		} else {
			http.Error(w, "the messenger is switched off on its page", http.StatusServiceUnavailable)
		}
		_ = http.NewResponseController(rw).Flush()
		e := exchange{Operation: operationOf(r), Status: strconv.Itoa(w.status)}
		if w.message != "" {
			e.Note = "a reply, taken as " + w.message
		}
		a.note(e)
		if w.message != "" {
			a.replied(w.conversation, w.message)
		}
	})
}

// operationOf names an endpoint of the manifest.
func operationOf(r *http.Request) string {
	segments := strings.Split(strings.TrimPrefix(r.URL.Path, "/channels/"), "/")
	switch last := segments[max(0, len(segments)-2)]; {
	case r.Method == http.MethodPost:
		return "postMessage"
	case r.Method == http.MethodDelete:
		return "deleteChannelById"
	case last == "conversations":
		return "getConversationById"
	case last == "messages":
		return "getMessageById"
	case last == "senders":
		return "getSenderById"
	case segments[len(segments)-1] == "templates":
		return "getTemplates"
	}
	return "getConversations"
}
