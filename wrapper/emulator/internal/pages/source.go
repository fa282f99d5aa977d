package pages

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"time"
)

// ErrNotFound is a conversation, message or exchange that is not there, or no longer.
var ErrNotFound = errors.New("it is not there")

// Source is what the pages show. Its methods are safe for concurrent use, and quick: a page asks for
// what it shows and no more.
type Source interface {
	Overview() Overview
	// Conversations returns one page of conversations, newest first.
	Conversations(f Filter) List
	// Thread returns a conversation with its latest messages, and marks it as read. It fails with ErrNotFound.
	Thread(channel, conversation string, messages int) (Thread, error)
	// Reply hands a message of a user over to the app. The error is fit to show.
	Reply(ctx context.Context, r Reply) error
	// Attachment opens a file of a message, and Avatar the picture of a participant, at the app and nowhere
	// else; they fail with ErrNotFound. The caller closes it.
	Attachment(ctx context.Context, channel, conversation, message, id string) (File, error)
	Avatar(ctx context.Context, channel, conversation, participant string) (File, error)
	// Causes returns the latest causes of exchanges, newest first.
	Causes(f ExchangeFilter) Causes
	// Exchange returns one exchange in full. It fails with ErrNotFound.
	Exchange(number int64) (Exchange, error)
}

// Overview is what stands on every page.
type Overview struct {
	Now         time.Time // by the emulator's clock
	Frozen      bool
	BaseURL     string // of the API
	OAuthURL    string
	App         string // where the app is; empty if the emulator does not know
	Installed   bool
	Faults      int // that are set
	Unread      int // conversations
	Channels    []Channel
	Credentials []Credential // to paste; the page hides nothing of them, since they are the emulator's own
	InstallURL  string
	LastRefused string // the latest request that was refused, in words; empty if none was
}

// Channel is one channel of the list to choose from.
type Channel struct{ ID, Name, Type string }

// Credential is one value that a program needs, by the environment variable that pdchannels reads.
type Credential struct{ Name, Value string }

// Filter says which conversations to list.
type Filter struct {
	Channel string // of this one; empty: of all
	Query   string // in names, ids and texts
	Only    string // unread, closing or failed; empty: all
	Offset  int
	Limit   int
}

// List is one page of conversations.
type List struct {
	Rows                         []Row
	Total                        int // that match
	All, Unread, Closing, Failed int // of the channel, whatever the query
}

// Row is a conversation in the list.
type Row struct {
	ChannelID, ConversationID string
	Name                      string // of the customer; empty: the app told none
	CustomerID                string
	HasAvatar                 bool
	Last                      Message
	Unread                    int
	ReplyBy                   time.Time // zero: no end
	Closed                    bool      // by the app's status
}

// Thread is one conversation.
type Thread struct {
	Row
	ChannelName, ChannelType string
	Link                     string // to the conversation at the app; empty if none
	Status                   string // as the app told: open or closed; empty if it did not
	Participants             []Participant
	Messages                 []Message // oldest first
	Total                    int       // messages, of which Messages are the latest
	Templates                []Template
	Users                    []User
	CanReply                 bool
	WhyNot                   string // if not
}

// Participant is one side of a conversation.
type Participant struct {
	ID, Name, Role string
	HasAvatar      bool
	AvatarExpires  bool
}

// Template is a text to start from.
type Template struct{ ID, Name, Language, Content string }

// User is somebody of the company who may reply.
type User struct {
	ID   int64
	Name string
}

// Message is one message of a thread.
type Message struct {
	ID          string // empty until the app has given it one
	Ours        bool   // sent from Pipedrive's side
	Text        string
	At          time.Time
	Status      string // sent, delivered, read or failed; empty: not confirmed by the app yet
	Problem     string // why it failed, in words; empty if it did not
	Code        string // the app's
	Exchange    int64  // that brought it; 0 if that is no longer kept
	Attachments []Attachment
	Imported    bool
}

// Attachment is a file of a message.
type Attachment struct {
	ID, Name, Type string
	Size           int64 // in bytes; 0 if not told
	URL            string
	Expires        bool
	Here           bool // it can be opened by Source.Attachment
}

// Reply is what a user writes.
type Reply struct {
	Channel, Conversation string
	User                  int64
	Text                  string
	Files                 []*multipart.FileHeader
}

// File is an open file.
type File struct {
	io.ReadCloser
	Type string
	Name string
}
