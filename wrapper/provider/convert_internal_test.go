package provider

import (
	"testing"
	"time"
)

// Memory that waits for the next answer holds on to nothing of the one before.
func TestConverterForgets(t *testing.T) {
	t.Parallel()
	c := &converter{Handler: &Handler{}}
	m := Message{ID: "m", Status: StatusSent, CreatedAt: time.Unix(0, 0), SenderID: "s", Attachments: []Attachment{{ID: "a", Type: "t", URL: "u"}}}
	conversation := Conversation{
		ID: "c", Status: ConversationOpen, Messages: []Message{m, m},
		Participants: []Participant{{ID: "p", Name: "P", Role: RoleSourceUser}, {ID: "q", Name: "Q", Role: RoleEndUser}},
	}
	for range 3 {
		if _, err := c.page(ConversationsPage{Conversations: []Conversation{conversation, conversation}}, 2, 2, ""); err != nil {
			t.Fatal(err)
		}
		c.release()
		if len(c.conversations)+len(c.messages)+len(c.participants)+len(c.attachments) != 0 {
			t.Fatal("it was released and is not empty")
		}
		for _, m := range c.messages[:cap(c.messages)] {
			if m.ID != "" || m.Attachments != nil {
				t.Errorf("it still holds %+v", m)
			}
		}
		if cap(c.conversations) > 2 || cap(c.messages) > 8 {
			t.Errorf("it has room for %d conversations and %d messages, and grows", cap(c.conversations), cap(c.messages))
		}
	}
}
