// What an app implements: the inbox, and the abilities it may have besides.

package provider

import (
	"context"
	"io"
)

// Inbox is the app's side of the Messaging inbox: what every app implements. Its methods are
// named after the endpoints of Pipedrive's manifest; they run concurrently, each under the context
// of its request. An error that is an [Error] reaches Pipedrive as such; any other
// is logged and answered with an opaque 500.
//
// An app may implement more: [SenderGetter], [TemplatesGetter],
// [MessageGetter], [ChannelDeleter] and [FileReceiver], which [NewHandler] detects.
type Inbox interface {
	// GetConversations returns one page of the channel's conversations, each with its
	// latest messages. Pipedrive calls it page by page once the channel is registered.
	GetConversations(ctx context.Context, req GetConversationsRequest) (ConversationsPage, error)

	// GetConversationByID returns a conversation with one page of its messages: the
	// latest ones, or those that the cursor req.After leads to.
	GetConversationByID(ctx context.Context, req GetConversationByIDRequest) (Conversation, error)

	// PostMessage sends a message that a user wrote in Pipedrive, and returns the id the
	// app gave it. The app confirms the message with that id by receiveMessage.
	PostMessage(ctx context.Context, req PostMessageRequest) (messageID string, err error)
}

// SenderGetter is an [Inbox] whose participants may set FetchAvatar or AvatarExpires.
type SenderGetter interface {
	GetSenderByID(ctx context.Context, req GetSenderByIDRequest) (Sender, error)
}

// TemplatesGetter is an [Inbox] whose channels may be registered with template support.
type TemplatesGetter interface {
	GetTemplates(ctx context.Context, req GetTemplatesRequest) ([]Template, error)
}

// MessageGetter is an [Inbox] whose attachments may set LinkExpires: it returns the
// message with fresh links.
type MessageGetter interface {
	GetMessageByID(ctx context.Context, req GetMessageByIDRequest) (Message, error)
}

// ChannelDeleter is an [Inbox] that wants to know when one of a user's channels is removed
// in Pipedrive.
type ChannelDeleter interface {
	DeleteChannelByID(ctx context.Context, req DeleteChannelByIDRequest) error
}

// FileReceiver is an [Inbox] that takes files. Without it the handler refuses a message with a file.
//
// Files arrive before their message: the order of a form's fields is not documented, so
// the conversation of a file may be known only after it. The handler streams each file
// to ReceiveFile, which keeps it and returns a key, and then calls PostMessage with the
// message and all keys. If PostMessage fails, or is never called because the sender broke off or
// the form is wrong, each key goes to DiscardFile. Once
// PostMessage has returned without an error, the files are the app's.
type FileReceiver interface {
	// ReceiveFile reads req.Content, which is bounded in size and pace and cannot be
	// read after the call, and returns a key of the app's choice. DiscardFile is not called
	// for a file that it returned an error for.
	ReceiveFile(ctx context.Context, req ReceiveFileRequest) (key string, err error)

	// DiscardFile removes a file that belongs to no message. Its context outlives the
	// request, by ten seconds at most; an error is logged.
	DiscardFile(ctx context.Context, key string) error
}

// GetConversationsRequest asks for a page of conversations.
type GetConversationsRequest struct {
	ProviderChannelID  string // the app's id of the channel
	ConversationsLimit int    // at most this many conversations: 1 to 100, 30 if Pipedrive names none
	MessagesLimit      int    // at most this many messages in each, likewise
	After              string // the cursor of the page before, as the app gave it; empty for the first page
}

// GetConversationByIDRequest asks for a conversation.
type GetConversationByIDRequest struct {
	ProviderChannelID string // the app's id of the channel
	ConversationID    string // the app's id of the conversation; the manifest's :sourceConversationId
	MessagesLimit     int    // at most this many messages: 1 to 100, 30 if Pipedrive names none
	After             string // the cursor of older messages, as the app gave it; empty for the latest ones
}

// PostMessageRequest is a message from a user of Pipedrive. It has a text, files, or both.
type PostMessageRequest struct {
	ProviderChannelID string         // the app's id of the channel
	ConversationID    string         // the app's id of the conversation; never empty
	SenderID          string         // the app's id of the participant who sends; never empty
	RecipientIDs      []string       // the app's ids of those it goes to; may be empty
	Message           string         // the text
	Files             []ReceivedFile // what ReceiveFile took, in the order of the form
}

// ReceivedFile is a file of a message, as ReceiveFile has taken it.
type ReceivedFile struct {
	Key  string // what ReceiveFile returned
	Name string // as in [ReceiveFileRequest]
	Type string // as in [ReceiveFileRequest]
	Size int64  // in bytes
}

// ReceiveFileRequest is a file as it arrives.
type ReceiveFileRequest struct {
	ProviderChannelID string    // the app's id of the channel
	Name              string    // one harmless path element, whatever was sent; "file" if nothing is left of it
	Type              string    // the mime type the sender claims; application/octet-stream if it claims none
	Content           io.Reader // the file
}

// GetSenderByIDRequest asks for a sender.
type GetSenderByIDRequest struct {
	ProviderChannelID string // the app's id of the channel
	SenderID          string // the app's id of the participant
}

// GetTemplatesRequest asks for the templates of a channel.
type GetTemplatesRequest struct {
	ProviderChannelID string // the app's id of the channel
}

// GetMessageByIDRequest asks for a message.
type GetMessageByIDRequest struct {
	ProviderChannelID string // the app's id of the channel

	// ConversationID is the app's id of the conversation. It is empty if Pipedrive
	// calls the second documented path, which does not name it.
	ConversationID string

	MessageID string // the app's id of the message; the manifest's :sourceMessageId
}

// DeleteChannelByIDRequest names a channel that was removed in Pipedrive.
type DeleteChannelByIDRequest struct {
	ProviderChannelID string // the app's id of the channel
}
