// How much the handler costs beside the least that would do.

package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// BenchmarkGetConversations answers 30 conversations of 30 messages over loopback, in
// turn by the handler and by a function that encodes the same data with encoding/json
// and does nothing else (no authentication, no bounds, no checks). Taking turns, and
// comparing medians, keeps a busy machine out of the figure: x-by-hand is the handler's
// requests per second as a share of the function's.
func BenchmarkGetConversations(b *testing.B) {
	page := benchPage()
	h, err := provider.NewHandler(benchInbox{page: page}, provider.BasicAuth("id", "secret"))
	if err != nil {
		b.Fatal(err)
	}
	answer := byHand(page)
	get := [2]func() time.Duration{
		getConversations(b, h),
		getConversations(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(answer)
		})),
	}
	var took [2][]time.Duration
	for b.Loop() {
		for i := range get {
			took[i] = append(took[i], get[i]())
		}
	}
	for i := range took {
		slices.Sort(took[i])
	}
	handler, hand := took[0][len(took[0])/2], took[1][len(took[1])/2]
	b.ReportMetric(float64(hand)/float64(handler), "x-by-hand")
	b.ReportMetric(float64(handler.Microseconds()), "µs-handler")
	b.ReportMetric(float64(hand.Microseconds()), "µs-by-hand")
}

func getConversations(b *testing.B, h http.Handler) func() time.Duration {
	b.Helper()
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	req, err := http.NewRequest(http.MethodGet, server.URL+"/channels/c/conversations", nil)
	if err != nil {
		b.Fatal(err)
	}
	req.SetBasicAuth("id", "secret")
	return func() time.Duration {
		start := time.Now()
		res, err := server.Client().Do(req)
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		if err != nil || res.StatusCode != http.StatusOK || n < 100_000 {
			b.Fatalf("status %d, %d bytes, %v", res.StatusCode, n, err)
		}
		_ = res.Body.Close()
		return time.Since(start)
	}
}

type benchInbox struct {
	provider.Inbox
	page provider.ConversationsPage
}

func (i benchInbox) GetConversations(context.Context, provider.GetConversationsRequest) (provider.ConversationsPage, error) {
	return i.page, nil
}

func benchPage() provider.ConversationsPage {
	var page provider.ConversationsPage
	start := time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC)
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
				CreatedAt: start.Add(time.Duration(m) * time.Minute), SenderID: "person-7",
				Message: "Is the blue one in stock? I would take two of them if they come before Friday.",
				Attachments: []provider.Attachment{{
					ID: "attachment-3", Type: "image/png", URL: "https://messenger.example/files/3.png", Name: "blue.png", Size: 600,
				}},
			})
		}
		page.Conversations = append(page.Conversations, conversation)
	}
	page.After = "page-2"
	return page
}

type (
	handAnswer struct {
		Success        bool               `json:"success"`
		Data           []handConversation `json:"data"`
		AdditionalData struct {
			After string `json:"after,omitempty"`
		} `json:"additional_data"`
	}
	handConversation struct {
		ID           string            `json:"id"`
		Link         string            `json:"link"`
		Status       string            `json:"status"`
		Seen         bool              `json:"seen"`
		Messages     []handMessage     `json:"messages"`
		Participants []handParticipant `json:"participants"`
	}
	handMessage struct {
		ID          string           `json:"id"`
		Status      string           `json:"status"`
		CreatedAt   time.Time        `json:"created_at"`
		Message     string           `json:"message"`
		SenderID    string           `json:"sender_id"`
		Attachments []handAttachment `json:"attachments"`
	}
	handParticipant struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Role string `json:"role"`
	}
	handAttachment struct {
		ID   string  `json:"id"`
		Type string  `json:"type"`
		URL  string  `json:"url"`
		Name string  `json:"name,omitempty"`
		Size float64 `json:"size,omitempty"`
	}
)

func byHand(page provider.ConversationsPage) handAnswer {
	answer := handAnswer{Success: true}
	answer.AdditionalData.After = page.After
	for _, c := range page.Conversations {
		conversation := handConversation{ID: c.ID, Link: c.Link, Status: string(c.Status), Seen: c.Seen}
		for _, p := range c.Participants {
			conversation.Participants = append(conversation.Participants, handParticipant{p.ID, p.Name, string(p.Role)})
		}
		for _, m := range c.Messages {
			message := handMessage{ID: m.ID, Status: string(m.Status), CreatedAt: m.CreatedAt, Message: m.Message, SenderID: m.SenderID}
			for _, a := range m.Attachments {
				message.Attachments = append(message.Attachments, handAttachment{a.ID, a.Type, a.URL, a.Name, a.Size})
			}
			conversation.Messages = append(conversation.Messages, message)
		}
		answer.Data = append(answer.Data, conversation)
	}
	return answer
}
