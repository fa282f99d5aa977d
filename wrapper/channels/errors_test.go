package channels_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

var kinds = map[string]error{
	"already exists": channels.ErrChannelAlreadyExists,
	"admin only":     channels.ErrAdminOnly,
	"forbidden":      channels.ErrForbidden,
	"not found":      channels.ErrNotFound,
	"unauthorized":   channels.ErrUnauthorized,
	"rate limited":   channels.ErrRateLimited,
	"invalid body":   channels.ErrInvalidBody,
	"withdrawn":      channels.ErrWithdrawn,
}

func envelope(code string) string {
	return `{"success":false,"error":"the text","error_info":"read on","additional_data":{"code":"` + code + `"}}`
}

const (
	gateway = `{"success":false,"error":"the text","errorCode":401,"error_info":"read on"}`
	page    = "<!DOCTYPE html>\n<html><head><title>Just a moment</title></head></html>"
)

func TestRefusalsHaveKinds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status  int
		body    string
		kinds   []string
		outcome channels.Outcome
		text    string
	}{
		{400, envelope("INVALID_BODY"), []string{"invalid body"}, channels.Rejected, "answered 400 INVALID_BODY: the text"},
		{400, envelope("INVALID_RECEIVE_MESSAGE_PAYLOAD"), []string{"invalid body"}, channels.Rejected, "answered 400 INVALID_RECEIVE_MESSAGE_PAYLOAD"},
		{400, envelope("CHANNEL_ALREADY_EXISTS"), []string{"already exists"}, channels.Rejected, "CHANNEL_ALREADY_EXISTS"},
		{409, envelope("CHANNEL_ALREADY_EXISTS"), []string{"already exists"}, channels.Rejected, "CHANNEL_ALREADY_EXISTS"},
		{400, gateway, nil, channels.Rejected, "answered 400: the text"},
		{401, gateway, []string{"unauthorized"}, channels.Rejected, "answered 401: the text (the access token"},
		{402, ``, nil, channels.Rejected, "answered 402: Payment Required"},
		{403, envelope("ADMIN_ONLY"), []string{"admin only", "forbidden"}, channels.Rejected, "answered 403 ADMIN_ONLY"},
		{403, envelope("FORBIDDEN_USER_REQUEST"), []string{"forbidden"}, channels.Rejected, "answered 403 FORBIDDEN_USER_REQUEST"},
		{403, `{"success":false,"error":"Scope and URL mismatch"}`, []string{"forbidden"}, channels.Rejected, "Scope and URL mismatch"},
		{403, `error code: 1020`, nil, channels.Rejected, "answered 403: Forbidden"},
		{403, ``, []string{"forbidden"}, channels.Rejected, "answered 403: Forbidden"},
		{304, ``, nil, channels.Rejected, "answered 304: Not Modified"},
		{403, page, nil, channels.Rejected, `answered 403: an HTML page, so something on the way answered and not the API: "Just a moment"`},
		{404, envelope("NOT_FOUND"), []string{"not found"}, channels.Rejected, "answered 404 NOT_FOUND: the text"},
		{404, `{"success":false,"error":"the text"}`, []string{"not found"}, channels.Rejected, "the text (the channel or conversation is unknown, or the endpoint is gone; a probe tells which"},
		{404, envelope("ROUTE_GONE"), []string{"not found"}, channels.Rejected, "or the endpoint is gone; a probe tells which"},
		{404, `{"message":"no Route matched"}`, []string{"withdrawn"}, channels.Rejected, "(the base URL is wrong, or the service is withdrawn)"},
		{404, ``, []string{"withdrawn"}, channels.Rejected, "Not Found (the base URL is wrong, or the service is withdrawn)"},
		{403, `{"type":"https://example.com","title":"Error 1020: Access denied","status":403}`, nil, channels.Rejected, "answered 403: Forbidden"},
		{404, "\xef\xbb\xbf" + envelope("NOT_FOUND"), []string{"not found"}, channels.Rejected, "answered 404 NOT_FOUND: the text"},
		{400, `{"Success":false,"ERROR":"the text","Additional_Data":{"code":"INVALID_BODY"}}`, nil, channels.Rejected, "answered 400: Bad Request"},
		{404, page, []string{"withdrawn"}, channels.Rejected, "(the base URL is wrong, or the service is withdrawn)"},
		{405, ``, nil, channels.Rejected, "Method Not Allowed"},
		{410, ``, []string{"withdrawn"}, channels.Rejected, "Gone (the base URL is wrong, or the service is withdrawn)"},
		{410, envelope("GONE"), []string{"withdrawn"}, channels.Rejected, "answered 410 GONE"},
		{422, `{"success":false,"error":"the text","additional_data":null}`, nil, channels.Rejected, "answered 422: the text"},
		{429, gateway, []string{"rate limited"}, channels.Rejected, "the text (a burst limit is free again in seconds"},
		{408, ``, nil, channels.Unknown, "outcome unknown: answered 408: Request Timeout"},
		{500, envelope("BROKEN"), nil, channels.Unknown, "outcome unknown: answered 500 BROKEN: the text"},
		{502, page, nil, channels.Unknown, "outcome unknown: answered 502: an HTML page"},
		{503, ``, nil, channels.Unknown, "Service Unavailable"},
		{599, `{`, nil, channels.Unknown, "outcome unknown: answered 599"},
		// Whatever types the fields have, those that fit are read.
		{400, `{"success":0,"error":"the text","error_info":{},"errorCode":"x","additional_data":{"code":"INVALID_BODY"}}`, []string{"invalid body"}, channels.Rejected, "answered 400 INVALID_BODY: the text"},
		{400, `{"success":false,"error":{"message":"m"},"additional_data":[]}`, nil, channels.Rejected, "answered 400: Bad Request"},
		{400, `"the text"`, nil, channels.Rejected, "answered 400: Bad Request"},
	} {
		_, err := newClient(t, answer(tt.status, tt.body)).ReceiveMessage(t.Context(), message())
		e := mustError(t, err)
		if e.StatusCode != tt.status || e.Outcome != tt.outcome || e.Operation != "receiveMessage" || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%d %s:\n got %v (%v)\nwant %v with %q", tt.status, tt.body, err, e.Outcome, tt.outcome, tt.text)
		}
		for name, kind := range kinds {
			if errors.Is(err, kind) != slices.Contains(tt.kinds, name) {
				t.Errorf("%d %s: is %q: %v", tt.status, tt.body, name, errors.Is(err, kind))
			}
		}
	}
}

func TestDetailsAreKept(t *testing.T) {
	t.Parallel()
	_, err := newClient(t, answer(400, `{"pad":"`+strings.Repeat("é", 5000)+`","error":"`+strings.Repeat("long ", 500)+`","error_info":"read on","additional_data":{"code":"X"}}`,
		"X-Correlation-Id", "abc-123")).ReceiveMessage(t.Context(), message())
	e := mustError(t, err)
	if e.CorrelationID != "abc-123" || e.Info != "read on" || e.Code != "X" {
		t.Errorf("got %+v", e)
	}
	if len(e.Message) > 512 || len(e.Body) > 2048 || !strings.HasSuffix(e.Message, "…") || !strings.HasSuffix(e.Body, "é…") {
		t.Errorf("not bounded: %d bytes of message, %d of body", len(e.Message), len(e.Body))
	}
}

func TestTextsAreFitForATerminal(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"error":"\u001b[2Jred\nline\u202egnp.exe\u0000","additional_data":{"code":"A\u001bB"}}`,
		"<title>\x1b[2J\xff\u202e\x00</title>",
		"<p>İİİİİİİİ</p><TITLE>\x1b</TITLE>", // whose letters change their length with their case
	} {
		_, err := newClient(t, answer(400, body, "X-Correlation-Id", "a\tb")).ReceiveMessage(t.Context(), message())
		e := mustError(t, err)
		for _, text := range []string{err.Error(), e.Message, e.Code, e.Body, e.CorrelationID} {
			if strings.ContainsAny(text, "\x1b\n\t\x00\u202e\ufffd") {
				t.Errorf("control characters are left: %q", text)
			}
		}
	}
}

func TestHowLongALimitLasts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		header []string
		want   time.Duration
	}{
		{429, []string{"x-ratelimit-reset", "2"}, 2 * time.Second},
		{429, []string{"x-ratelimit-reset", "1.5"}, 1500 * time.Millisecond},
		{429, []string{"Retry-After", "7", "x-ratelimit-reset", "2"}, 7 * time.Second},
		{429, []string{"Retry-After", "soon", "x-ratelimit-reset", "2"}, 2 * time.Second},
		{429, []string{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT", "x-ratelimit-reset", "2"}, 2 * time.Second},
		{503, []string{"Retry-After", "7"}, 7 * time.Second},
		{429, []string{"x-ratelimit-reset", "1646121515"}, 0}, // a point in time, not a duration
		{429, []string{"x-ratelimit-reset", "-1"}, 0},
		{429, []string{"x-ratelimit-reset", "NaN"}, 0},
		{429, []string{"x-ratelimit-reset", "1e308"}, 0},
		{429, []string{"x-ratelimit-reset", ""}, 0},
		{429, nil, 0},
		{400, []string{"x-ratelimit-reset", "2"}, 0}, // stands on every answer
	} {
		err := newClient(t, answer(tt.status, gateway, tt.header...)).DeleteChannel(t.Context(), channels.DeleteChannelRequest{ProviderChannelID: "c"})
		if e := mustError(t, err); e.RetryAfter != tt.want {
			t.Errorf("%d %v: got %v, want %v", tt.status, tt.header, e.RetryAfter, tt.want)
		}
	}
	far := time.Now().Add(1000 * time.Hour).UTC().Format(http.TimeFormat)
	farErr := newClient(t, answer(429, gateway, "Retry-After", far)).DeleteChannel(t.Context(), channels.DeleteChannelRequest{ProviderChannelID: "c"})
	if e := mustError(t, farErr); e.RetryAfter != 0 {
		t.Errorf("Retry-After: %s: got %v", far, e.RetryAfter)
	}
	in := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	err := newClient(t, answer(429, gateway, "Retry-After", in)).DeleteChannel(t.Context(), channels.DeleteChannelRequest{ProviderChannelID: "c"})
	if e := mustError(t, err); e.RetryAfter < 50*time.Minute || e.RetryAfter > time.Hour+2*time.Second { // the limiter adds some jitter
		t.Errorf("Retry-After: %s: got %v", in, e.RetryAfter)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the redirect was followed, with %v", r.Header)
	}))
	t.Cleanup(other.Close)
	for _, status := range []int{300, 301, 302, 303, 307, 308} {
		client := newClient(t, answer(status, "", "Location", other.URL+"/v1/channels?token=hunter2"), channels.WithHTTPClient(&http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return nil },
		}))
		err := client.DeleteChannel(t.Context(), channels.DeleteChannelRequest{ProviderChannelID: "c"})
		e := mustError(t, err)
		want := channels.Rejected
		if status == http.StatusSeeOther { // it points to the result of what was done
			want = channels.Unknown
		}
		if e.StatusCode != status || e.Outcome != want || !strings.Contains(err.Error(), other.URL) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%d: got %v (%v), want the host %s named", status, err, e.Outcome, other.URL)
		}
	}
}

// An error that a caller makes, as in a test of its own, is of the same kinds.
func TestKindsNeedNoServer(t *testing.T) {
	t.Parallel()
	err := error(&channels.Error{Operation: "addChannel", Outcome: channels.Rejected, StatusCode: 403, Code: "ADMIN_ONLY"})
	if !errors.Is(err, channels.ErrAdminOnly) || !errors.Is(err, channels.ErrForbidden) || errors.Is(err, channels.ErrNotFound) {
		t.Error(err)
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		body   string
		want   error
		text   string
	}{
		{400, envelope("INVALID_RECEIVE_MESSAGE_PAYLOAD"), nil, ""},
		{401, gateway, channels.ErrUnauthorized, "401"},
		{403, envelope("X"), channels.ErrForbidden, "403"},
		{404, page, channels.ErrWithdrawn, "404"},
		{404, envelope("NO_ROUTE"), channels.ErrWithdrawn, "404"}, // it names no channel that could be unknown
		{410, ``, channels.ErrWithdrawn, "410"},
		{429, gateway, channels.ErrRateLimited, "429"},
		{200, `{"success":true}`, nil, "not the Channels API"},
		{400, envelope("INVALID_BODY"), channels.ErrInvalidBody, "400"},
	} {
		var got capture
		client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			got.answer("")(httptest.NewRecorder(), r)
			answer(tt.status, tt.body)(w, r)
		})
		err := client.Probe(t.Context())
		if (err == nil) != (tt.text == "") || (tt.want != nil && !errors.Is(err, tt.want)) || (err != nil && !strings.Contains(err.Error(), tt.text)) {
			t.Errorf("%d %s: got %v, want %v with %q", tt.status, tt.body, err, tt.want, tt.text)
		}
		if got.method != "POST" || got.uri != "/v1/channels/messages/receive" || got.body != "{}" {
			t.Errorf("sent %+v", got)
		}
	}
}
