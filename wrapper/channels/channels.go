package channels

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/pdchannels/pdchannels/gen/channelsclient"
	"github.com/pdchannels/pdchannels/internal/pipeline"
	"github.com/pdchannels/pdchannels/internal/retry"
	"github.com/pdchannels/pdchannels/internal/wire"
)

// The API's operations, by its own names. What they cost is Pipedrive's; the document has it too.
var (
	addChannel         = operation{"addChannel", retry.Create, 10}
	receiveMessage     = operation{"receiveMessage", retry.Upsert, 10}
	deleteChannel      = operation{"deleteChannel", retry.Delete, 6}
	deleteConversation = operation{"deleteConversation", retry.Delete, 6}
)

// AddChannel registers a channel. Only an admin of the Pipedrive company may
// ([ErrAdminOnly]); a channel that is registered already is [ErrChannelAlreadyExists].
// Pipedrive then asks the app's getConversations endpoint for the channel's history.
func (c *Client) AddChannel(ctx context.Context, r AddChannelRequest) (Channel, error) {
	a := answer[channelsclient.AddChannelResponse]{says: func(b *channelsclient.AddChannelResponse) (bool, bool) { return b.Success, b.Data.Id != "" }}
	call := pipeline.Call{
		ID: r.ProviderChannelID, Answer: &a,
		Build: func(baseURL string) (*http.Request, error) {
			return channelsclient.NewAddChannelRequest(baseURL, r.wire())
		},
	}
	if err := c.do(ctx, &addChannel, r.Validate(), &call); err != nil {
		return Channel{}, err
	}
	if call.Inferred {
		return r.inferred(), nil
	}
	c.logUnreadable(ctx, addChannel, "created_at", a.body.Data.CreatedAt)
	return channelFromWire(a.body.Data), nil
}

// ReceiveMessage delivers a message to Pipedrive: the API is named from Pipedrive's side,
// which receives. Delivering a message with a known ID updates it, so a change of its
// status is delivered by the whole message with the new status. That the ID is the key of
// the update is our reading of Pipedrive's guide.
//
// The result is the message as Pipedrive has it.
func (c *Client) ReceiveMessage(ctx context.Context, r ReceiveMessageRequest) (Message, error) {
	return c.receiveMessage(ctx, r, pipeline.Call{})
}

func (c *Client) receiveMessage(ctx context.Context, r ReceiveMessageRequest, call pipeline.Call) (Message, error) {
	a := answer[channelsclient.ReceiveMessageResponse]{says: func(b *channelsclient.ReceiveMessageResponse) (bool, bool) {
		return b.Success, b.Data.Id != ""
	}}
	call.ID, call.Turn, call.Answer = r.ID, pipeline.Turn{Channel: r.ProviderChannelID, ID: r.ID}, &a
	call.Build = func(baseURL string) (*http.Request, error) {
		return channelsclient.NewReceiveMessageRequest(baseURL, r.wire())
	}
	if err := c.do(ctx, &receiveMessage, r.Validate(), &call); err != nil {
		return Message{}, err
	}
	c.logUnreadable(ctx, receiveMessage, "created_at", a.body.Data.CreatedAt)
	c.logUnreadable(ctx, receiveMessage, "reply_by", a.body.Data.ReplyBy)
	return messageFromWire(a.body.Data), nil
}

// DeleteChannel removes a channel with its conversations and messages. What Pipedrive
// answers if there is no such channel is not documented.
func (c *Client) DeleteChannel(ctx context.Context, r DeleteChannelRequest) error {
	return c.do(ctx, &deleteChannel, r.Validate(), &pipeline.Call{
		ID: r.ProviderChannelID, Answer: bare(),
		Build: func(baseURL string) (*http.Request, error) {
			return channelsclient.NewDeleteChannelRequest(baseURL, r.ProviderChannelID)
		},
	})
}

// DeleteConversation removes a conversation with its messages. Only the user who installed
// the app may ([ErrForbidden]); an unknown channel is [ErrNotFound].
func (c *Client) DeleteConversation(ctx context.Context, r DeleteConversationRequest) error {
	return c.do(ctx, &deleteConversation, r.Validate(), &pipeline.Call{
		ID: r.ConversationID, Answer: bare(),
		Build: func(baseURL string) (*http.Request, error) {
			return channelsclient.NewDeleteConversationRequest(baseURL, r.ProviderChannelID, r.ConversationID)
		},
	})
}

// Probe asks whether the API is alive at the base URL and takes the credential. It
// delivers a message without any content, which the API refuses as
// INVALID_RECEIVE_MESSAGE_PAYLOAD: that refusal is the sign of life, and nil is returned.
// Nothing is changed; the daily budget pays for one receiveMessage.
//
// Otherwise the error tells what answered instead: [ErrUnauthorized], [ErrForbidden] and
// [ErrRateLimited] mean that the API is there, though not for this credential or not now;
// [ErrWithdrawn] that it is not.
func (c *Client) Probe(ctx context.Context) error {
	err := c.do(ctx, &receiveMessage, nil, &pipeline.Call{
		Answer: bare(),
		Build: func(baseURL string) (*http.Request, error) {
			return channelsclient.NewReceiveMessageRequestWithBody(baseURL, "application/json", strings.NewReader("{}"))
		},
	})
	return probeVerdict(err)
}

func probeVerdict(err error) error {
	if err == nil {
		return &Error{
			Operation: receiveMessage.name, Attempts: 1, Outcome: Rejected, StatusCode: http.StatusOK,
			Message: "a message without any content was accepted, so this is not the Channels API",
		}
	}
	if e, ok := err.(*Error); ok && e.Code == codeInvalidMessage { //nolint:errorlint // do returns nothing else
		return nil
	}
	return err
}

// bare is an answer that says nothing beyond its success.
func bare() pipeline.Answer {
	return &answer[channelsclient.DeleteResponse]{says: func(b *channelsclient.DeleteResponse) (bool, bool) { return b.Success, true }}
}

func (c *Client) logUnreadable(ctx context.Context, op operation, field string, t wire.Time) {
	if t.Unreadable != "" { // which is not logged, since nobody knows what it is
		c.log.WarnContext(ctx, "channels: an answer has a time that cannot be read; the zero time is returned",
			slog.String("operation", op.name), slog.String("field", field))
	}
}
