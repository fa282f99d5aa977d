// The frame around every answer: it is watched, logged with its reason, and given whatever happens.

package emulator

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
)

// ServeHTTP answers one request; see the package comment for the order of judgement.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := &recorder{ResponseWriter: w, kept: e.events.Wait}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	defer e.answered(rec, r)
	if !isOwn(r.URL.Path) {
		rec.exchange = e.exchanges.Begin(emulatorserver.In, 0)
		rec.exchange.Method, rec.exchange.URL = r.Method, r.URL.RequestURI()
		rec.exchange.Request.Header = r.Header
	}
	e.serve(rec, r)
}

// ownPaths are where the emulator is looked at and controlled: what goes on there is no exchange with an app.
var ownPaths = []string{"/reply", "/file", "/avatar", "/inspector", "/connect", "/static", "/livez", "/readyz", "/favicon.ico", controlPrefix}

func isOwn(path string) bool {
	return path == "/" || slices.ContainsFunc(ownPaths, func(own string) bool { return path == own || strings.HasPrefix(path, own+"/") })
}

// answered ends a request: a handler that panicked is answered for, and the exchange is kept and logged.
func (e *Emulator) answered(rec *recorder, r *http.Request) {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler { //nolint:errorlint // it is compared as net/http does
			defer panic(p) // a fault: the connection ends
		} else {
			e.cfg.Logger.ErrorContext(r.Context(), "a handler of the emulator panicked", "panic", p, "stack", string(debug.Stack()))
			if rec.status == 0 {
				rec.refuse("", http.StatusInternalServerError, "the emulator failed; its log tells more", rule.Failure)
			}
		}
	}
	level := slog.LevelInfo
	attrs := []slog.Attr{slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", rec.status)}
	if x := rec.exchange; x != nil {
		x.Status, x.Response.Header = rec.status, rec.Header()
		if rec.status >= http.StatusBadRequest {
			x.Code, x.Reason = reasonOf(x.Response.Body)
			attrs = append(attrs, reasons(x)...)
		}
		e.exchanges.Finish(x)
	} else if isOwn(r.URL.Path) {
		level = slog.LevelDebug // looking is not news
	}
	e.cfg.Logger.LogAttrs(r.Context(), level, "answered", attrs...)
}

// reasons are what the log tells of a request that was refused.
func reasons(x *exchanges.Exchange) (attrs []slog.Attr) {
	if x.Code != "" {
		attrs = append(attrs, slog.String("code", x.Code))
	}
	if x.Reason != "" {
		attrs = append(attrs, slog.String("reason", x.Reason))
	}
	var rules []string
	for _, r := range x.Rules {
		rules = append(rules, r.ID+" ("+string(r.Provenance)+"): "+r.Says)
	}
	if rules != nil {
		attrs = append(attrs, slog.Any("rules", rules))
	}
	return attrs
}

// reasonOf reads an error of the API, of the gateway or of OAuth.
func reasonOf(body []byte) (code, reason string) {
	var found struct {
		Error          string `json:"error"`
		Description    string `json:"error_description"`
		AdditionalData struct {
			Code string `json:"code"`
		} `json:"additional_data"`
	}
	if json.Unmarshal(body, &found) != nil {
		return "", ""
	}
	if found.Description != "" {
		return found.Error, found.Description
	}
	return found.AdditionalData.Code, found.Error
}

// recorder remembers an answer, for the log, for the exchange and for a handler that panics.
type recorder struct {
	http.ResponseWriter
	status   int
	exchange *exchanges.Exchange // nil if it is not watched
	kept     func() error        // waits for what was done to be kept
}

// WriteHeader notes the status, and passes it on once what was done is kept. If it cannot be, the
// connection ends, and the client cannot know the result, as with a server that died.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
		if err := r.kept(); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write keeps the beginning of what it passes on.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	if r.exchange != nil {
		_, _ = r.exchange.Response.Write(p)
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap lets an http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// refuse answers as the gateway does, before an operation is reached: at is the check that refused.
//
// The gateway's envelope, known from its 401, is used for every status that no operation gives: 404
// and 405 of a path, 413, 415, 429, 500.
func (r *recorder) refuse(at string, status int, text string, rules ...rule.Rule) {
	r.stopped(at, rules...)
	refuse(r, status, text)
}

// stopped notes which check refused a request, and by which rules.
func (r *recorder) stopped(at string, rules ...rule.Rule) {
	if r.exchange != nil {
		r.exchange.Stopped(at, rules...)
	}
}

// decided notes which rules answered.
func (r *recorder) decided(rules ...rule.Rule) {
	if r.exchange != nil {
		r.exchange.Decided(rules...)
	}
}

// tee keeps the beginning of a request's body as it is read.
func (r *recorder) tee(body io.ReadCloser) io.ReadCloser {
	if r.exchange == nil {
		return body
	}
	return teed{io.TeeReader(body, &r.exchange.Request), body}
}

type teed struct {
	io.Reader
	io.Closer
}

// decidedBy notes which rules answered a request whose handler has but the bare writer.
func decidedBy(w http.ResponseWriter, rules ...rule.Rule) {
	if rec, ok := w.(*recorder); ok {
		rec.decided(rules...)
	}
}

// exchangeOfAnswer is the exchange that an answer belongs to, which gets the name of its operation.
func exchangeOfAnswer(w http.ResponseWriter, operation string) *exchanges.Exchange {
	rec, ok := w.(*recorder)
	if !ok || rec.exchange == nil {
		return &exchanges.Exchange{}
	}
	if operation != "" {
		rec.exchange.Operation = operation
	}
	return rec.exchange
}

// unbound answers a request that the generated code cannot bind to Go types.
func (e *Emulator) unbound(w http.ResponseWriter, r *http.Request, err error) {
	writeJSON(w, http.StatusBadRequest, listed(callOf(r.Context()).op.invalid, err.Error()))
}

// failed answers a request whose handler returned an error, which none does, or whose
// answer could not be written.
func (e *Emulator) failed(w http.ResponseWriter, r *http.Request, err error) {
	e.cfg.Logger.ErrorContext(r.Context(), "an answer could not be given", "error", err)
	decidedBy(w, rule.Failure)
	refuse(w, http.StatusInternalServerError, "the emulator failed; its log tells more")
}
