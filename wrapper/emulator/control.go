// The control, by spec/emulator.yaml: what people in Pipedrive do, and what is to be seen.

package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/state"
)

const controlPrefix = "/_emulator"

// maxControl bounds the body of a request to the control: a reply with its files, or a snapshot.
const maxControl = 64 << 20

// control implements the generated server of the control.
type control struct{ e *Emulator }

// controlProblem answers what cannot be done.
func controlProblem(w http.ResponseWriter, _ *http.Request, err error) {
	status := http.StatusBadRequest
	if errors.Is(err, state.ErrNoChannel) || errors.Is(err, state.ErrNoConversation) || errors.Is(err, errNotThere) {
		status = http.StatusNotFound
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	writeJSON(w, status, emulatorserver.Problem{Error: err.Error()})
}

// errNotThere is what is asked for and is not there, or no longer.
var errNotThere = errors.New("it is not there, or no longer")

// Reply is a user who writes.
func (c control) Reply(ctx context.Context, request emulatorserver.ReplyRequestObject) (emulatorserver.ReplyResponseObject, error) {
	var reply Reply
	switch {
	case request.JSONBody != nil:
		in := request.JSONBody
		reply = Reply{ProviderChannelID: in.ChannelID, ConversationID: in.ConversationID, Message: in.Message}
		for _, f := range in.Files {
			reply.Files = append(reply.Files, File{Name: f.Name, Type: f.Type, Content: f.Content})
		}
	default:
		var err error
		if reply, err = replyOfForm(request); err != nil {
			return nil, err
		}
	}
	m, err := c.e.reply(ctx, reply)
	switch {
	case errors.Is(err, errNotSent):
		return nil, err
	case err != nil:
		return emulatorserver.ReplydefaultJSONResponse{StatusCode: http.StatusBadGateway, Body: emulatorserver.Problem{Error: err.Error()}}, nil
	}
	return emulatorserver.Reply200JSONResponse(m), nil
}

func replyOfForm(request emulatorserver.ReplyRequestObject) (reply Reply, err error) {
	for {
		part, err := request.MultipartBody.NextPart()
		if errors.Is(err, io.EOF) {
			return reply, nil
		}
		if err != nil {
			return reply, err
		}
		content, err := io.ReadAll(part) // the body is bounded as a whole
		if err != nil {
			return reply, err
		}
		switch part.FormName() {
		case "channel_id":
			reply.ProviderChannelID = string(content)
		case "conversation_id":
			reply.ConversationID = string(content)
		case "message":
			reply.Message = string(content)
		case "files":
			reply.Files = append(reply.Files, File{Name: part.FileName(), Type: part.Header.Get("Content-Type"), Content: content})
		}
	}
}

// MarkRead is a user who reads.
func (c control) MarkRead(_ context.Context, request emulatorserver.MarkReadRequestObject) (emulatorserver.MarkReadResponseObject, error) {
	if err := c.e.state.MarkRead(request.Body.ChannelID, request.Body.ConversationID); err != nil {
		return nil, err
	}
	return emulatorserver.MarkRead204Response{}, nil
}

// Decide is a user on the page of /oauth/authorize.
func (c control) Decide(_ context.Context, request emulatorserver.DecideRequestObject) (emulatorserver.DecideResponseObject, error) {
	u, err := url.Parse(request.Body.URL)
	if err != nil {
		return nil, errors.New("url is no URL")
	}
	location, problem := c.e.decide(u.Query(), c.user(request.Body.UserID), !request.Body.Deny)
	if problem != "" {
		return nil, errors.New(problem)
	}
	return emulatorserver.Decide200JSONResponse{Location: location}, nil
}

func (c control) user(id int64) int64 {
	if id == 0 {
		return c.e.cfg.Users[0].ID
	}
	return id
}

// ListInstallations tells who has the app.
func (c control) ListInstallations(context.Context, emulatorserver.ListInstallationsRequestObject) (emulatorserver.ListInstallationsResponseObject, error) {
	out := emulatorserver.ListInstallations200JSONResponse{Installations: []emulatorserver.Installation{}}
	for _, i := range c.e.Installations() {
		out.Installations = append(out.Installations, emulatorserver.Installation{UserID: i.User.ID, RedirectURL: i.RedirectURL, Since: i.Since})
	}
	return out, nil
}

// Install is a user in the Marketplace.
func (c control) Install(_ context.Context, request emulatorserver.InstallRequestObject) (emulatorserver.InstallResponseObject, error) {
	location, err := c.e.MarketplaceInstall(c.user(request.Body.UserID), request.Body.RedirectURL)
	if err != nil {
		return nil, err
	}
	return emulatorserver.Install200JSONResponse{Location: location}, nil
}

// Uninstall is a user who has had enough of the app.
func (c control) Uninstall(ctx context.Context, request emulatorserver.UninstallRequestObject) (emulatorserver.UninstallResponseObject, error) {
	if err := c.e.Uninstall(ctx, request.UserID); err != nil {
		return nil, err
	}
	return emulatorserver.Uninstall204Response{}, nil
}

// ListChannels tells of the channels.
func (c control) ListChannels(context.Context, emulatorserver.ListChannelsRequestObject) (emulatorserver.ListChannelsResponseObject, error) {
	return emulatorserver.ListChannels200JSONResponse{Channels: c.e.state.Channels()}, nil
}

// ListConversations tells of conversations.
func (c control) ListConversations(_ context.Context, request emulatorserver.ListConversationsRequestObject) (emulatorserver.ListConversationsResponseObject, error) {
	p := request.Params
	page, totals := c.e.state.Conversations(state.Query{
		ChannelID: p.Channel, Search: p.Search, Unread: p.Unread, Failed: p.Failed, Offset: p.Offset, Limit: bounded(p.Limit),
	})
	return emulatorserver.ListConversations200JSONResponse{Conversations: page, Total: totals.Matching}, nil
}

// bounded is how many to list: 50 if nothing is said, and 1,000 at most.
func bounded(limit int) int {
	if limit <= 0 {
		return 50
	}
	return min(limit, 1000)
}

// ListMessages tells of messages.
func (c control) ListMessages(_ context.Context, request emulatorserver.ListMessagesRequestObject) (emulatorserver.ListMessagesResponseObject, error) {
	p := request.Params
	return emulatorserver.ListMessages200JSONResponse{Messages: c.e.state.Messages(state.MessageQuery{
		ChannelID: p.Channel, ConversationID: p.Conversation, Text: p.Text, Status: p.Status, Origin: string(p.Origin),
		After: p.After, Limit: bounded(p.Limit),
	})}, nil
}

// ListExchanges tells of exchanges.
func (c control) ListExchanges(_ context.Context, request emulatorserver.ListExchangesRequestObject) (emulatorserver.ListExchangesResponseObject, error) {
	p := request.Params
	out := emulatorserver.ListExchanges200JSONResponse{Exchanges: []emulatorserver.Exchange{}}
	for _, x := range c.e.exchanges.Find(exchanges.Query{
		Operation: p.Operation, Status: p.Status, Verdict: p.Verdict, Direction: p.Direction, Cause: p.Cause, After: p.After, Limit: bounded(p.Limit),
	}) {
		out.Exchanges = append(out.Exchanges, x.View(false))
	}
	return out, nil
}

// GetExchange tells all of an exchange.
func (c control) GetExchange(_ context.Context, request emulatorserver.GetExchangeRequestObject) (emulatorserver.GetExchangeResponseObject, error) {
	x, ok := c.e.exchanges.Get(request.Number)
	if !ok {
		return nil, errNotThere
	}
	return emulatorserver.GetExchange200JSONResponse(x.View(true)), nil
}

// GetTokenCalls counts the calls of the token endpoint.
func (c control) GetTokenCalls(context.Context, emulatorserver.GetTokenCallsRequestObject) (emulatorserver.GetTokenCallsResponseObject, error) {
	n := c.e.TokenCalls()
	return emulatorserver.GetTokenCalls200JSONResponse{
		Codes: n.Codes, Refreshes: n.Refreshes, RefusedCodes: n.RefusedCodes, RefusedRefreshes: n.RefusedRefreshes, Reused: n.Reused, Malformed: n.Malformed,
	}, nil
}

// GetState tells what there is.
func (c control) GetState(context.Context, emulatorserver.GetStateRequestObject) (emulatorserver.GetStateResponseObject, error) {
	n := c.e.state.Counts()
	kept, refused := c.e.exchanges.Counts()
	out := emulatorserver.GetState200JSONResponse{
		Number: c.e.events.Last(), Channels: n.Channels, Conversations: n.Conversations, Messages: n.Messages, Unread: n.Unread, Memory: n.Memory,
		Exchanges: kept, Refused: refused, Clock: c.e.clockView(), Limits: c.e.limits.view(),
		Strict: c.e.cfg.Strict, Company: c.e.cfg.Company, Seeded: c.e.cfg.Seed != nil, Faults: len(c.e.faults.List()),
		Profile: emulatorserver.Profile(c.e.profile.Load().(string)), ClientID: c.e.cfg.ClientID, App: c.e.outgoing.where, Users: []emulatorserver.User{},
	}
	for _, u := range c.e.cfg.Users {
		out.Users = append(out.Users, emulatorserver.User{ID: u.ID, Name: u.Name, Admin: u.Admin})
	}
	return out, nil
}

func (e *Emulator) clockView() emulatorserver.Clock {
	return emulatorserver.Clock{Now: e.clock.Now().UTC(), Frozen: e.clock.Frozen()}
}

// WaitForMessage waits for a message.
func (c control) WaitForMessage(ctx context.Context, request emulatorserver.WaitForMessageRequestObject) (emulatorserver.WaitForMessageResponseObject, error) {
	p := request.Params
	ctx, cancel := context.WithTimeout(ctx, patience(p.Timeout))
	defer cancel()
	m, err := c.e.waitForMessage(ctx, state.MessageQuery{
		ChannelID: p.Channel, ConversationID: p.Conversation, Text: p.Text, Status: p.Status, Origin: string(p.Origin), After: p.After,
	})
	if err != nil {
		return emulatorserver.WaitForMessagedefaultJSONResponse{StatusCode: http.StatusRequestTimeout, Body: emulatorserver.Problem{Error: "no such message came in time"}}, nil
	}
	return emulatorserver.WaitForMessage200JSONResponse(m), nil
}

// WaitForExchange waits for an exchange.
func (c control) WaitForExchange(ctx context.Context, request emulatorserver.WaitForExchangeRequestObject) (emulatorserver.WaitForExchangeResponseObject, error) {
	p := request.Params
	ctx, cancel := context.WithTimeout(ctx, patience(p.Timeout))
	defer cancel()
	x, err := c.e.waitForExchange(ctx, exchanges.Query{Operation: p.Operation, Status: p.Status, Verdict: p.Verdict, Direction: p.Direction, After: p.After})
	if err != nil {
		return emulatorserver.WaitForExchangedefaultJSONResponse{StatusCode: http.StatusRequestTimeout, Body: emulatorserver.Problem{Error: "no such exchange ended in time"}}, nil
	}
	return emulatorserver.WaitForExchange200JSONResponse(x.View(true)), nil
}

// patience is how long to wait: 10 seconds if nothing is said, and 10 minutes at most.
func patience(seconds *float64) time.Duration {
	if seconds == nil {
		return 10 * time.Second
	}
	return time.Duration(min(max(*seconds, 0), 600) * float64(time.Second))
}

// encodeEvent is an event as a line.
func encodeEvent(e emulatorserver.Event) []byte {
	line, err := json.Marshal(e)
	if err != nil {
		return []byte("{}") // the types can be encoded, all of them
	}
	return line
}
