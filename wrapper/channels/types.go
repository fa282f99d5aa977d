package channels

import "time"

// ProviderType says which messenger a channel belongs to: the inbox shows its icon. Other values than the
// constants are sent, with a warning in the log, and may be answered.
type ProviderType string

// The documented provider types.
const (
	ProviderFacebook ProviderType = "facebook"
	ProviderWhatsApp ProviderType = "whatsapp"
	ProviderOther    ProviderType = "other"
)

// MessageStatus is how far a message has come. Other values than the constants are sent, with a warning
// in the log, and may be answered.
type MessageStatus string

// The documented states of a message.
const (
	StatusSent      MessageStatus = "sent"
	StatusDelivered MessageStatus = "delivered"
	StatusRead      MessageStatus = "read"
	StatusFailed    MessageStatus = "failed"
)

// AddChannelRequest describes a channel to register.
type AddChannelRequest struct {
	// Name is shown in the inbox. Required; Pipedrive's guide calls it unique.
	Name string
	// ProviderChannelID is the app's own id of the channel. Required: all later calls
	// name the channel by it, also those that Pipedrive makes on the app.
	ProviderChannelID string
	// AvatarURL is the channel's icon: a square png or jpg, 48 by 48 pixels advised. Empty: none.
	AvatarURL string
	// TemplateSupport makes the inbox offer templates, which the app's getTemplates
	// endpoint provides. Pipedrive's guide limits it to WhatsApp.
	TemplateSupport bool
	// ProviderType chooses the icon. Empty: Pipedrive takes ProviderOther.
	ProviderType ProviderType
}

// Channel is a registered channel.
type Channel struct {
	// ID is Pipedrive's own id of the channel. No request of this package takes it.
	ID string
	// Name is as registered.
	Name string
	// AvatarURL is as registered; empty if there is none.
	AvatarURL string
	// ProviderChannelID is the app's own id of the channel.
	ProviderChannelID string
	// MarketplaceClientID is the client id of the app that registered the channel.
	MarketplaceClientID string
	// PDCompanyID is the Pipedrive company that the channel belongs to.
	PDCompanyID int64
	// PDUserID is the Pipedrive user who registered the channel.
	PDUserID int64
	// CreatedAt is when the channel was registered, in UTC. The API writes no zone
	// here; we assume UTC.
	CreatedAt time.Time
	// ProviderType is as registered.
	ProviderType ProviderType
	// TemplateSupport is as registered.
	TemplateSupport bool
	// Inferred says that the answer with the channel was lost, and a later attempt found the
	// channel registered, see [RetryPolicy]: only the fields of the request are filled in.
	Inferred bool
}

// ReceiveMessageRequest is a message to deliver to Pipedrive, or the new state of one
// that was delivered before.
type ReceiveMessageRequest struct {
	// ID is the app's id of the message. Required: a message with a known id is updated.
	ID string
	// ProviderChannelID is the app's id of the channel. Required.
	ProviderChannelID string
	// ConversationID is the app's id of the conversation. Required.
	ConversationID string
	// SenderID is the app's id of the person who wrote the message. Required.
	SenderID string
	// Message is the text. It may be empty beside attachments only.
	Message string
	// Status is how far the message has come. Required.
	Status MessageStatus
	// CreatedAt is when the message was written. Required; sent as a minute of UTC.
	CreatedAt time.Time
	// ReplyBy is when the conversation stops taking replies; sent as a minute of UTC.
	// Zero: not told.
	ReplyBy time.Time
	// ConversationLink is the URL of the conversation on the app's side. Empty: none.
	ConversationLink string
	// Attachments are the files of the message.
	Attachments []Attachment
}

// Message is a message as Pipedrive has it.
type Message struct {
	// ID is the app's id of the message.
	ID string
	// ProviderChannelID is the app's id of the channel.
	ProviderChannelID string
	// ConversationID is the app's id of the conversation.
	ConversationID string
	// SenderID is the app's id of the person who wrote the message.
	SenderID string
	// Message is the text.
	Message string
	// Status is how far the message has come.
	Status MessageStatus
	// CreatedAt is when the message was written, in UTC.
	CreatedAt time.Time
	// ReplyBy is when the conversation stops taking replies, in UTC; zero if not told.
	ReplyBy time.Time
	// ConversationLink is the URL of the conversation on the app's side; empty if not told.
	ConversationLink string
	// Attachments are the files of the message; nil if there are none.
	Attachments []Attachment
}

// Attachment is a file of a message. Pipedrive fetches it from URL; its content is never sent.
type Attachment struct {
	// ID is the app's id of the attachment. Required.
	ID string
	// Type is the mime type, such as image/png. Required.
	Type string
	// URL is the address of the file. Required, absolute, http or https.
	URL string
	// Name is the file's name. Empty: unknown.
	Name string
	// Size is the file's size; the API documents no unit and allows fractions. Zero: unknown.
	Size float64
	// PreviewURL is the address of a small picture of the file. Empty: none.
	PreviewURL string
	// LinkExpires says that URL stops working after a while, and that the app's
	// getMessageById endpoint returns a fresh one.
	LinkExpires bool
}

// DeleteChannelRequest names a channel to delete.
type DeleteChannelRequest struct {
	// ProviderChannelID is the app's own id of the channel, not [Channel.ID]. Required.
	ProviderChannelID string
}

// DeleteConversationRequest names a conversation to delete.
type DeleteConversationRequest struct {
	// ProviderChannelID is the app's own id of the channel, not [Channel.ID]. Required.
	ProviderChannelID string
	// ConversationID is the app's id of the conversation. Required.
	ConversationID string
}
