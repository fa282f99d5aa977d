//go:build unix

package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"testing"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// sent keeps the request that goes through it, and has it answered.
type sent struct {
	http.RoundTripper

	method, url string
	header      http.Header
	body        any
}

func (s *sent) RoundTrip(req *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &s.body); err != nil {
		return nil, err
	}
	s.method, s.url, s.header = req.Method, req.URL.String(), req.Header.Clone()
	req.Body = io.NopCloser(bytes.NewReader(text))
	return s.RoundTripper.RoundTrip(req)
}

// The figures compare nothing unless both sides do the same work.
func TestBothSidesDoTheSame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		attachment bool
		tokens     func(testing.TB, string) oauth2.TokenSource
	}{
		{"no attachment", false, staticToken},
		{"one attachment", true, staticToken},
		{"installed app", true, installed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const origin = "http://127.0.0.1"
			clientSent := &sent{RoundTripper: memory{answerTo(c.attachment)}}
			handSent := &sent{RoundTripper: memory{answerTo(c.attachment)}}

			got, err := newClient(t, origin, clientSent, c.tokens).ReceiveMessage(t.Context(), clientMessage(c.attachment))
			if err != nil {
				t.Fatal("client:", err)
			}
			byHand, err := newHandClient(origin+apiPath, handSent).receiveMessage(t.Context(), messageByHand(c.attachment))
			if err != nil {
				t.Fatal("by hand:", err)
			}

			if clientSent.method != handSent.method || clientSent.url != handSent.url {
				t.Errorf("client sent %s %s, by hand %s %s", clientSent.method, clientSent.url, handSent.method, handSent.url)
			}
			for _, name := range []string{"Authorization", "Content-Type", "Accept"} {
				if c, h := clientSent.header.Values(name), handSent.header.Values(name); len(c) != 1 || !reflect.DeepEqual(c, h) {
					t.Errorf("%s: client sent %q, by hand %q; want one value, and the same", name, c, h)
				}
			}
			if !reflect.DeepEqual(clientSent.body, handSent.body) {
				t.Errorf("client sent %v\nby hand     %v", clientSent.body, handSent.body)
			}
			if want := publicMessage(byHand); !reflect.DeepEqual(got, want) {
				t.Errorf("client read %+v\nby hand     %+v", got, want)
			}
			// The answer repeats the message, so a field that both sides lose is missed too.
			if want := publicMessage(messageByHand(c.attachment)); !reflect.DeepEqual(got, want) {
				t.Errorf("client read %+v\nsent        %+v", got, want)
			}
		})
	}
}

// publicMessage is what was read by hand, in the client's terms.
func publicMessage(m handMessage) channels.Message {
	out := channels.Message{
		ID:                m.ID,
		ProviderChannelID: m.ChannelID,
		ConversationID:    m.ConversationID,
		SenderID:          m.SenderID,
		Message:           m.Message,
		Status:            channels.MessageStatus(m.Status),
		CreatedAt:         m.CreatedAt,
		ReplyBy:           m.ReplyBy,
		ConversationLink:  m.ConversationLink,
	}
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, channels.Attachment(a))
	}
	return out
}
