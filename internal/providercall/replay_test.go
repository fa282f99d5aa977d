package providercall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/tests/recordings"
)

// arguments are what a call: section can name, by the names of the recordings' README.
type arguments struct {
	Channel, Conversation, Message, Sender, After string
	Conversations, Messages                       int
	Form                                          Form
}

// method makes a call, and has a place for what it returns.
type method struct {
	call func(context.Context, Client, arguments) (Answer, error)
	into any
}

var methods = map[string]method{
	"GetConversations": {func(ctx context.Context, c Client, a arguments) (Answer, error) {
		return c.GetConversations(ctx, a.Channel, a.Conversations, a.Messages, a.After)
	}, providerclient.ConversationsResponse{}},
	"GetConversationByID": {func(ctx context.Context, c Client, a arguments) (Answer, error) {
		return c.GetConversationByID(ctx, a.Channel, a.Conversation, a.Messages, a.After)
	}, providerclient.ConversationResponse{}},
	"PostMessage": {func(ctx context.Context, c Client, a arguments) (Answer, error) {
		return c.PostMessage(ctx, a.Channel, a.Form)
	}, providerclient.PostMessageResponse{}},
	"GetMessageByID": {func(ctx context.Context, c Client, a arguments) (Answer, error) {
		return c.GetMessageByID(ctx, a.Channel, a.Conversation, a.Message)
	}, providerclient.Message{}},
	"GetSenderByID": {func(ctx context.Context, c Client, a arguments) (Answer, error) {
		return c.GetSenderByID(ctx, a.Channel, a.Sender)
	}, providerclient.SenderResponse{}},
	"GetTemplates": {func(ctx context.Context, c Client, a arguments) (Answer, error) {
		return c.GetTemplates(ctx, a.Channel)
	}, providerclient.TemplatesResponse{}},
	"DeleteChannelByID": {func(ctx context.Context, c Client, a arguments) (Answer, error) {
		return c.DeleteChannelByID(ctx, a.Channel)
	}, providerclient.DeleteResponse{}},
}

// Check 2 of what Pipedrive asks of an app: the caller makes the request of each recording, byte
// by byte, and turns its answer into the result that was written down by hand.
func TestCallerReplaysTheRecordings(t *testing.T) {
	t.Parallel()
	operations, err := documented()
	if err != nil {
		t.Fatal(err)
	}
	all, err := recordings.All()
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(r *recordings.Recording) bool { return operations[r.Operation].of == nil })
	if len(all) == 0 {
		t.Fatal("there are no recordings")
	}
	for _, r := range all {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			asked := r
			if asked.Call == "" { // the caller makes no such request, so one that it makes gets its answer
				i := slices.IndexFunc(all, func(other *recordings.Recording) bool { return other.Name == r.Operation+"-200" })
				asked = all[i]
			}
			replay := &recordings.Replayer{Answer: r.Response}
			got := play(t, asked, replay)
			if len(replay.Requests) != 1 {
				t.Fatalf("the caller made %d requests, want 1", len(replay.Requests))
			}
			if complaint := recordings.Unmatched(replay.Requests[0], asked, all); complaint != "" {
				t.Error(complaint)
			}
			if got != r.Result {
				t.Errorf("the caller made of it\n%s\n\nand should have made\n%s", got, r.Result)
			}
		})
	}
}

// play makes the call of a recording, and renders what it returns.
func play(t *testing.T, r *recordings.Recording, replay *recordings.Replayer) string {
	t.Helper()
	name, request, _ := strings.Cut(r.Call, " ")
	m, ok := methods[name]
	if !ok {
		t.Fatalf("the caller has no method %q", name)
	}
	var a arguments
	d := json.NewDecoder(strings.NewReader(request))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		t.Fatalf("the call cannot be read: %v", err)
	}
	answer, err := m.call(t.Context(), callerFor(t, r, replay), a)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	into := reflect.New(reflect.TypeOf(m.into))
	var refusal *RefusalError
	switch err := answer.Decode(into.Interface()); {
	case err == nil:
		b.WriteString(recordings.Render(into.Elem().Interface()))
	case errors.As(err, &refusal):
		b.WriteString(renderRefusal(refusal))
	default:
		t.Fatal(err)
	}
	for i, v := range answer.Judge(t.Context()) {
		if i == 0 {
			b.WriteString("\nviolations")
		}
		b.WriteString("\n  " + v.String())
	}
	return b.String()
}

// callerFor carries the credentials of the request, and has the manifest that its path is by:
// the second path of getMessageById is that of another manifest.
func callerFor(t *testing.T, r *recordings.Recording, replay *recordings.Replayer) Client {
	t.Helper()
	const base = "http://127.0.0.1"
	endpoints, err := AtBase(base, false)
	if r.Operation == "getChannelMessageById" {
		endpoints, err = FromManifest(fmt.Appendf(nil, `{"version":"v202101","endpoints":{
			"getConversations":"%[1]s/:providerChannelId","getConversationById":"%[1]s/:providerChannelId/:sourceConversationId",
			"postMessage":"%[1]s/:providerChannelId","getMessageById":"%[1]s/channels/:providerChannelId/messages/:sourceMessageId"}}`, base), false)
	}
	if err != nil {
		t.Fatal(err)
	}
	id, secret, ok := (&http.Request{Header: r.Request.Header}).BasicAuth()
	if !ok {
		t.Fatalf("the request of %s carries no credentials", r.Name)
	}
	c, err := New(endpoints, id, secret)
	if err != nil {
		t.Fatal(err)
	}
	c.http.Transport = replay.Transport()
	return c
}

func renderRefusal(r *RefusalError) string {
	text := fmt.Sprintf("error\n  status: %d", r.StatusCode)
	for _, line := range [][2]string{{"code", r.Code}, {"message", r.Message}} {
		if line[1] != "" {
			text += fmt.Sprintf("\n  %s: %s", line[0], line[1])
		}
	}
	if !r.RetryBy.IsZero() {
		text += "\n  retry by: " + r.RetryBy.Format(time.RFC3339Nano)
	}
	return text
}
