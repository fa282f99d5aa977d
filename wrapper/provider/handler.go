// The handler: what every call goes through, and how errors are answered.

package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/pdchannels/pdchannels/gen/providerserver"
)

// Limits bound what the handler accepts. A zero field means its default. What it holds in memory of a message has
// fixed bounds: 100 fields with 256 KiB in all, 1,000 recipients, and for each part 20 headers with 16 KiB in all.
type Limits struct {
	Requests  int   // requests served at once, further ones get a 429: 64
	Files     int   // files in one message: 20
	FileBytes int64 // bytes in one file: 1 GiB
	FormBytes int64 // bytes in one message with its files: 2 GiB
}

// Option configures a [Handler]; the order of options does not matter.
type Option func(*Handler)

// WithLogger sets the log for errors of the app, refused answers and, at debug level, refused requests. The default is
// [slog.Default]: Pipedrive sees only an opaque 500, so the reason must be written somewhere.
func WithLogger(log *slog.Logger) Option { return func(h *Handler) { h.log = log } }

// WithLimits sets the limits; without it each has its default.
func WithLimits(limits Limits) Option { return func(h *Handler) { h.limits = limits } }

// Handler serves the endpoints that Pipedrive calls on an app. Make it with
// [NewHandler]; the zero value answers 500 to every call. It is safe for concurrent use.
type Handler struct {
	inbox           Inbox
	senderGetter    SenderGetter
	templatesGetter TemplatesGetter
	messageGetter   MessageGetter
	channelDeleter  ChannelDeleter
	fileReceiver    FileReceiver

	credentials Credentials
	limits      Limits
	log         *slog.Logger
	slots       chan struct{}
	endpoints   http.Handler
	converters  sync.Pool
}

var errNotMade = errors.New("provider: the handler was not made by NewHandler")

// NewHandler returns the handler of an app. The paths begin with /channels/; mount
// it below another one by [http.StripPrefix].
//
// It returns an error if inbox is nil, if a method of inbox has the name of an optional one, such as
// GetTemplates, but another signature, or if credentials or an option are unusable.
func NewHandler(inbox Inbox, credentials Credentials, options ...Option) (*Handler, error) {
	h := &Handler{inbox: inbox, credentials: credentials, log: slog.Default()}
	if err := h.findAbilities(); err != nil {
		return nil, fmt.Errorf("provider: inbox: %w", err)
	}
	if err := credentials.check(); err != nil {
		return nil, fmt.Errorf("provider: credentials: %w", err)
	}
	for i, option := range options {
		if option == nil {
			return nil, fmt.Errorf("provider: option %d is nil", i+1)
		}
		option(h)
	}
	if h.log == nil {
		return nil, errors.New("provider: WithLogger: the logger is nil")
	}
	l := &h.limits
	if l.Requests < 0 || l.Files < 0 || l.FileBytes < 0 || l.FormBytes < 0 {
		return nil, errors.New("provider: WithLimits: a limit is negative; leave it zero for the default")
	}
	setDefault(&l.Requests, 64)
	setDefault(&l.Files, 20)
	setDefault(&l.FileBytes, 1<<30)
	setDefault(&l.FormBytes, 2<<30)
	h.slots = make(chan struct{}, l.Requests)
	h.converters.New = func() any { return &converter{Handler: h} }

	h.endpoints = providerserver.HandlerWithOptions(
		providerserver.NewStrictHandlerWithOptions(endpoints{h}, nil, providerserver.StrictHTTPServerOptions{
			RequestErrorHandlerFunc:  h.failRequest,
			ResponseErrorHandlerFunc: h.fail,
		}),
		providerserver.StdHTTPServerOptions{
			Middlewares:      []providerserver.MiddlewareFunc{h.routed},
			ErrorHandlerFunc: h.failRequest,
		})
	return h, nil
}

func setDefault[N int | int64](n *N, value N) {
	if *n == 0 {
		*n = value
	}
}

// ServeHTTP serves one call. In order: bounds on the body, authentication, a slot
// among [Limits].Requests, the endpoint.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h == nil || h.endpoints == nil {
		http.Error(w, errNotMade.Error(), http.StatusInternalServerError)
		return
	}
	res := &response{ResponseWriter: w}
	defer func() {
		if v := recover(); v != nil {
			h.failPanic(res, r, v)
		}
	}()
	if r.Body != nil && r.Body != http.NoBody {
		b := newBody(w, r, h.limits.FormBytes)
		defer b.finish()
		r = r.WithContext(context.WithValue(r.Context(), bodyKey{}, b))
		r.Body = b
		b.readBoundary(r)
	}
	if !h.credentials.match(r) {
		res.Header().Set("WWW-Authenticate", `Basic realm="pipedrive", charset="UTF-8"`)
		h.fail(res, r, &Error{Code: CodeUnauthorized, Message: "the credentials are missing or wrong"})
		return
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		// Not 503: of the errors that the inbox understands, only this one says when to retry.
		h.fail(res, r, &Error{
			Code: CodeRateLimitExceeded, Message: "too many requests at once",
			RetryBy: time.Now().Add(5 * time.Second),
		})
		return
	}
	h.endpoints.ServeHTTP(res, r)
	if !res.routed {
		h.failUnrouted(res, r)
	}
}

func (h *Handler) failPanic(res *response, r *http.Request, v any) {
	if v == http.ErrAbortHandler { //nolint:errorlint // the very value is the signal
		panic(v)
	}
	h.fail(res, r, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
}

// routed runs once a route is found. An id of dots, or one that is not UTF-8, cannot be the
// app's, since no answer may name one (see checkID); in a careless app it would be a path to
// somewhere else, or an error of its database.
func (h *Handler) routed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range [...]string{"providerChannelId", "sourceConversationId", "sourceMessageId", "senderId"} {
			if id := r.PathValue(name); id == "." || id == ".." || !utf8.ValidString(id) {
				h.fail(w, r, &Error{Code: CodeNotFound, Message: "no such " + name})
				return
			}
		}
		w.(*response).routed = true
		next.ServeHTTP(w, r)
	})
}

// failRequest answers a request that the generated code could not bind.
func (h *Handler) failRequest(w http.ResponseWriter, r *http.Request, err error) {
	if wrongParam, ok := errors.AsType[*providerserver.InvalidParamFormatError](err); ok {
		h.fail(w, r, invalidBody("the parameter "+wrongParam.ParamName+" is invalid"))
		return
	}
	h.fail(w, r, invalidBody(fmt.Sprintf("the header Content-Type: %.100q is not multipart/form-data with a boundary", r.Header.Get("Content-Type"))))
}

// failUnrouted puts the router's own answers into the envelope.
func (h *Handler) failUnrouted(res *response, r *http.Request) {
	res.Header().Del("Location") // the router redirects to a path cleaned of dots
	if res.status == http.StatusMethodNotAllowed {
		h.fail(res, r, &Error{
			Code:    codeMethodNotAllowed,
			Message: "the endpoint does not take " + r.Method + "; it takes " + res.Header().Get("Allow"),
		})
		return
	}
	h.fail(res, r, &Error{Code: CodeNotFound, Message: "there is no such endpoint"})
}

// fail answers err if it is an Error of a known code, or else an opaque 500, and logs the reason.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *Error
	if !errors.As(err, &known) || statusOf[known.Code] == 0 {
		level := slog.LevelError
		if r.Context().Err() != nil {
			level = slog.LevelInfo // the caller has left, and whatever failed may have failed for that
		}
		h.log.LogAttrs(r.Context(), level, "provider: request failed",
			slog.String("endpoint", r.Pattern), slog.String("path", r.URL.Path), slog.Any("error", err))
		known = &Error{Code: codeInternal, Message: "the app failed; its log has the reason"}
	} else {
		h.log.LogAttrs(r.Context(), slog.LevelDebug, "provider: request refused",
			slog.String("endpoint", r.Pattern), slog.String("path", r.URL.Path), slog.Any("error", err))
	}
	res := w.(*response)
	if res.routed && res.status != 0 {
		return // an answer is under way, and a second cannot follow
	}
	res.routed = true
	answer := providerserver.Error{Data: providerserver.ErrorData{Message: known.Message, Code: string(known.Code)}}
	if !known.RetryBy.IsZero() {
		answer.Data.RetryBy = formatTime(known.RetryBy)
	}
	status := statusOf[known.Code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	_ = writeJSON(res, status, answer) // fails only if the caller has left
}
