//go:build unix

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// BenchmarkGetConversations is the other direction: a page of 30 conversations of 30 messages, answered
// over loopback by wrapper/provider, and by a net/http handler that encodes the same page with encoding/json and
// does nothing else: no authentication, no bounds, no checks. What the caller takes is in it.
func BenchmarkGetConversations(b *testing.B) {
	ours, byHand := getting(b, providing(b)), getting(b, pageHandler())
	discarding := func(get func(context.Context, io.Writer) error) call {
		return func(ctx context.Context, _ string) error { return get(ctx, io.Discard) }
	}
	compare(b, discarding(ours), discarding(byHand), 20, 1)
}

// The figures compare nothing unless both handlers answer the same.
func TestBothHandlersAnswerTheSame(t *testing.T) {
	t.Parallel()
	var body bytes.Buffer
	if err := getting(t, providing(t))(t.Context(), &body); err != nil {
		t.Fatal(err)
	}
	got := &handPage{}
	d := json.NewDecoder(&body)
	d.DisallowUnknownFields()
	if err := d.Decode(got); err != nil || !reflect.DeepEqual(got, pageByHand(page())) {
		t.Errorf("the handler answered another page than the one by hand: %v", err)
	}
}

func providing(t testing.TB) http.Handler {
	t.Helper()
	h, err := provider.NewHandler(onePage{page: page()}, provider.BasicAuth("id", "secret"), provider.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func pageHandler() http.Handler {
	answer := pageByHand(page())
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // fails only if the caller has left
	})
}

// getting serves h, and returns what calls it. A handler that fails must not pass for a fast one.
func getting(t testing.TB, h http.Handler) func(context.Context, io.Writer) error {
	t.Helper()
	server, transport := httptest.NewServer(h), pooled(t)
	t.Cleanup(server.Close)
	return func(ctx context.Context, w io.Writer) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/channels/c/conversations", nil)
		if err != nil {
			return err
		}
		req.SetBasicAuth("id", "secret")
		res, err := transport.RoundTrip(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		n, err := io.Copy(w, res.Body)
		if err == nil && (res.StatusCode != http.StatusOK || n < 100_000) {
			err = fmt.Errorf("answered %s, with %d bytes", res.Status, n)
		}
		return err
	}
}

// onePage has one page, whatever is asked.
type onePage struct {
	provider.Inbox
	page provider.ConversationsPage
}

// GetConversations returns it.
func (p onePage) GetConversations(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error) {
	return p.page, nil
}

func page() provider.ConversationsPage {
	p := provider.ConversationsPage{After: "page-2"}
	for c := range 30 {
		conversation := provider.Conversation{
			ID: fmt.Sprintf("conversation-%d", c), Link: "https://messenger.example/c", Status: provider.ConversationOpen,
			Participants: []provider.Participant{
				{ID: "shop", Name: "The Shop", Role: provider.RoleSourceUser},
				{ID: "person-7", Name: "Ada Customer", Role: provider.RoleEndUser},
			},
		}
		for m := range 30 {
			conversation.Messages = append(conversation.Messages, provider.Message{
				ID: fmt.Sprintf("message-%d-%d", c, m), Status: provider.StatusRead,
				CreatedAt: createdAt.Add(time.Duration(m) * time.Minute), SenderID: "person-7",
				Message: "Is the blue one in stock? I would take two of them if they come before Friday.",
				Attachments: []provider.Attachment{{
					ID: "attachment-3", Type: "image/png", URL: "https://messenger.example/files/3.png", Name: "blue.png", Size: 600,
				}},
			})
		}
		p.Conversations = append(p.Conversations, conversation)
	}
	return p
}
