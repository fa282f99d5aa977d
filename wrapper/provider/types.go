// What an app answers with, in plain Go types.

package provider

import "time"

// ConversationsPage is one page of conversations.
type ConversationsPage struct {
	Conversations []Conversation // no more than were requested
	After         string         // the cursor of the next page, any text of the app's choice; empty on the last page
}

// Conversation is a conversation with one page of its messages.
type Conversation struct {
	ID     string             // the app's id; required
	Link   string             // the URL that opens it in the messenger; may be empty
	Status ConversationStatus // required
	Seen   bool               // whether it has been read

	// NextMessagesCursor leads to older messages: Pipedrive hands it to
	// GetConversationByID as After. Empty if there are none.
	NextMessagesCursor string

	Messages     []Message     // no more than were requested
	Participants []Participant // exactly one RoleSourceUser and at least one RoleEndUser
}

// ConversationStatus says whether a conversation takes replies.
type ConversationStatus string

// The statuses of a conversation.
const (
	ConversationOpen   ConversationStatus = "open"
	ConversationClosed ConversationStatus = "closed"
)

// Participant is a person in a conversation.
type Participant struct {
	ID        string          // the app's id; required
	Name      string          // required
	Role      ParticipantRole // required
	AvatarURL string          // the URL of the person's picture; may be empty

	// FetchAvatar makes Pipedrive ask [SenderGetter] for the picture, once, if AvatarURL is empty.
	FetchAvatar bool
	// AvatarExpires makes Pipedrive ask [SenderGetter] for a fresh AvatarURL, once a day at
	// most, when it no longer answers.
	AvatarExpires bool
}

// ParticipantRole says which side a participant is on.
type ParticipantRole string

// The roles of a participant.
const (
	RoleEndUser    ParticipantRole = "end_user"    // a person outside
	RoleSourceUser ParticipantRole = "source_user" // the app's own user
)

// Message is a message of a conversation.
type Message struct {
	ID          string        // the app's id; required
	Status      MessageStatus // required
	CreatedAt   time.Time     // required; written in UTC, to the millisecond
	Message     string        // the text; may be empty
	SenderID    string        // the app's id of the participant who wrote it; required
	ReplyBy     time.Time     // when the conversation stops taking replies; zero if it does not
	Attachments []Attachment
}

// MessageStatus is the delivery status of a message.
type MessageStatus string

// The statuses of a message.
const (
	StatusSent      MessageStatus = "sent"
	StatusDelivered MessageStatus = "delivered"
	StatusRead      MessageStatus = "read"
	StatusFailed    MessageStatus = "failed"
)

// Attachment is a file of a message.
type Attachment struct {
	ID         string  // the app's id; required
	Type       string  // the mime type; required
	URL        string  // where Pipedrive gets the file; required
	Name       string  // the file's name; may be empty
	Size       float64 // the file's size, in no documented unit; zero if unknown
	PreviewURL string  // the URL of a small picture of the file; may be empty

	// LinkExpires makes Pipedrive ask [MessageGetter] for a fresh URL when it no longer answers.
	LinkExpires bool
}

// Sender is a participant, requested by id.
type Sender struct {
	ID        string // the app's id; required
	Name      string // required
	AvatarURL string // the URL of the person's picture; may be empty
}

// Template is a message template. Pipedrive's guide says that it supports only those that WhatsApp
// approved.
type Template struct {
	ID       string // required
	Name     string // required
	Content  string // the text with its placeholders; required
	Language string // as WhatsApp names it; required
}
