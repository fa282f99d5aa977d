package channels_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func TestAnswersAreReadLeniently(t *testing.T) {
	t.Parallel()
	minute := time.Date(2022, 3, 1, 7, 58, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, data string
		want       channels.Message
		logged     string
	}{
		{"milliseconds", `"created_at":"2022-03-01T07:58:35.449Z"`, channels.Message{CreatedAt: minute.Add(35449 * time.Millisecond)}, ""},
		{"another zone", `"created_at":"2022-03-01T09:58:00+02:00"`, channels.Message{CreatedAt: minute}, ""},
		{"a space and no zone", `"created_at":"2022-03-01 07:58:00"`, channels.Message{CreatedAt: minute}, ""},
		{"minutes", `"created_at":"2022-03-01 07:58"`, channels.Message{CreatedAt: minute}, ""},
		{"no time", `"created_at":null,"reply_by":""`, channels.Message{}, ""},
		{"no time at all", `"message":""`, channels.Message{}, ""},
		{"a time nobody can read", `"created_at":"yesterday"`, channels.Message{}, "created_at"},
		{"a time that is a number", `"reply_by":1646121515449`, channels.Message{}, "reply_by"},
		{"a time that is an object", `"reply_by":{"date":"2022"}`, channels.Message{}, "reply_by"},
		{"unknown fields", `"status":"read","mood":{"a":[1]},"reply_by":"2022-03-01 07:58"`, channels.Message{Status: channels.StatusRead, ReplyBy: minute}, ""},
		{"an unknown value", `"status":"pinned"`, channels.Message{Status: "pinned"}, ""},
		{"nulls", `"message":null,"conversation_link":null,"attachments":null`, channels.Message{}, ""},
		{"a field of another type", `"message":42,"status":"sent"`, channels.Message{Status: channels.StatusSent}, "field=data.message"},
		{
			"an attachment", `"attachments":[{"id":"a","type":"image/png","url":"u","name":null,"size":600.5,"preview_url":"p","link_expires":true}]`,
			channels.Message{Attachments: []channels.Attachment{{ID: "a", Type: "image/png", URL: "u", Size: 600.5, PreviewURL: "p", LinkExpires: true}}}, "",
		},
	} {
		for _, contentType := range []string{"application/json", "text/plain; charset=utf-8", "text/html", "application/octet-stream", "nonsense;;"} {
			var log bytes.Buffer
			client := newClient(t, answer(200, `{"success":true,"data":{"id":"1",`+tt.data+`},"extra":1}`, "Content-Type", contentType),
				channels.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			got, err := client.ReceiveMessage(t.Context(), message())
			tt.want.ID = "1"
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s as %s:\n got %+v, %v\nwant %+v", tt.name, contentType, got, err, tt.want)
			}
			if (tt.logged == "") != (log.Len() == 0) || !strings.Contains(log.String(), tt.logged) {
				t.Errorf("%s: logged %q, want %q", tt.name, &log, tt.logged)
			}
		}
	}
}

func TestAChannelIsRead(t *testing.T) {
	t.Parallel()
	client := newClient(t, answer(201, `{"success":true,"data":{"id":"6fd1","name":"Support","avatar_url":null,"provider_channel_id":"c",`+
		`"marketplace_client_id":"0a1b","pd_company_id":1001,"pd_user_id":42,"created_at":"2022-03-01 07:58:35","provider_type":"telegram","template_support":true}}`))
	got, err := client.AddChannel(t.Context(), channels.AddChannelRequest{Name: "Support", ProviderChannelID: "c"})
	want := channels.Channel{
		ID: "6fd1", Name: "Support", ProviderChannelID: "c", MarketplaceClientID: "0a1b", PDCompanyID: 1001, PDUserID: 42,
		CreatedAt: time.Date(2022, 3, 1, 7, 58, 35, 0, time.UTC), ProviderType: "telegram", TemplateSupport: true,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestAnAnswerThatIsNoneIsNoSuccess(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		outcome channels.Outcome
		problem string
	}{
		{"success false", answer(200, `{"success":false,"error":"no room","additional_data":{"code":"FULL"}}`), channels.Rejected, "answered 200 FULL: no room"},
		{"success false without a word", answer(200, `{"success":false}`), channels.Rejected, "answered 200: success is false, without a reason"},
		{"empty", answer(200, ``), channels.Unknown, "is empty"},
		{"no content", answer(204, ``), channels.Unknown, "is empty"},
		{"white space", answer(200, "\n"), channels.Unknown, "is empty"},
		{"null", answer(200, `null`), channels.Unknown, "does not say"},
		{"no success", answer(200, `{"data":{"id":"1"}}`), channels.Unknown, "does not say"},
		{"success in quotes", answer(200, `{"success":"true","data":{"id":"1"}}`), channels.Unknown, "does not say"},
		{"success in another case", answer(200, `{"success":false,"SUCCESS":true,"data":{"id":"1"}}`), channels.Rejected, "success is false"},
		{"only another case", answer(200, `{"Success":true,"data":{"id":"1"}}`), channels.Unknown, "does not say"},
		{"success inside the data", answer(200, `{"data":{"id":"1","success":true}}`), channels.Unknown, "does not say"},
		{"both", answer(200, `{"success":true,"data":{"id":"1"},"success":false}`), channels.Unknown, "does not say"},
		{"a list", answer(200, `[{"success":true}]`), channels.Unknown, "does not say"},
		{"cut off in the open", answer(200, messageAnswer[:len(messageAnswer)-9]), channels.Unknown, "cut off"},
		{"something after it", answer(200, messageAnswer+"}"), channels.Unknown, "not JSON"},
		{"a page", answer(200, "<html><head><title>Sign in\nplease</title>", "Content-Type", "text/html"), channels.Unknown, `an HTML page, so something on the way answered and not the API: "Sign in please"`},
		{"cut off by length", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, messageAnswer)
		}, channels.Unknown, "cut off"},
		{"too long", answer(200, `{"success":true,"data":{"id":"1","message":"`+strings.Repeat("a", 2<<20)+`"}}`), channels.Unknown, "longer than"},
		{"too long once unpacked", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = fmt.Fprint(z, `{"success":true,"data":{"id":"1","message":"`)
			for range 3 {
				_, _ = z.Write(bytes.Repeat([]byte("a"), 1<<20))
			}
			_ = z.Close()
		}, channels.Unknown, "longer than"},
	} {
		_, err := newClient(t, tt.handler).ReceiveMessage(t.Context(), message())
		e := mustError(t, err)
		if e.Outcome != tt.outcome || e.StatusCode/100 != 2 || !strings.Contains(err.Error(), tt.problem) {
			t.Errorf("%s: got %v (%v), want %v with %q", tt.name, err, e.Outcome, tt.outcome, tt.problem)
		}
		if len(e.Body) > 2<<10 {
			t.Errorf("%s: %d bytes of body are kept", tt.name, len(e.Body))
		}
	}
}

// A 2xx that says success is one, whatever else is odd in it. What cannot be read is zero, and logged.
func TestASuccessIsASuccess(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ body, logged string }{
		"an id that is a number":           {`{"success":true,"data":{"id":7,"status":"sent"}}`, "field=data.id"},
		"a member that nobody knows":       {`{"success":true,"data":{"id":"message-1","status":"sent","mood":[{}]},"more":1}`, ""},
		"another case beside it":           {`{"Success":false,"success":true,"data":{"status":"sent"}}`, ""},
		"escapes in the keys":              {`{"\u0073uccess":true,"dat\u0061":{"status":"sent"}}`, ""},
		"twice the same":                   {`{"success":true,"success":true,"data":{"status":"sent"}}`, ""},
		"a byte order mark":                {"\xef\xbb\xbf" + `{"success":true,"data":{"status":"sent"}}`, ""},
		"white space":                      {"\r\n { \"success\" : true , \"data\" : { \"status\" : \"sent\" } } \n", ""},
		"brackets and quotes in the texts": {`{"error":"}],{\"success\":false","success":true,"data":{"message":"\\\"}","status":"sent"}}`, ""},
		"an error beside it":               {`{"success":true,"error":{},"data":{"status":"sent"}}`, ""},
		"an attachment of another kind":    {`{"success":true,"data":{"status":"sent","attachments":["x"]}}`, "field=data.attachments"},
		"no data":                          {`{"success":true}`, "field=data"},
		"null data":                        {`{"success":true,"data":null}`, "field=data"},
		"data of another kind":             {`{"success":true,"data":"fine"}`, "field=data"},
		"a list of data":                   {`{"success":true,"data":[]}`, "field=data"},
	} {
		requests := 0
		var log bytes.Buffer
		client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			requests++
			answer(200, tt.body)(w, r)
		}, channels.WithRetries(channels.RetryPolicy{}), channels.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		got, err := client.ReceiveMessage(t.Context(), message())
		if read := tt.logged != "field=data"; err != nil || requests != 1 || (got.Status == channels.StatusSent) != read {
			t.Errorf("%s: got %+v, %v after %d requests", name, got, err, requests)
		}
		if (tt.logged == "") != (log.Len() == 0) || !strings.Contains(log.String(), tt.logged) {
			t.Errorf("%s: logged %q, want %q", name, &log, tt.logged)
		}
	}
}

// An answer that echoes what was sent may be as long, and spell it with more bytes.
func TestALongMessageIsEchoed(t *testing.T) {
	t.Parallel()
	m := message()
	m.Message = strings.Repeat("ä", 600<<10)
	client := newClient(t, answer(200, `{"success":true,"data":{"id":"message-1","message":"`+strings.Repeat(`\u00e4`, 600<<10)+`"}}`))
	if got, err := client.ReceiveMessage(t.Context(), m); err != nil || got.Message != m.Message {
		t.Errorf("got %d bytes, %v", len(got.Message), err)
	}
}

// A delete that is answered without a body is done. No other call is.
func TestADeleteNeedsNoAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 202, 204} {
		client := newClient(t, answer(status, ""))
		for operation, call := range calls(client) {
			if err := call(t.Context()); (err == nil) != strings.HasPrefix(operation, "delete") {
				t.Errorf("%s, %d: %v", operation, status, err)
			}
		}
	}
}

func TestDeletesNeedNoData(t *testing.T) {
	t.Parallel()
	client := newClient(t, answer(200, `{"success":true,"data":{"id":1}}`))
	if err := client.DeleteConversation(t.Context(), channels.DeleteConversationRequest{ProviderChannelID: "c", ConversationID: "v"}); err != nil {
		t.Error(err)
	}
}
