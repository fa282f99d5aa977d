// The rules of the four operations, on the generated server.

package emulator

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/pdchannels/pdchannels/gen/channelsserver"
)

// companyID is the id of the emulated company.
//
// Our choice: there is one company, and its id is 1.
const companyID = 1

// noSuchChannel is the documented text of NOT_FOUND.
const noSuchChannel = "Channel not found."

// rules implements the generated server. What reaches it is authenticated, and as the
// document has it.
type rules struct{ e *Emulator }

// AddChannel registers a channel.
func (s rules) AddChannel(ctx context.Context, request channelsserver.AddChannelRequestObject) (channelsserver.AddChannelResponseObject, error) {
	c, in := callOf(ctx), request.Body
	if !c.user.Admin {
		return channelsserver.AddChannel403JSONResponse(listed(codeAdminOnly, "Channels are registered by admins.")), nil
	}
	// Our choice: template_support goes with any provider type, although the inbox offers
	// templates only for whatsapp today.
	channel := channelsserver.Channel{
		Id:                  uuid.NewString(),
		Name:                in.Name,
		AvatarUrl:           in.AvatarUrl,
		ProviderChannelId:   in.ProviderChannelId,
		MarketplaceClientId: s.e.cfg.ClientID,
		PdCompanyId:         companyID,
		PdUserId:            c.user.ID,
		CreatedAt:           s.e.cfg.Clock().UTC().Format(channelLayout),
		ProviderType:        string(valueOr(in.ProviderType, channelsserver.Other)),
		TemplateSupport:     valueOr(in.TemplateSupport, false),
	}
	other := func(status int, code string, err error) channelsserver.AddChannelResponseObject {
		return channelsserver.AddChanneldefaultJSONResponse{StatusCode: status, Body: unlisted(code, err.Error())}
	}
	switch err := s.e.store.addChannel(channel, s.e.cfg.Strict); {
	case errors.Is(err, errNameTaken):
		return other(http.StatusConflict, codeChannelExists, err), nil
	case errors.Is(err, errChannelExists):
		// Our choice: CHANNEL_ALREADY_EXISTS comes with 409; 400 is as possible, as only the code was seen.
		return other(http.StatusConflict, codeChannelExists, err), nil
	case err != nil:
		return other(http.StatusInsufficientStorage, codeStorageFull, err), nil
	}
	s.e.channelAdded(channel.ProviderChannelId, channel.TemplateSupport)
	return channelsserver.AddChannel200JSONResponse{Success: true, Data: channel}, nil
}

// ReceiveMessage takes a message in, or the new state of one.
func (s rules) ReceiveMessage(_ context.Context, request channelsserver.ReceiveMessageRequestObject) (channelsserver.ReceiveMessageResponseObject, error) {
	in := request.Body
	// Our choice: the answer leaves out what was not given, but for attachments and link_expires,
	// which show what they default to.
	message := channelsserver.Message{
		Id:               in.Id,
		ChannelId:        in.ChannelId,
		SenderId:         in.SenderId,
		ConversationId:   in.ConversationId,
		Message:          in.Message,
		Status:           string(in.Status),
		CreatedAt:        answerTime(in.CreatedAt),
		ConversationLink: in.ConversationLink,
	}
	if in.ReplyBy != nil {
		replyBy := answerTime(*in.ReplyBy)
		message.ReplyBy = &replyBy
	}
	attachments := append([]channelsserver.Attachment{}, in.Attachments...)
	for i := range attachments {
		expires := valueOr(attachments[i].LinkExpires, false)
		attachments[i].LinkExpires = &expires
	}
	message.Attachments = &attachments

	newConversation, err := s.e.store.putMessage(message)
	switch {
	case errors.Is(err, errNoChannel):
		// The guide's troubleshooting page has a 404 for an unknown channel, whatever the operation.
		// Our choice: its code and text are those that deleteConversation documents.
		return channelsserver.ReceiveMessagedefaultJSONResponse{
			StatusCode: http.StatusNotFound, Body: unlisted(codeNotFound, noSuchChannel),
		}, nil
	case err != nil:
		return channelsserver.ReceiveMessagedefaultJSONResponse{
			StatusCode: http.StatusInsufficientStorage, Body: unlisted(codeStorageFull, err.Error()),
		}, nil
	}
	if newConversation {
		s.e.conversationHeardOf(message.ChannelId, message.ConversationId)
	}
	return channelsserver.ReceiveMessage200JSONResponse{Success: true, Data: message}, nil
}

// DeleteChannel removes a channel, named by the provider's id, never by Pipedrive's.
func (s rules) DeleteChannel(ctx context.Context, request channelsserver.DeleteChannelRequestObject) (channelsserver.DeleteChannelResponseObject, error) {
	// Our choice: any user may delete a channel, but not if Strict: the reference names no restriction, while the
	// guide leaves it to the owner of the installation.
	if !s.e.owns(callOf(ctx).user) {
		if s.e.cfg.Strict {
			return channelsserver.DeleteChanneldefaultJSONResponse{
				StatusCode: http.StatusForbidden,
				Body:       unlisted(codeForbiddenUser, "Channels are deleted by the owner of the app's installation."),
			}, nil
		}
		s.e.cfg.Logger.WarnContext(ctx, "accepted what another published source refuses",
			"operation", "deleteChannel", "reason", "the user does not own the installation")
	}
	if s.e.store.deleteChannel(request.Id) != nil {
		return channelsserver.DeleteChanneldefaultJSONResponse{
			StatusCode: http.StatusNotFound, Body: unlisted(codeNotFound, noSuchChannel),
		}, nil
	}
	s.e.channelDeleted(request.Id)
	return channelsserver.DeleteChannel200JSONResponse{Success: true}, nil
}

// DeleteConversation removes a conversation with its messages.
func (s rules) DeleteConversation(ctx context.Context, request channelsserver.DeleteConversationRequestObject) (channelsserver.DeleteConversationResponseObject, error) {
	if !s.e.owns(callOf(ctx).user) {
		return channelsserver.DeleteConversation403JSONResponse(listed(codeForbiddenUser,
			"Conversations are deleted by the owner of the app's installation.")), nil
	}
	switch err := s.e.store.deleteConversation(request.ChannelId, request.ConversationId); {
	case errors.Is(err, errNoChannel):
		return channelsserver.DeleteConversation404JSONResponse(listed(codeNotFound, noSuchChannel)), nil
	case err != nil:
		// Our choice: an unknown conversation gets the 404 that is documented for an unknown channel.
		return channelsserver.DeleteConversation404JSONResponse(listed(codeNotFound, err.Error())), nil
	}
	return channelsserver.DeleteConversation200JSONResponse{Success: true}, nil
}

// owns tells whether the user installed the app.
func (e *Emulator) owns(u User) bool { return u.ID == e.cfg.Users[0].ID }

// answerTime spells a time of a request, which the judge has read before, as answers do.
func answerTime(s string) string {
	t, _ := parseRequestTime(s)
	return t.Format(messageLayout)
}

func valueOr[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}
