// Faults and profiles carried out on calls of the API and of the token endpoint.

package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/gen/channelsserver"
	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/faults"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
)

// proxyPage is what something on the way answers instead of the API.
const proxyPage = "<!DOCTYPE html>\n<html><head><title>%d %s</title></head><body><center><h1>%d %s</h1></center><hr><center>proxy</center></body></html>\n"

func writePage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	text := http.StatusText(status)
	_, _ = fmt.Fprintf(w, proxyPage, status, text, status, text)
}

// withdrawn answers as a service that is gone, if that is the profile: 410, then 404, then a page, in turn.
func (e *Emulator) withdrawn(w *recorder) bool {
	if e.profile.Load() != string(emulatorserver.Withdrawn) {
		return false
	}
	w.stopped("profile", rule.Withdrawn)
	w.exchange.Verdict = emulatorserver.VerdictFault
	switch e.gone.Add(1) % 3 {
	case 1:
		refuse(w, http.StatusGone, "This endpoint is no longer available.")
	case 2:
		refuse(w, http.StatusNotFound, "Unknown endpoint.")
	default:
		writePage(w, http.StatusNotFound)
	}
	return true
}

// meets carries a fault out that a call of the API or of the token endpoint meets. If answered is true there
// is nothing more to do; otherwise the request goes on, and then must be called at its end.
func (e *Emulator) meets(w *recorder, r *http.Request, operation string) (then func(), answered bool) {
	if r.Context().Value(doubledKey{}) != nil {
		return func() {}, false
	}
	call := faults.Call{Direction: emulatorserver.In, Operation: operation}
	if e.faults.ByConversation() {
		call.Conversation = conversationOf(r)
	}
	f, met := e.faults.Meet(call)
	if !met {
		return func() {}, false
	}
	w.exchange.Fault = f.ID
	w.stopped("fault", rule.Faulty)
	_, _ = e.events.Append(emulatorserver.Event{Kind: emulatorserver.EventKindFault}, 0)
	switch f.Kind {
	case emulatorserver.FaultKindDelay:
		select {
		case <-time.After(time.Duration(f.DelayMs) * time.Millisecond):
		case <-r.Context().Done():
		case <-e.ending:
		}
		return func() {}, false
	case emulatorserver.FaultKindReorder:
		e.letPass(r.Context(), operation)
		return func() {}, false
	case emulatorserver.FaultKindDouble:
		e.serveFirst(r)
		return func() {}, false
	case emulatorserver.FaultKindDrop:
		bare := w.ResponseWriter
		w.ResponseWriter = nowhere{http.Header{}}
		return func() { w.ResponseWriter = bare; panic(http.ErrAbortHandler) }, false
	case emulatorserver.FaultKindReset:
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxBody)) // so that the client has sent it whole
		panic(http.ErrAbortHandler)
	case emulatorserver.FaultKindBurst:
		refuse(w, http.StatusTooManyRequests, "too many requests")
	case emulatorserver.FaultKindDaily:
		w.Header().Set("X-Daily-Ratelimit-Token-Remaining", "0")
		refuse(w, http.StatusTooManyRequests, "too many requests")
	case emulatorserver.FaultKindExpired:
		refuse(w, http.StatusUnauthorized, "unauthorized access")
	case emulatorserver.FaultKindPage:
		writePage(w, orElse(f.Status, http.StatusBadGateway))
	default:
		status := orElse(f.Status, http.StatusInternalServerError)
		body := channelsserver.OtherError{Error: "a fault that was set", ErrorInfo: new(errorInfo), ErrorCode: &status}
		if f.Code != "" {
			body.AdditionalData = &channelsserver.OtherErrorDetail{Code: &f.Code}
		}
		writeJSON(w, status, body)
	}
	return func() {}, true
}

// letPass waits until a later call of the operation is over, or for 5 seconds.
func (e *Emulator) letPass(ctx context.Context, operation string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, _ = e.waitForExchange(ctx, exchanges.Query{Operation: operation, After: e.events.Last()}) // if none comes, it goes on alone
}

// serveFirst carries a request out once more, before it is carried out and answered. The body can be read again.
func (e *Emulator) serveFirst(r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return // as a body that breaks off is answered
	}
	r.Body = teed{bytes.NewReader(raw), r.Body}
	first := r.Clone(context.WithValue(r.Context(), doubledKey{}, true))
	first.Body = io.NopCloser(bytes.NewReader(raw))
	e.ServeHTTP(nowhere{http.Header{}}, first)
}

// doubledKey marks a request that is carried out twice, which meets no fault the first time.
type doubledKey struct{}

// slow answers after 2 to 8 seconds, if that is the profile.
func (e *Emulator) slow(r *http.Request) {
	if e.profile.Load() == string(emulatorserver.Slow) {
		_ = pause(r.Context(), time.Duration(2+3*e.gone.Add(1)%7)*time.Second) // if it ends, so does the request
	}
}

func orElse(status, otherwise int) int {
	if status == 0 {
		return otherwise
	}
	return status
}

// conversationOf reads which conversation a call is about, from its path or its body, which can be read again.
func conversationOf(r *http.Request) string {
	if _, after, found := strings.Cut(r.URL.Path, "/conversations/"); found {
		return after
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	r.Body = teed{io.MultiReader(strings.NewReader(string(raw)), r.Body), r.Body}
	var body struct {
		ConversationID string `json:"conversation_id"`
	}
	if err != nil || json.Unmarshal(raw, &body) != nil {
		return ""
	}
	return body.ConversationID
}

// nowhere takes an answer that nobody gets.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}
