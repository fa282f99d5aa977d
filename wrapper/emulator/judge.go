// The judge: everything that is decided about a request before an operation's own rules.

package emulator

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
)

// maxBody is the most bytes a request body may have; see [rule.Size].
const maxBody = 1 << 20

var apiPrefixes = []string{"/v1", "/api/v1"}

// call is what the judge found out, for the rules of the operations.
type call struct {
	op       operation
	user     User
	exchange *exchanges.Exchange
}

type callKey struct{}

func callOf(ctx context.Context) call {
	c, _ := ctx.Value(callKey{}).(call) // there, since only serve asks the rules
	return c
}

// serve judges a request, and hands on what passes.
func (e *Emulator) serve(w *recorder, r *http.Request) {
	r.Body = w.tee(r.Body)
	if !e.ownHost(r) {
		w.stopped("host", rule.Host)
		writeJSON(w, http.StatusForbidden, listed(codeWrongOrigin,
			"the Host header names another host: reach the emulator as 127.0.0.1, as localhost, by the address it listens on, or by a name that it was told to allow"))
		return
	}
	if e.crossOrigin.Check(r) != nil && !e.allows(originHost(r)) {
		w.stopped("host", rule.Origin)
		writeJSON(w, http.StatusForbidden, listed(codeWrongOrigin, "a page of another origin may not use the emulator"))
		return
	}
	pattern := e.pattern(r)
	if !underAPI(r.URL.Path) {
		if pattern == "" {
			e.refuseRoute(w, r)
			return
		}
		if needsPassword(r.URL.Path) && !e.mayLook(w, r) {
			return
		}
		if strings.TrimSuffix(r.URL.Path, "/") == tokenPath {
			then, answered := e.meets(w, r, "token")
			if answered {
				return
			}
			defer then()
		}
		e.mux.ServeHTTP(w, r)
		return
	}
	if e.withdrawn(w) {
		return
	}
	e.slow(r)
	op, found := e.operations[operationKey(pattern)]
	w.exchange.Operation, w.exchange.Cost = op.id, op.cost
	then, answered := e.meets(w, r, op.id)
	if answered {
		return
	}
	defer then()
	user, known := e.authenticate(r)
	if !known {
		w.refuse("credentials", http.StatusUnauthorized, "unauthorized access", rule.Credentials)
		return
	}
	w.exchange.UserID = user.ID
	if r.URL.RawQuery != "" && r.URL.Query().Has("api_token") {
		w.decided(rule.QueryToken)
		e.tolerated(w, r, "", "the API token is in the query, and the reference has it in the header x-api-token")
	}
	if exhausted := e.limits.admit(op.cost, w.Header()); exhausted != "" {
		e.cfg.Logger.WarnContext(r.Context(), "a limit is used up", "limit", exhausted)
		w.exchange.Found("", "the "+exhausted+" is used up", true)
		w.refuse("limits", http.StatusTooManyRequests, "too many requests", rule.Limits, rule.SameLimits)
		return
	}
	if !found {
		e.refuseRoute(w, r)
		return
	}
	c := call{op: op, user: user, exchange: w.exchange}
	if op.body != nil {
		body, ok := e.judgeBody(w, r, op)
		if !ok {
			return
		}
		r.Body = body
	}
	e.mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callKey{}, c)))
}

// tolerated logs what is accepted although some published source refuses it.
func (e *Emulator) tolerated(w *recorder, r *http.Request, where, reason string, more ...any) {
	w.exchange.Found(where, reason, false)
	reason = strings.TrimPrefix(where+" "+reason, " ")
	e.cfg.Logger.WarnContext(r.Context(), "accepted what another published source refuses", append([]any{"path", r.URL.Path, "reason", reason}, more...)...)
}

func underAPI(p string) bool {
	return slices.ContainsFunc(apiPrefixes, func(prefix string) bool { return strings.HasPrefix(p+"/", prefix+"/") })
}

// pattern is the pattern of the mux that takes a request; empty if there is none.
func (e *Emulator) pattern(r *http.Request) string {
	// The mux would redirect a path with an empty or a dot segment, and a client that
	// follows would ask for something else, or without its body. Only one pattern ends in a slash.
	if p := r.URL.EscapedPath(); p != path.Clean("/"+p) && p != tokenPath+"/" {
		return ""
	}
	_, pattern := e.mux.Handler(r)
	return pattern
}

// refuseRoute answers a request that no pattern takes: 405 if it would with another method.
func (e *Emulator) refuseRoute(w *recorder, r *http.Request) {
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.WithContext(r.Context())
		other.Method = method
		if e.pattern(other) != "" {
			allow = append(allow, method)
		}
	}
	if len(allow) == 0 {
		w.refuse("route", http.StatusNotFound, "nothing is served at this path: the API is below /v1 and /api/v1, and ids in a path are percent-encoded", rule.Route)
		return
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	w.refuse("route", http.StatusMethodNotAllowed, "the method is not allowed here: use "+strings.Join(allow, " or "), rule.Route)
}

// judgedBody is a request body that the document accepts. The generated code binds the value
// that was judged, so it takes no key for another that differs in case.
type judgedBody struct {
	io.Reader
	value any
}

// Close makes it an io.ReadCloser.
func (judgedBody) Close() error { return nil }

// ValidatedValue is what the runtime of the generated code asks a body for.
func (b judgedBody) ValidatedValue() any { return b.value }

// judgeBody reads and judges the body of a request. If ok is false it has answered.
func (e *Emulator) judgeBody(w *recorder, r *http.Request, op operation) (body judgedBody, ok bool) {
	invalid := func(at, text string, rules ...rule.Rule) (judgedBody, bool) {
		w.stopped(at, append(rules, rule.Order)...)
		writeJSON(w, http.StatusBadRequest, listed(op.invalid, text))
		return judgedBody{}, false
	}
	contentType := r.Header.Get("Content-Type")
	media, _, _ := mime.ParseMediaType(contentType)
	missing := contentType == "" && !e.cfg.Strict
	if media != "application/json" && !missing || !slices.Contains([]string{"", "identity"}, strings.ToLower(r.Header.Get("Content-Encoding"))) {
		w.refuse("type", http.StatusUnsupportedMediaType, "send Content-Type: application/json, not encoded further", rule.Type)
		return judgedBody{}, false
	}
	if missing {
		w.decided(rule.NoType)
	}
	// The bare writer, since only that one lets the reader end the connection.
	raw, err := io.ReadAll(http.MaxBytesReader(w.ResponseWriter, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		w.refuse("size", http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB", rule.Size)
		return judgedBody{}, false
	}
	if err != nil {
		return invalid("json", "the body could not be read to its end")
	}
	value, err := decode(raw)
	if err != nil {
		return invalid("json", err.Error(), rule.JSON)
	}
	if where, reason := violation(op.body, value); reason != "" {
		w.exchange.Found(where, reason, true)
		return invalid("document", strings.TrimPrefix(where+": "+reason, ": "), rule.Document)
	}
	for _, f := range contested(op, value) {
		if e.cfg.Strict {
			w.exchange.Found(f.where, f.reason, true)
			return invalid("document", f.where+" "+f.reason, rule.Strict)
		}
		w.decided(rule.Contested)
		e.tolerated(w, r, f.where, f.reason, "operation", op.id)
	}
	return judgedBody{Reader: bytes.NewReader(raw), value: value}, true
}
