// The endpoints: requests into the app's terms, its answers into the wire's.

package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/pdchannels/pdchannels/gen/providerserver"
)

const (
	defaultLimit = 30  // documented
	maxLimit     = 100 // our choice: such a page still fits well into memory
)

// endpoints implements the generated interface of the server by calls of the app.
type endpoints struct{ *Handler }

func (e endpoints) GetConversations(ctx context.Context, in providerserver.GetConversationsRequestObject) (providerserver.GetConversationsResponseObject, error) {
	conversationsLimit, err := limit("conversations_limit", in.Params.ConversationsLimit)
	if err != nil {
		return nil, err
	}
	messagesLimit, err := limit("messages_limit", in.Params.MessagesLimit)
	if err != nil {
		return nil, err
	}
	if err := checkAfter(in.Params.After); err != nil {
		return nil, err
	}
	page, err := e.inbox.GetConversations(ctx, GetConversationsRequest{
		ProviderChannelID:  in.ProviderChannelID,
		ConversationsLimit: conversationsLimit,
		MessagesLimit:      messagesLimit,
		After:              in.Params.After,
	})
	if err != nil {
		return nil, err
	}
	c := e.converters.Get().(*converter)
	data, err := c.page(page, conversationsLimit, messagesLimit, in.Params.After)
	if err != nil {
		return nil, invalidAnswer("GetConversations", err)
	}
	return &conversationsAnswer{c, providerserver.ConversationsResponse{
		Success: true, Data: data,
		AdditionalData: providerserver.Continuation{After: page.After},
	}}, nil
}

func (e endpoints) GetConversationByID(ctx context.Context, in providerserver.GetConversationByIDRequestObject) (providerserver.GetConversationByIDResponseObject, error) {
	messagesLimit, err := limit("messages_limit", in.Params.MessagesLimit)
	if err != nil {
		return nil, err
	}
	if err := checkAfter(in.Params.After); err != nil {
		return nil, err
	}
	conversation, err := e.inbox.GetConversationByID(ctx, GetConversationByIDRequest{
		ProviderChannelID: in.ProviderChannelID,
		ConversationID:    in.SourceConversationID,
		MessagesLimit:     messagesLimit,
		After:             in.Params.After,
	})
	if err != nil {
		return nil, err
	}
	var data providerserver.Conversation
	err = (&converter{Handler: e.Handler}).conversation(&data, &conversation, messagesLimit)
	if err == nil {
		err = checkAdvance("NextMessagesCursor", conversation.NextMessagesCursor, in.Params.After)
	}
	if err != nil {
		return nil, invalidAnswer("GetConversationByID", err)
	}
	return providerserver.GetConversationByID200JSONResponse{
		Success: true, Data: data,
		// The documents do not say which of the two cursors continues this list: both are the same.
		AdditionalData: providerserver.Continuation{After: conversation.NextMessagesCursor},
	}, nil
}

func (e endpoints) PostMessage(ctx context.Context, in providerserver.PostMessageRequestObject) (providerserver.PostMessageResponseObject, error) {
	f, taken := e.newForm(ctx, in.ProviderChannelID), false
	defer func() {
		if !taken { // after a panic of the app as well
			f.discard(ctx)
		}
	}()
	if err := f.read(ctx, in.Body); err != nil {
		return nil, err
	}
	id, err := e.inbox.PostMessage(ctx, f.message)
	if err != nil {
		return nil, err
	}
	taken = true
	if err := checkID("the message id", id); err != nil {
		return nil, invalidAnswer("PostMessage", err)
	}
	return providerserver.PostMessage200JSONResponse{
		Success: true, Data: providerserver.PostedMessage{ID: id},
	}, nil
}

func (e endpoints) GetSenderByID(ctx context.Context, in providerserver.GetSenderByIDRequestObject) (providerserver.GetSenderByIDResponseObject, error) {
	if e.senderGetter == nil {
		return nil, errNoAbility
	}
	sender, err := e.senderGetter.GetSenderByID(ctx, GetSenderByIDRequest{
		ProviderChannelID: in.ProviderChannelID, SenderID: in.SenderID,
	})
	if err != nil {
		return nil, err
	}
	data, err := convertSender(sender)
	if err != nil {
		return nil, invalidAnswer("GetSenderByID", err)
	}
	return providerserver.GetSenderByID200JSONResponse{Success: true, Data: data}, nil
}

func (e endpoints) GetTemplates(ctx context.Context, in providerserver.GetTemplatesRequestObject) (providerserver.GetTemplatesResponseObject, error) {
	if e.templatesGetter == nil {
		return nil, errNoAbility
	}
	templates, err := e.templatesGetter.GetTemplates(ctx, GetTemplatesRequest{ProviderChannelID: in.ProviderChannelID})
	if err != nil {
		return nil, err
	}
	data, err := convertTemplates(templates)
	if err != nil {
		return nil, invalidAnswer("GetTemplates", err)
	}
	return providerserver.GetTemplates200JSONResponse{
		Success: true, Data: providerserver.Templates{Templates: data},
	}, nil
}

func (e endpoints) GetMessageByID(ctx context.Context, in providerserver.GetMessageByIDRequestObject) (providerserver.GetMessageByIDResponseObject, error) {
	message, err := e.getMessage(ctx, GetMessageByIDRequest{
		ProviderChannelID: in.ProviderChannelID,
		ConversationID:    in.SourceConversationID,
		MessageID:         in.SourceMessageID,
	})
	return providerserver.GetMessageByID200JSONResponse(message), err
}

func (e endpoints) GetChannelMessageByID(ctx context.Context, in providerserver.GetChannelMessageByIDRequestObject) (providerserver.GetChannelMessageByIDResponseObject, error) {
	message, err := e.getMessage(ctx, GetMessageByIDRequest{
		ProviderChannelID: in.ProviderChannelID,
		MessageID:         in.SourceMessageID,
	})
	return providerserver.GetChannelMessageByID200JSONResponse(message), err
}

// getMessage answers both paths of getMessageById.
func (e endpoints) getMessage(ctx context.Context, req GetMessageByIDRequest) (providerserver.Message, error) {
	if e.messageGetter == nil {
		return providerserver.Message{}, errNoAbility
	}
	message, err := e.messageGetter.GetMessageByID(ctx, req)
	if err != nil {
		return providerserver.Message{}, err
	}
	var data providerserver.Message
	if err := (&converter{Handler: e.Handler}).message(&data, &message); err != nil {
		return providerserver.Message{}, invalidAnswer("GetMessageByID", err)
	}
	return data, nil
}

func (e endpoints) DeleteChannelByID(ctx context.Context, in providerserver.DeleteChannelByIDRequestObject) (providerserver.DeleteChannelByIDResponseObject, error) {
	if e.channelDeleter == nil {
		return nil, errNoAbility
	}
	err := e.channelDeleter.DeleteChannelByID(ctx, DeleteChannelByIDRequest{ProviderChannelID: in.ProviderChannelID})
	return providerserver.DeleteChannelByID200JSONResponse{Success: true}, err
}

// conversationsAnswer is the one large answer. The generated visitor would grow a buffer
// for each; the encoder has a pooled one.
type conversationsAnswer struct {
	converter *converter // owns the memory of the body
	body      providerserver.ConversationsResponse
}

func (a *conversationsAnswer) VisitGetConversationsResponse(w http.ResponseWriter) error {
	defer a.converter.release()
	return writeJSON(w, http.StatusOK, &a.body)
}

var errNoAbility = &Error{Code: CodeNotFound, Message: "the app does not offer this endpoint"}

// limit returns the limit of a query. A limit above maxLimit is lowered, since a
// page may be shorter than requested.
func limit(name string, n *int) (int, error) {
	switch {
	case n == nil:
		return defaultLimit, nil
	case *n < 1:
		return 0, invalidBody(fmt.Sprintf("the parameter %s is %d, at least 1 is needed", name, *n))
	}
	return min(*n, maxLimit), nil
}

// checkID checks an id that Pipedrive will put into a URL, where a path of dots would
// name something else.
func checkID(what, id string) error {
	switch id {
	case "":
		return errors.New(what + " is missing")
	case ".", "..":
		return fmt.Errorf("%s is %q, which no URL can carry", what, id)
	}
	return checkText(what, id)
}

// checkText checks a text that must come back as it went out: JSON carries UTF-8
// only, and replaces everything else silently.
func checkText(what, text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s is %q, which is not UTF-8 and would come back as another", what, text)
	}
	return nil
}

// checkAfter refuses what cannot be a cursor of the app, for the same reason.
func checkAfter(after string) error {
	if !utf8.ValidString(after) {
		return invalidBody("the parameter after is not UTF-8")
	}
	return nil
}

func invalidAnswer(method string, err error) error {
	return fmt.Errorf("%s returned something that Pipedrive cannot use: %w", method, err)
}
