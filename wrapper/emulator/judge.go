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
)

// maxBody is the most bytes a request body may have.
//
// Our choice: a body has 1 MiB at most; no bound is documented.
const maxBody = 1 << 20

var apiPrefixes = []string{"/v1", "/api/v1"}

// call is what the judge found out, for the rules of the operations.
type call struct {
	op   operation
	user User
}

type callKey struct{}

func callOf(ctx context.Context) call {
	c, _ := ctx.Value(callKey{}).(call) // there, since only serve asks the rules
	return c
}

// serve judges a request, and hands on what passes.
func (e *Emulator) serve(w *recorder, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !e.ownHost(r) {
		writeJSON(w, http.StatusForbidden, listed(codeWrongOrigin,
			"the Host header names another host: reach the emulator as 127.0.0.1, as localhost, by the address it listens on, or by a name that it was told to allow"))
		return
	}
	if e.crossOrigin.Check(r) != nil && !e.allows(originHost(r)) {
		writeJSON(w, http.StatusForbidden, listed(codeWrongOrigin, "a page of another origin may not use the emulator"))
		return
	}
	pattern := e.pattern(r)
	if !underAPI(r.URL.Path) {
		if pattern == "" {
			e.refuseRoute(w, r)
			return
		}
		e.mux.ServeHTTP(w, r)
		return
	}
	user, known := e.authenticate(r)
	if known && r.URL.Query().Has("api_token") {
		e.tolerated(r, "the API token is in the query, and the reference has it in the header x-api-token")
	}
	if !known {
		refuse(w, http.StatusUnauthorized, "unauthorized access")
		return
	}
	op, found := e.operations[operationKey(pattern)]
	if exhausted := e.limits.admit(op.cost, w.Header()); exhausted != "" {
		e.cfg.Logger.WarnContext(r.Context(), "a limit is used up", "limit", exhausted)
		// Our choice: both limits give the same 429, since nothing documented tells them apart.
		refuse(w, http.StatusTooManyRequests, "too many requests")
		return
	}
	if !found {
		e.refuseRoute(w, r)
		return
	}
	c := call{op: op, user: user}
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
func (e *Emulator) tolerated(r *http.Request, reason string, more ...any) {
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
func (e *Emulator) refuseRoute(w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.WithContext(r.Context())
		other.Method = method
		if e.pattern(other) != "" {
			allow = append(allow, method)
		}
	}
	if len(allow) == 0 {
		refuse(w, http.StatusNotFound, "nothing is served at this path: the API is below /v1 and /api/v1, and ids in a path are percent-encoded")
		return
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	refuse(w, http.StatusMethodNotAllowed, "the method is not allowed here: use "+strings.Join(allow, " or "))
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
	invalid := func(text string) (judgedBody, bool) {
		writeJSON(w, http.StatusBadRequest, listed(op.invalid, text))
		return judgedBody{}, false
	}
	contentType := r.Header.Get("Content-Type")
	media, _, _ := mime.ParseMediaType(contentType)
	// Our choice: without a content type the body is taken for JSON, but not if Strict.
	missing := contentType == "" && !e.cfg.Strict
	if media != "application/json" && !missing || !slices.Contains([]string{"", "identity"}, r.Header.Get("Content-Encoding")) {
		refuse(w, http.StatusUnsupportedMediaType, "send Content-Type: application/json, not encoded further")
		return judgedBody{}, false
	}
	// The bare writer, since only that one lets the reader end the connection.
	raw, err := io.ReadAll(http.MaxBytesReader(w.ResponseWriter, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		refuse(w, http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB")
		return judgedBody{}, false
	}
	if err != nil {
		return invalid("the body could not be read to its end")
	}
	value, err := decode(raw)
	if err != nil {
		return invalid(err.Error())
	}
	if reason := violation(op.body, value); reason != "" {
		return invalid(reason)
	}
	if reason := contested(op, value); reason != "" {
		if e.cfg.Strict {
			return invalid(reason)
		}
		e.tolerated(r, reason, "operation", op.id)
	}
	return judgedBody{Reader: bytes.NewReader(raw), value: value}, true
}
