// The comparator of getConversations: the page as a good Go engineer would have it encoded.

package bench

import (
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

type handPage struct {
	Success        bool               `json:"success"`
	Data           []handConversation `json:"data"`
	AdditionalData struct {
		After string `json:"after,omitempty"`
	} `json:"additional_data"`
}

type handConversation struct {
	ID           string            `json:"id"`
	Link         string            `json:"link"`
	Status       string            `json:"status"`
	Seen         bool              `json:"seen"`
	Messages     []handPageMessage `json:"messages"`
	Participants []handParticipant `json:"participants"`
}

type handPageMessage struct {
	ID          string     `json:"id"`
	Status      string     `json:"status"`
	CreatedAt   time.Time  `json:"created_at"`
	Message     string     `json:"message"`
	SenderID    string     `json:"sender_id"`
	Attachments []handFile `json:"attachments"`
}

type handParticipant struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role"`
}

type handFile struct {
	ID   string  `json:"id"`
	Type string  `json:"type"`
	URL  string  `json:"url"`
	Name string  `json:"name,omitempty"`
	Size float64 `json:"size,omitempty"`
}

func pageByHand(page provider.ConversationsPage) *handPage {
	answer := &handPage{Success: true}
	answer.AdditionalData.After = page.After
	for _, c := range page.Conversations {
		conversation := handConversation{ID: c.ID, Link: c.Link, Status: string(c.Status), Seen: c.Seen}
		for _, p := range c.Participants {
			conversation.Participants = append(conversation.Participants, handParticipant{p.ID, p.Name, string(p.Role)})
		}
		for _, m := range c.Messages {
			message := handPageMessage{ID: m.ID, Status: string(m.Status), CreatedAt: m.CreatedAt, Message: m.Message, SenderID: m.SenderID}
			for _, a := range m.Attachments {
				message.Attachments = append(message.Attachments, handFile{a.ID, a.Type, a.URL, a.Name, a.Size})
			}
			conversation.Messages = append(conversation.Messages, message)
		}
		answer.Data = append(answer.Data, conversation)
	}
	return answer
}
