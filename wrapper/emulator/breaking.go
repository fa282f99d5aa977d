// Faults and profiles carried out: on calls of the API and the token endpoint, and on calls of the app.

package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/gen/channelsserver"
	"github.com/pdchannels/pdchannels/gen/emulatorserver"
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

// broken is the transport of calls to the app, with the faults that they meet.
type broken struct {
	next http.RoundTripper
	e    *Emulator
}

// RoundTrip sends a request, unless a fault is in its way.
func (t broken) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	if x == nil {
		return t.next.RoundTrip(r)
	}
	f, met := t.e.faults.Meet(faults.Call{Direction: emulatorserver.Out, Operation: x.Operation, Conversation: x.Conversation})
	if !met {
		return t.next.RoundTrip(r)
	}
	x.Fault = f.ID
	x.Decided(rule.Faulty)
	switch f.Kind {
	case emulatorserver.FaultKindDelay:
		if err := pause(r.Context(), time.Duration(f.DelayMs)*time.Millisecond); err != nil {
			return nil, err
		}
		return t.next.RoundTrip(r)
	case emulatorserver.FaultKindDrop:
		resp, err := t.next.RoundTrip(r)
		if err == nil {
			_ = resp.Body.Close()
			err = errors.New("the answer was lost, by a fault that was set")
		}
		return nil, err
	case emulatorserver.FaultKindReset:
		return nil, errors.New("the connection was reset, by a fault that was set")
	default:
		return t.instead(r, f), nil
	}
}

// instead is an answer that the app never gave.
func (t broken) instead(r *http.Request, f faults.Fault) *http.Response {
	kind, body := "application/json", fmt.Sprintf(`{"success":false,"data":{"message":"a fault that was set","code":%q}}`, f.Code)
	status := orElse(f.Status, http.StatusInternalServerError)
	if f.Kind == emulatorserver.FaultKindPage {
		status = orElse(f.Status, http.StatusBadGateway)
		kind, body = "text/html", fmt.Sprintf(proxyPage, status, http.StatusText(status), status, http.StatusText(status))
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
