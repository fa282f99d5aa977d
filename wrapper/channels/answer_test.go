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
		{"white space", answer(200, "\n"), channels.Unknown, "not JSON"},
		{"null", answer(200, `null`), channels.Unknown, "does not say"},
		{"no success", answer(200, `{"data":{"id":"1"}}`), channels.Unknown, "does not say"},
		{"success in quotes", answer(200, `{"success":"true","data":{"id":"1"}}`), channels.Unknown, "does not say"},
		{"a list", answer(200, `[{"success":true}]`), channels.Unknown, "does not say"},
		{"no data", answer(200, `{"success":true}`), channels.Unknown, "lacks its data"},
		{"null data", answer(200, `{"success":true,"data":null}`), channels.Unknown, "lacks its data"},
		{"empty data", answer(200, `{"success":true,"data":{}}`), channels.Unknown, "lacks its data"},
		{"data of another kind", answer(200, `{"success":true,"data":"fine"}`), channels.Unknown, "unexpected type in data"},
		{"an id of another kind", answer(200, `{"success":true,"data":{"id":7}}`), channels.Unknown, "unexpected type in data.id"},
		{"cut off in the open", answer(200, messageAnswer[:len(messageAnswer)-9]), channels.Unknown, "cut off"},
		{"something after it", answer(200, messageAnswer+"}"), channels.Unknown, "not JSON"},
		{"a page", answer(200, "<html><head><title>Sign in\nplease</title>", "Content-Type", "text/html"), channels.Unknown, `an HTML page, so something on the way answered and not the API: "Sign in please"`},
		{"cut off by length", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, messageAnswer)
		}, channels.Unknown, "cut off"},
		{"too long", answer(200, `{"success":true,"data":{"id":"1","message":"`+strings.Repeat("a", 1<<20)+`"}}`), channels.Unknown, "longer than 1048576 bytes"},
		{"too long once unpacked", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = fmt.Fprint(z, `{"success":true,"data":{"id":"1","message":"`)
			for range 3 {
				_, _ = z.Write(bytes.Repeat([]byte("a"), 1<<20))
			}
			_ = z.Close()
		}, channels.Unknown, "longer than 1048576 bytes"},
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

func TestDeletesNeedNoData(t *testing.T) {
	t.Parallel()
	client := newClient(t, answer(200, `{"success":true,"data":{"id":1}}`))
	if err := client.DeleteConversation(t.Context(), channels.DeleteConversationRequest{ProviderChannelID: "c", ConversationID: "v"}); err != nil {
		t.Error(err)
	}
}
