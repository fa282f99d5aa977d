package channels_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/pdchannels/pdchannels/internal/pipenet"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// Whatever a server answers, a call returns a success only if the answer says so in full,
// and otherwise an error whose texts are bounded and fit to be printed.
func FuzzAnswer(f *testing.F) {
	f.Add(200, "application/json", messageAnswer)
	f.Add(200, "", `{"success":true,"data":{"id":"1"}}`)
	f.Add(200, "text/html", page)
	f.Add(400, "application/json", envelope("INVALID_BODY"))
	f.Add(401, "application/json", gateway)
	f.Add(403, "text/html", page)
	f.Add(404, "text/plain", "<title>İ</TITLE><title>")
	f.Add(308, "text/plain", "%")
	f.Add(101, "", messageAnswer)
	f.Add(500, "application/json", `{"error":[],"additional_data":{"code":7}}`)
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		if status < 101 || status > 999 { // net/http gives out no others
			return
		}
		client, err := channels.NewClient(channels.APIToken(apiToken), once, channels.WithHTTPClient(&http.Client{
			Transport: pipenet.RoundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode: status, Request: r, Body: io.NopCloser(bytes.NewReader([]byte(body))),
					Header: http.Header{"Content-Type": {contentType}, "Location": {body}, "X-Correlation-Id": {body}, "Retry-After": {body}},
				}, nil
			}),
		}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.ReceiveMessage(t.Context(), message())
		if err == nil {
			if status < 200 || status > 299 || !strings.Contains(body, "true") {
				t.Fatalf("%d %q is a success", status, body)
			}
			return
		}
		e := mustError(t, err)
		if e.StatusCode != status || e.Outcome == channels.NotSent || len(err.Error()) > 4<<10 {
			t.Fatalf("%d %q: got %d bytes of %v (%v)", status, body, len(err.Error()), err, e.Outcome)
		}
		for _, text := range []string{e.Code, e.Message, e.Info, e.Body, e.CorrelationID} {
			if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
				t.Fatalf("%d %q: not fit to be printed: %q", status, body, text)
			}
		}
	})
}

// An id is refused, or it travels as one segment of the path and arrives as it was.
func FuzzIDsInThePath(f *testing.F) {
	for _, id := range []string{"", ".", "..", "...", "a/b", "../x", "%2e%2e", "%", "a b", "ü", "+@:;?#&=", "\x00", "\xff", "a\r\nHost: evil.example", "//evil.example", "/"} {
		f.Add(id, "v")
		f.Add("c", id)
	}
	f.Fuzz(func(t *testing.T, channel, conversation string) {
		var segments []string // as sent, between the slashes
		client, err := channels.NewClient(channels.APIToken(apiToken), once, channels.WithHTTPClient(&http.Client{
			Transport: pipenet.RoundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.Host != "api.pipedrive.com" || r.URL.RawQuery != "" {
					t.Errorf("sent to %s", r.URL)
				}
				for segment := range strings.SplitSeq(r.URL.EscapedPath(), "/") {
					text, err := url.PathUnescape(segment)
					if err != nil {
						t.Error(err)
					}
					segments = append(segments, text)
				}
				return &http.Response{StatusCode: 200, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"success":true}`))}, nil
			}),
		}))
		if err != nil {
			t.Fatal(err)
		}
		err = client.DeleteConversation(t.Context(), channels.DeleteConversationRequest{ProviderChannelID: channel, ConversationID: conversation})
		var field *channels.FieldError
		switch {
		case errors.As(err, &field):
			if segments != nil {
				t.Errorf("refused %q and %q, but sent", channel, conversation)
			}
		case err != nil:
			t.Errorf("%q and %q: %v", channel, conversation, err)
		case !slices.Equal(segments, []string{"", "v1", "channels", channel, "conversations", conversation}):
			t.Errorf("%q and %q were sent as %q", channel, conversation, segments)
		}
	})
}
