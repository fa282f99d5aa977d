package channels

import (
	"context"
	"net/http"
	"strings"

	"github.com/pdchannels/pdchannels/gen/channelsclient"
	"github.com/pdchannels/pdchannels/internal/pipeline"
	"github.com/pdchannels/pdchannels/internal/retry"
)

// The API's operations, by its own names. Their costs are those of spec/channels.yaml.
var (
	addChannel     = pipeline.Operation{Name: "addChannel", Cost: 10, Rule: retry.Rule{Proves: existsAlready}}
	receiveMessage = pipeline.Operation{Name: "receiveMessage", Cost: 10, Rule: retry.Rule{Harmless: true}}
	probe          = pipeline.Operation{Name: "receiveMessage", Cost: 10, Rule: retry.Rule{Harmless: true}, Expects: codeInvalidMessage}

	deleteChannel      = pipeline.Operation{Name: "deleteChannel", Cost: 6, Rule: retry.Rule{Harmless: true, Proves: isGone}, EmptyIsDone: true}
	deleteConversation = pipeline.Operation{Name: "deleteConversation", Cost: 6, Rule: retry.Rule{Harmless: true, Proves: isGone}, EmptyIsDone: true}
)

// existsAlready is the refusal to add a channel twice.
func existsAlready(f *retry.Failure) bool { return f.Code == codeChannelAlreadyExists }

// isGone is the refusal to delete what is gone. No code but NOT_FOUND is documented, and any other would
// name another cause.
func isGone(f *retry.Failure) bool {
	return f.Status == http.StatusNotFound && (f.Code == codeNotFound || f.Code == "" && f.Body != "" && !f.NotFromAPI && !f.CutOff)
}

// AddChannel registers a channel. Only an admin of the Pipedrive company may
// ([ErrAdminOnly]); a channel that is registered already is [ErrChannelAlreadyExists].
// Pipedrive then asks the app's getConversations endpoint for the channel's history.
func (c *Client) AddChannel(ctx context.Context, r AddChannelRequest) (Channel, error) {
	op := &addChannel
	if c != nil && c.repeatAddChannel {
		op = &addChannelAgain
	}
	ctx, call, err := c.begin(ctx, op, r.ProviderChannelID, r.Validate())
	if err != nil {
		return Channel{}, err
	}
	defer call.Release()
	body := r.wire()
	if r.ProviderType != "" && !body.ProviderType.Valid() {
		c.logUnlisted(ctx, op, "ProviderType")
	}
	resp, err := call.api.AddChannel(ctx, body)
	if err := call.end(ctx, resp, err); err != nil {
		return Channel{}, err
	}
	if call.Result.Inferred {
		return r.inferred(), nil
	}
	var data channelsclient.Channel
	call.decode(ctx, &data)
	if data.CreatedAt.Unreadable != "" {
		call.logUnreadable(ctx, "data.created_at")
	}
	return channelFromWire(data), nil
}

// addChannelAgain is addChannel where [RetryPolicy.RepeatAddChannel] is set.
var addChannelAgain = func() pipeline.Operation {
	again := addChannel
	again.Rule.Harmless = true
	return again
}()

// ReceiveMessage delivers a message to Pipedrive: the API is named from Pipedrive's side,
// which receives. A message with a known ID is updated, so deliver a change of its
// status as the whole message with the new status. That the ID is the key of the update is our
// reading of Pipedrive's guide.
//
// The result is the message as Pipedrive has it.
func (c *Client) ReceiveMessage(ctx context.Context, r ReceiveMessageRequest) (Message, error) {
	return c.receiveMessage(ctx, r, nil)
}

func (c *Client) receiveMessage(ctx context.Context, r ReceiveMessageRequest, d *delivering) (Message, error) {
	ctx, call, err := c.begin(ctx, &receiveMessage, r.ID, r.Validate())
	if err != nil {
		return Message{}, err
	}
	defer call.Release()
	call.Turn = pipeline.Turn{Channel: r.ProviderChannelID, ID: r.ID}
	if d != nil {
		call.Bound, call.Hold = d.bound, patience()
	}
	body := r.wire()
	if !body.Status.Valid() {
		c.logUnlisted(ctx, &receiveMessage, "Status")
	}
	resp, err := call.api.ReceiveMessage(ctx, body)
	if err := call.end(ctx, resp, err); err != nil {
		return Message{}, err
	}
	var data channelsclient.Message
	call.decode(ctx, &data)
	if data.CreatedAt.Unreadable != "" {
		call.logUnreadable(ctx, "data.created_at")
	}
	if data.ReplyBy.Unreadable != "" {
		call.logUnreadable(ctx, "data.reply_by")
	}
	return messageFromWire(data), nil
}

// DeleteChannel removes a channel with its conversations and messages. The reference does not document
// what Pipedrive answers if there is no such channel; its guide has 404, which is [ErrNotFound].
func (c *Client) DeleteChannel(ctx context.Context, r DeleteChannelRequest) error {
	ctx, call, err := c.begin(ctx, &deleteChannel, r.ProviderChannelID, r.Validate())
	if err != nil {
		return err
	}
	defer call.Release()
	resp, err := call.api.DeleteChannel(ctx, r.ProviderChannelID)
	return call.end(ctx, resp, err)
}

// DeleteConversation removes a conversation with its messages. Only the user who installed
// the app may ([ErrForbidden]); an unknown channel is [ErrNotFound].
func (c *Client) DeleteConversation(ctx context.Context, r DeleteConversationRequest) error {
	ctx, call, err := c.begin(ctx, &deleteConversation, r.ConversationID, r.Validate())
	if err != nil {
		return err
	}
	defer call.Release()
	resp, err := call.api.DeleteConversation(ctx, r.ProviderChannelID, r.ConversationID)
	return call.end(ctx, resp, err)
}

// Probe asks whether the API is alive at the base URL and takes the credential. It
// delivers a message without any content, which the API refuses as
// INVALID_RECEIVE_MESSAGE_PAYLOAD: that refusal is the sign of life, and Probe returns nil; log and
// observer are told of an accepted call. Nothing is changed; the daily budget pays for one receiveMessage.
//
// Otherwise the error tells what answered instead: [ErrUnauthorized], [ErrForbidden] and
// [ErrRateLimited] mean that the API is there, though not for this credential or not now;
// [ErrWithdrawn] that it is not.
func (c *Client) Probe(ctx context.Context) error {
	ctx, call, err := c.begin(ctx, &probe, "", nil)
	if err != nil {
		return err
	}
	defer call.Release()
	resp, err := call.api.ReceiveMessageWithBody(ctx, "application/json", strings.NewReader("{}"))
	return call.end(ctx, resp, err)
}
