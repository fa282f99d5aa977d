// The operations of the Channels API, on the generated server.

package emulator

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/pdchannels/pdchannels/gen/channelsserver"
	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/state"
)

// companyID is the id of the one company that is emulated.
const companyID = 1

// noSuchChannel is the documented text of NOT_FOUND.
const noSuchChannel = "Channel not found."

// operations implements the generated server. What reaches it is authenticated, and as the
// document has it.
type operations struct{ e *Emulator }

// AddChannel registers a channel.
//
// template_support goes with any provider type, although the inbox offers templates only for whatsapp today.
func (s operations) AddChannel(ctx context.Context, request channelsserver.AddChannelRequestObject) (channelsserver.AddChannelResponseObject, error) {
	c, in := callOf(ctx), request.Body
	c.exchange.About = in.ProviderChannelId
	if !c.user.Admin {
		c.exchange.Stopped("rules", rule.AdminOnly)
		return channelsserver.AddChannel403JSONResponse(listed(codeAdminOnly, "Channels are registered by admins.")), nil
	}
	now := s.e.cfg.Clock().UTC().Truncate(time.Second)
	channel := channelsserver.Channel{
		Id:                  uuid.NewString(),
		Name:                in.Name,
		AvatarUrl:           in.AvatarUrl,
		ProviderChannelId:   in.ProviderChannelId,
		MarketplaceClientId: s.e.cfg.ClientID,
		PdCompanyId:         companyID,
		PdUserId:            c.user.ID,
		CreatedAt:           now.Format(channelLayout),
		ProviderType:        string(valueOr(in.ProviderType, channelsserver.Other)),
		TemplateSupport:     valueOr(in.TemplateSupport, false),
	}
	err := s.e.state.AddChannel(state.Channel{
		ID: channel.ProviderChannelId, PipedriveID: channel.Id, Name: channel.Name, AvatarURL: valueOr(in.AvatarUrl, ""),
		ProviderType: channel.ProviderType, TemplateSupport: channel.TemplateSupport, UserID: c.user.ID, CreatedAt: now,
	}, s.e.cfg.Strict, c.exchange.Number)
	other := func(status int, code string) channelsserver.AddChannelResponseObject {
		return channelsserver.AddChanneldefaultJSONResponse{StatusCode: status, Body: unlisted(code, err.Error())}
	}
	switch {
	case errors.Is(err, state.ErrChannelExists):
		c.exchange.Stopped("rules", rule.ChannelExists, rule.Exists409)
		return other(http.StatusConflict, codeChannelExists), nil
	case errors.Is(err, state.ErrNameTaken):
		c.exchange.Stopped("rules", rule.UniqueName, rule.Strict, rule.Exists409)
		return other(http.StatusConflict, codeChannelExists), nil
	case err != nil:
		return other(notKept(c, err)), nil
	}
	c.exchange.Decided(rule.AddChannel)
	s.e.channelAdded(c.exchange.Number, channel.ProviderChannelId, channel.TemplateSupport)
	return channelsserver.AddChannel200JSONResponse{Success: true, Data: channel}, nil
}

// notKept is the status and the code for what cannot be kept.
func notKept(c call, err error) (status int, code string) {
	if errors.Is(err, state.ErrFull) {
		c.exchange.Stopped("rules", rule.Full)
		return http.StatusInsufficientStorage, codeStorageFull
	}
	c.exchange.Stopped("rules", rule.Failure)
	return http.StatusInternalServerError, codeStorageFailed
}

// ReceiveMessage takes a message in, or the new state of one.
//
// The answer leaves out what was not given, but for attachments and link_expires, which show what
// they default to.
func (s operations) ReceiveMessage(ctx context.Context, request channelsserver.ReceiveMessageRequestObject) (channelsserver.ReceiveMessageResponseObject, error) {
	c, in := callOf(ctx), request.Body
	c.exchange.About, c.exchange.Conversation = in.Id, in.ConversationId
	createdAt, replyBy := answerTime(in.CreatedAt), answerTime(valueOr(in.ReplyBy, ""))
	message := channelsserver.Message{
		Id:               in.Id,
		ChannelId:        in.ChannelId,
		SenderId:         in.SenderId,
		ConversationId:   in.ConversationId,
		Message:          in.Message,
		Status:           string(in.Status),
		CreatedAt:        createdAt.Format(messageLayout),
		ConversationLink: in.ConversationLink,
	}
	if in.ReplyBy != nil {
		message.ReplyBy = new(replyBy.Format(messageLayout))
	}
	attachments := append([]channelsserver.Attachment{}, in.Attachments...)
	for i := range attachments {
		expires := valueOr(attachments[i].LinkExpires, false)
		attachments[i].LinkExpires = &expires
	}
	message.Attachments = &attachments

	s.e.confirms(c.exchange, in.ChannelId, in.Id)
	newConversation, _, err := s.e.state.PutMessage(state.Message{
		ChannelID: in.ChannelId, ConversationID: in.ConversationId, ID: in.Id, SenderID: in.SenderId, Message: in.Message,
		Status: message.Status, CreatedAt: createdAt, ReplyBy: replyBy, ConversationLink: valueOr(in.ConversationLink, ""),
		Attachments: keptAttachments(in.Attachments), Origin: emulatorserver.Received,
	}, c.exchange.Number)
	switch {
	case errors.Is(err, state.ErrNoChannel):
		c.exchange.Stopped("rules", rule.UnknownChannel, rule.UnknownCode)
		return channelsserver.ReceiveMessagedefaultJSONResponse{
			StatusCode: http.StatusNotFound, Body: unlisted(codeNotFound, noSuchChannel),
		}, nil
	case err != nil:
		status, code := notKept(c, err)
		return channelsserver.ReceiveMessagedefaultJSONResponse{StatusCode: status, Body: unlisted(code, err.Error())}, nil
	}
	c.exchange.Decided(rule.ReceiveMessage, rule.UpdateByID)
	if newConversation {
		s.e.conversationHeardOf(c.exchange.Number, in.ChannelId, in.ConversationId)
	}
	return channelsserver.ReceiveMessage200JSONResponse{Success: true, Data: message}, nil
}

func keptAttachments(in []channelsserver.Attachment) []emulatorserver.Attachment {
	if len(in) == 0 {
		return nil
	}
	out := make([]emulatorserver.Attachment, 0, len(in))
	for _, a := range in {
		out = append(out, emulatorserver.Attachment{
			ID: a.Id, Type: a.Type, URL: a.Url, Name: valueOr(a.Name, ""), PreviewURL: valueOr(a.PreviewUrl, ""),
			Size: valueOr(a.Size, 0), LinkExpires: valueOr(a.LinkExpires, false),
		})
	}
	return out
}

// DeleteChannel removes a channel, named by the provider's id, never by Pipedrive's.
func (s operations) DeleteChannel(ctx context.Context, request channelsserver.DeleteChannelRequestObject) (channelsserver.DeleteChannelResponseObject, error) {
	c := callOf(ctx)
	c.exchange.About = request.Id
	if !s.e.owns(c.user) {
		const reason = "the user does not own the installation"
		c.exchange.Found("", reason, s.e.cfg.Strict)
		if s.e.cfg.Strict {
			c.exchange.Stopped("rules", rule.DeleteByOthers, rule.Strict)
			return channelsserver.DeleteChanneldefaultJSONResponse{
				StatusCode: http.StatusForbidden,
				Body:       unlisted(codeForbiddenUser, "Channels are deleted by the owner of the app's installation."),
			}, nil
		}
		c.exchange.Decided(rule.DeleteByOthers)
		s.e.cfg.Logger.WarnContext(ctx, "accepted what another published source refuses", "operation", "deleteChannel", "reason", reason)
	}
	switch err := s.e.state.DeleteChannel(request.Id, c.exchange.Number); {
	case errors.Is(err, state.ErrNoChannel):
		c.exchange.Stopped("rules", rule.UnknownChannel, rule.UnknownCode)
		return channelsserver.DeleteChanneldefaultJSONResponse{
			StatusCode: http.StatusNotFound, Body: unlisted(codeNotFound, noSuchChannel),
		}, nil
	case err != nil:
		status, code := notKept(c, err)
		return channelsserver.DeleteChanneldefaultJSONResponse{StatusCode: status, Body: unlisted(code, err.Error())}, nil
	}
	c.exchange.Decided(rule.DeleteChannel)
	s.e.channelDeleted(c.exchange.Number, request.Id)
	return channelsserver.DeleteChannel200JSONResponse{Success: true}, nil
}

// DeleteConversation removes a conversation with its messages.
func (s operations) DeleteConversation(ctx context.Context, request channelsserver.DeleteConversationRequestObject) (channelsserver.DeleteConversationResponseObject, error) {
	c := callOf(ctx)
	c.exchange.About, c.exchange.Conversation = request.ConversationId, request.ConversationId
	if !s.e.owns(c.user) {
		c.exchange.Stopped("rules", rule.OwnerOnly)
		return channelsserver.DeleteConversation403JSONResponse(listed(codeForbiddenUser,
			"Conversations are deleted by the owner of the app's installation.")), nil
	}
	switch err := s.e.state.DeleteConversation(request.ChannelId, request.ConversationId, c.exchange.Number); {
	case errors.Is(err, state.ErrNoChannel):
		c.exchange.Stopped("rules", rule.UnknownChannel)
		return channelsserver.DeleteConversation404JSONResponse(listed(codeNotFound, noSuchChannel)), nil
	case errors.Is(err, state.ErrNoConversation):
		c.exchange.Stopped("rules", rule.UnknownConv)
		return channelsserver.DeleteConversation404JSONResponse(listed(codeNotFound, err.Error())), nil
	case err != nil:
		status, code := notKept(c, err)
		return channelsserver.DeleteConversationdefaultJSONResponse{StatusCode: status, Body: unlisted(code, err.Error())}, nil
	}
	c.exchange.Decided(rule.DeleteConv)
	return channelsserver.DeleteConversation200JSONResponse{Success: true}, nil
}

// owns tells whether the user installed the app.
func (e *Emulator) owns(u User) bool { return u.ID == e.cfg.Users[0].ID }

// answerTime reads a time of a request, which the judge has read before, as exactly as answers spell
// it; the zero time if there is none.
func answerTime(s string) time.Time {
	t, _ := parseRequestTime(s)
	return t.Truncate(time.Millisecond)
}

func valueOr[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}
