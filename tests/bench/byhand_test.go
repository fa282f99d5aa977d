// The comparator: what a good Go engineer writes for this one call. It uses nothing of this project.

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const requestLayout = "2006-01-02 15:04"

// handMessage is a message as a program has it.
type handMessage struct {
	handJSON
	CreatedAt, ReplyBy time.Time
}

func (m *handMessage) encode() ([]byte, error) {
	m.handJSON.CreatedAt = m.CreatedAt.UTC().Format(requestLayout)
	if !m.ReplyBy.IsZero() {
		m.handJSON.ReplyBy = m.ReplyBy.UTC().Format(requestLayout)
	}
	return json.Marshal(m.handJSON)
}

// handJSON is a message on the wire, in both directions.
type handJSON struct {
	ID               string           `json:"id"`
	ChannelID        string           `json:"channel_id"`
	SenderID         string           `json:"sender_id"`
	ConversationID   string           `json:"conversation_id"`
	Message          string           `json:"message"`
	Status           string           `json:"status"`
	CreatedAt        string           `json:"created_at"`
	ReplyBy          string           `json:"reply_by,omitempty"`
	ConversationLink string           `json:"conversation_link,omitempty"`
	Attachments      []handAttachment `json:"attachments"`
}

type handAttachment struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	URL         string  `json:"url"`
	Name        string  `json:"name,omitempty"`
	Size        float64 `json:"size,omitempty"`
	PreviewURL  string  `json:"preview_url,omitempty"`
	LinkExpires bool    `json:"link_expires,omitempty"`
}

type handAnswer struct {
	Success bool     `json:"success"`
	Error   string   `json:"error"`
	Data    handJSON `json:"data"`
}

type handClient struct {
	http  *http.Client
	url   string
	token string
}

func newHandClient(baseURL string, transport http.RoundTripper) *handClient {
	return &handClient{
		http:  &http.Client{Transport: transport, Timeout: 15 * time.Second},
		url:   baseURL + "/channels/messages/receive",
		token: token,
	}
}

func (c *handClient) receiveMessage(ctx context.Context, m handMessage) (handMessage, error) {
	body, err := m.encode()
	if err != nil {
		return handMessage{}, fmt.Errorf("encode message: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return handMessage{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.http.Do(req)
	if err != nil {
		return handMessage{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return handMessage{}, fmt.Errorf("read answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return handMessage{}, fmt.Errorf("answered %s: %s", resp.Status, text)
	}
	var a handAnswer
	if err := json.Unmarshal(text, &a); err != nil {
		return handMessage{}, fmt.Errorf("decode answer: %w", err)
	}
	if !a.Success {
		return handMessage{}, fmt.Errorf("refused: %s", a.Error)
	}
	received := handMessage{handJSON: a.Data}
	if received.CreatedAt, err = time.Parse(time.RFC3339, a.Data.CreatedAt); err != nil {
		return handMessage{}, fmt.Errorf("read created_at: %w", err)
	}
	if a.Data.ReplyBy != "" {
		if received.ReplyBy, err = time.Parse(time.RFC3339, a.Data.ReplyBy); err != nil {
			return handMessage{}, fmt.Errorf("read reply_by: %w", err)
		}
	}
	return received, nil
}
