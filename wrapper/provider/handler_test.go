package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

func TestNewHandlerRefuses(t *testing.T) {
	t.Parallel()
	ok := provider.BasicAuth(clientID, clientSecret)
	tests := []struct {
		name        string
		inbox       provider.Inbox
		credentials provider.Credentials
		option      provider.Option
		want        string
	}{
		{"no inbox", nil, ok, nil, "inbox: it is nil"},
		{"no credentials", &app{}, provider.Credentials{}, nil, "make them with BasicAuth"},
		{"no id", &app{}, provider.BasicAuth("", clientSecret), nil, "client id is empty"},
		{"id with colon", &app{}, provider.BasicAuth("a:b", clientSecret), nil, "client id has a colon"},
		{"no secret", &app{}, provider.BasicAuth(clientID, ""), nil, "client secret is empty"},
		{"endless secret", &app{}, provider.BasicAuth(clientID, strings.Repeat("x", 4000)), nil, "are too long"},
		{"no logger", &app{}, ok, provider.WithLogger(nil), "the logger is nil"},
		{"negative limit", &app{}, ok, provider.WithLimits(provider.Limits{Files: -1}), "a limit is negative"},
		{"another GetTemplates", struct {
			provider.Inbox
			oldTemplates
		}{}, ok, nil, "has GetTemplates, but does not implement provider.TemplatesGetter"},
		{"half a FileReceiver", struct {
			provider.Inbox
			halfReceiver
		}{}, ok, nil, "has ReceiveFile, but does not implement provider.FileReceiver"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			options := []provider.Option{}
			if test.option != nil {
				options = append(options, test.option)
			}
			_, err := provider.NewHandler(test.inbox, test.credentials, options...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error that says %q", err, test.want)
			}
		})
	}
}

func TestNilOptionsAndZeroHandlers(t *testing.T) {
	t.Parallel()
	if _, err := provider.NewHandler(&app{}, provider.BasicAuth(clientID, clientSecret), provider.WithLimits(provider.Limits{}), nil); err == nil || !strings.Contains(err.Error(), "option 2 is nil") {
		t.Errorf("a nil option: %v", err)
	}
	for _, h := range []*provider.Handler{nil, {}} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/channels/c/conversations", nil))
		if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "was not made by NewHandler") {
			t.Errorf("a handler that was not made answers %d %s", w.Code, w.Body)
		}
		if _, err := h.Manifest("https://m.example"); err == nil || !strings.Contains(err.Error(), "was not made by NewHandler") {
			t.Errorf("a handler that was not made has a manifest: %v", err)
		}
	}
}

type oldTemplates struct{}

func (oldTemplates) GetTemplates() []provider.Template { return nil }

type halfReceiver struct{}

func (halfReceiver) ReceiveFile(context.Context, provider.ReceiveFileRequest) (string, error) {
	return "", nil
}

func TestNoSuchEndpoint(t *testing.T) {
	t.Parallel()
	s := serve(t, &app{})
	tests := []struct {
		method, path string
		status       int
		code, allow  string
	}{
		{"GET", "/", 404, "NOT_FOUND", ""},
		{"GET", "/channels", 404, "NOT_FOUND", ""},
		{"GET", "/channels/c/conversations/", 404, "NOT_FOUND", ""},
		{"GET", "/channels//conversations", 404, "NOT_FOUND", ""},
		{"GET", "/channels/c/./conversations", 404, "NOT_FOUND", ""},
		{"GET", "/channels/c/conversations/../conversations", 404, "NOT_FOUND", ""},
		{"GET", "/channels/%2e%2e/conversations", 404, "NOT_FOUND", ""},
		{"GET", "/channels/c/conversations/%2E", 404, "NOT_FOUND", ""},
		{"GET", "/channels/c/conversations/%2e%2e", 404, "NOT_FOUND", ""},
		{"GET", "/channels/c/conversations/a%ff", 404, "NOT_FOUND", ""},
		{"POST", "/channels/c/conversations", 405, "METHOD_NOT_ALLOWED", "GET, HEAD"},
		{"PUT", "/channels/c/messages", 405, "METHOD_NOT_ALLOWED", "POST"},
		{"GET", "/channels/c", 405, "METHOD_NOT_ALLOWED", "DELETE"},
		// Abilities that this app has not.
		{"GET", "/channels/c/templates", 404, "NOT_FOUND", ""},
		{"GET", "/channels/c/senders/s", 404, "NOT_FOUND", ""},
		{"GET", "/channels/c/messages/m", 404, "NOT_FOUND", ""},
		{"GET", "/channels/c/conversations/x/messages/m", 404, "NOT_FOUND", ""},
		{"DELETE", "/channels/c", 404, "NOT_FOUND", ""},
	}
	for _, test := range tests {
		got := s.do(s.request(test.method, test.path, nil))
		if got.status != test.status || got.code(t) != test.code || got.header.Get("Allow") != test.allow || got.header.Get("Location") != "" {
			t.Errorf("%s %s: answered %d %v %s", test.method, test.path, got.status, got.header, got.body)
		}
	}
}

// What the app returns reaches Pipedrive if it is an Error, and is opaque otherwise.
func TestErrors(t *testing.T) {
	t.Parallel()
	retryBy := time.Date(2026, 3, 1, 9, 0, 0, 250e6, time.FixedZone("CET", 3600))
	tests := []struct {
		name   string
		err    error
		status int
		data   string
	}{
		{"not found", provider.ErrNotFound, 404, `{"code":"NOT_FOUND","message":"not found"}`},
		{"suspended", provider.ErrAccountSuspended, 401, `{"code":"ACCOUNT_SUSPENDED","message":"the account is suspended"}`},
		{"unauthorized", provider.ErrUnauthorized, 401, `{"code":"UNAUTHORIZED","message":"access was refused"}`},
		{"forbidden", provider.ErrForbidden, 403, `{"code":"FORBIDDEN","message":"access is forbidden"}`},
		{"invalid body", provider.ErrInvalidBody, 400, `{"code":"INVALID_BODY","message":"the request is invalid"}`},
		{"rate limit", provider.RateLimitExceeded(retryBy), 429,
			`{"code":"RATE_LIMIT_EXCEEDED","message":"the rate limit is exceeded","retry_by":"2026-03-01T08:00:00.250Z"}`},
		{"rate limit without a time", provider.ErrRateLimitExceeded, 429, `{"code":"RATE_LIMIT_EXCEEDED","message":"the rate limit is exceeded"}`},
		{"own words", &provider.Error{Code: provider.CodeNotFound, Message: "gone since May"}, 404, `{"code":"NOT_FOUND","message":"gone since May"}`},
		{"wrapped", fmt.Errorf("database canary: %w", provider.ErrNotFound), 404, `{"code":"NOT_FOUND","message":"not found"}`},
		{"other", errors.New("database canary"), 500, `{"code":"INTERNAL_ERROR","message":"the app failed; its log has the reason"}`},
		{"unknown code", &provider.Error{Code: "canary"}, 500, `{"code":"INTERNAL_ERROR","message":"the app failed; its log has the reason"}`},
		{"nil Error", (*provider.Error)(nil), 500, `{"code":"INTERNAL_ERROR","message":"the app failed; its log has the reason"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, &app{
				getConversations: func(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error) {
					return provider.ConversationsPage{}, test.err
				},
				postMessage: func(context.Context, provider.PostMessageRequest) (string, error) { return "", test.err },
			})
			for _, got := range []answer{s.get("/channels/c/conversations"), s.post(right()...)} {
				want := `{"data":` + test.data + `,"success":false}` + "\n"
				if got.status != test.status || got.body != want {
					t.Errorf("answered %d %s\nwant %d %s", got.status, got.body, test.status, want)
				}
			}
			if e := (*provider.Error)(nil); !errors.As(test.err, &e) && !strings.Contains(s.logs.String(), test.err.Error()) {
				t.Errorf("the log does not have the reason: %s", s.logs)
			}
		})
	}
}

func TestErrorsMatchByCode(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("x: %w", &provider.Error{Code: provider.CodeNotFound, Message: "no such sender"})
	if !errors.Is(err, provider.ErrNotFound) || errors.Is(err, provider.ErrForbidden) {
		t.Errorf("%v matches by something else than its code", err)
	}
	if got := err.Error(); got != "x: NOT_FOUND: no such sender" {
		t.Errorf("it reads %q", got)
	}
	if got := (&provider.Error{Code: provider.CodeForbidden}).Error(); got != "FORBIDDEN" {
		t.Errorf("without a message it reads %q", got)
	}
}

func TestPanicIsAnOpaque500(t *testing.T) {
	t.Parallel()
	s := serve(t, &app{
		getConversations: func(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error) {
			panic("canary")
		},
		postMessage: func(context.Context, provider.PostMessageRequest) (string, error) { panic("canary") },
	})
	for _, got := range []answer{s.get("/channels/c/conversations"), s.post(right()...)} {
		if got.status != http.StatusInternalServerError || got.code(t) != "INTERNAL_ERROR" || strings.Contains(got.body, "canary") {
			t.Errorf("answered %d %s", got.status, got.body)
		}
	}
	for _, want := range []string{
		"canary", "handler_test.go",
		`endpoint="GET /channels/{providerChannelId}/conversations"`, `endpoint="POST /channels/{providerChannelId}/messages"`,
	} {
		if !strings.Contains(s.logs.String(), want) {
			t.Errorf("the log lacks %q: %s", want, s.logs)
		}
	}
}

// A panic that means "say nothing" is net/http's own.
func TestAbortIsPassedOn(t *testing.T) {
	t.Parallel()
	h, _ := newHandler(t, &app{getConversations: func(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error) {
		panic(http.ErrAbortHandler)
	}})
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("recovered %v", err)
		}
	}()
	r := httptest.NewRequest(http.MethodGet, "/channels/c/conversations", nil)
	r.SetBasicAuth(clientID, clientSecret)
	h.ServeHTTP(httptest.NewRecorder(), r)
	t.Error("the panic was swallowed")
}

// A caller that leaves within the answer gets no second one.
func TestAnswerIsWrittenOnce(t *testing.T) {
	t.Parallel()
	h, _ := newHandler(t, &ableApp{getTemplates: func(context.Context, provider.GetTemplatesRequest) ([]provider.Template, error) {
		return nil, nil
	}})
	for _, path := range []string{"/channels/c/conversations", "/channels/c/templates"} {
		w := &brokenWriter{header: http.Header{}}
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.SetBasicAuth(clientID, clientSecret)
		h.ServeHTTP(w, r)
		if !slices.Equal(w.statuses, []int{http.StatusOK}) {
			t.Errorf("%s: wrote %v", path, w.statuses)
		}
	}
}

type brokenWriter struct {
	header   http.Header
	statuses []int
}

func (w *brokenWriter) Header() http.Header       { return w.header }
func (w *brokenWriter) WriteHeader(status int)    { w.statuses = append(w.statuses, status) }
func (w *brokenWriter) Write([]byte) (int, error) { return 0, errors.New("the caller has left") }

// Beyond the bound a request is told to come again; within it nobody is turned away.
func TestRequestsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h, _ := newHandler(t, &app{getConversations: func(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error) {
			<-release
			return provider.ConversationsPage{}, nil
		}}, provider.WithLimits(provider.Limits{Requests: 2}))
		get := func() *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/channels/c/conversations", nil)
			r.SetBasicAuth(clientID, clientSecret)
			h.ServeHTTP(w, r)
			return w
		}
		done := make(chan int, 2)
		for range 2 {
			go func() { done <- get().Code }()
		}
		synctest.Wait()

		w := get()
		var envelope struct {
			Data struct {
				Code    string
				RetryBy time.Time `json:"retry_by"`
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &envelope); err != nil {
			t.Fatal(err)
		}
		if w.Code != http.StatusTooManyRequests || envelope.Data.Code != "RATE_LIMIT_EXCEEDED" || !envelope.Data.RetryBy.After(time.Now()) {
			t.Errorf("the third at once was answered %d %s", w.Code, w.Body)
		}
		close(release)
		if a, b := <-done, <-done; a != http.StatusOK || b != http.StatusOK {
			t.Errorf("the first two were answered %d and %d", a, b)
		}
		if w := get(); w.Code != http.StatusOK {
			t.Errorf("after they left, one more was answered %d", w.Code)
		}
	})
}
