// What an app implements: the inbox, and the abilities it may have besides.

package provider

import (
	"context"
	"io"
)

// Inbox is what every app answers Pipedrive with. Its methods are called what
// Pipedrive's manifest calls the endpoints; they run concurrently, under the context
// of the request. An error that is an [Error] reaches Pipedrive as such; any other
// is logged and answered with an opaque 500.
//
// An app may have more abilities: [SenderGetter], [TemplatesGetter],
// [MessageGetter], [ChannelDeleter] and [FileReceiver], found by [NewHandler].
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

// ChannelDeleter is an [Inbox] that is told when one of a user's channels is removed
// in Pipedrive.
type ChannelDeleter interface {
	DeleteChannelByID(ctx context.Context, req DeleteChannelByIDRequest) error
}

// FileReceiver is an [Inbox] that takes files; without it a message with a file is
// refused.
//
// Files come before their message: the order of a form's fields is not documented, so
// the conversation a file belongs to may only be known after it. Each file is
// streamed to ReceiveFile, which keeps it and returns a key; then PostMessage gets the
// message with all keys. If PostMessage is never called, since the sender broke off or
// the form turned out to be wrong, or if it fails, each key goes to DiscardFile. Once
// it has returned without an error, the files are the app's own.
type FileReceiver interface {
	// ReceiveFile reads req.Content, which is bounded in size and pace and cannot be
	// read after the call, and returns a key of the app's choice. What it returns an error
	// for is not discarded.
	ReceiveFile(ctx context.Context, req ReceiveFileRequest) (key string, err error)

	// DiscardFile removes a file that belongs to no message. Its context outlives the
	// request, by ten seconds at most; an error is logged.
	DiscardFile(ctx context.Context, key string) error
}

// GetConversationsRequest asks for a page of conversations.
type GetConversationsRequest struct {
	ProviderChannelID  string // the app's id of the channel
	ConversationsLimit int    // at most so many conversations: 1 to 100, 30 if Pipedrive names none
	MessagesLimit      int    // at most so many messages in each, likewise
	After              string // the cursor of the page before, as the app gave it; empty for the first page
}

// GetConversationByIDRequest asks for a conversation.
type GetConversationByIDRequest struct {
	ProviderChannelID    string // the app's id of the channel
	SourceConversationID string // the app's id of the conversation
	MessagesLimit        int    // at most so many messages: 1 to 100, 30 if Pipedrive names none
	After                string // the cursor of older messages, as the app gave it; empty for the latest ones
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

// ReceivedFile is a file of a message that [FileReceiver] has taken.
type ReceivedFile struct {
	Key  string // what ReceiveFile returned
	Name string // as in [ReceiveFileRequest]
	Type string // as in [ReceiveFileRequest]
	Size int64  // in bytes
}

// ReceiveFileRequest is a file on its way in.
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

	// SourceConversationID is the app's id of the conversation. It is empty if Pipedrive
	// calls the second documented path, which does not name it.
	SourceConversationID string

	SourceMessageID string // the app's id of the message
}

// DeleteChannelByIDRequest tells of a channel that was removed.
type DeleteChannelByIDRequest struct {
	ProviderChannelID string // the app's id of the channel
}
