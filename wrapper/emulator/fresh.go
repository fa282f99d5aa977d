// Links that expire: tested by HEAD when somebody looks at what they lead to, and asked for again
// when they are gone.

package emulator

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/state"
)

// freshLink is where a file of a message is found now.
func (e *Emulator) freshLink(ctx context.Context, m state.Message, a emulatorserver.Attachment) string {
	if !a.LinkExpires || !e.outgoing.app.Has(providercall.GetMessageByID) || !e.isGone(ctx, m.Exchange, a.URL) {
		return a.URL
	}
	var fresh providerclient.Message
	number, ok := e.ask(ctx, m.Exchange, providercall.GetMessageByID, m.ID, rule.FreshLink, func(ctx context.Context) (providercall.Answer, error) {
		return e.outgoing.app.GetMessageByID(ctx, m.ChannelID, m.ConversationID, m.ID)
	}, &fresh)
	if !ok {
		return a.URL
	}
	links := map[string]string{}
	for _, f := range fresh.Attachments {
		links[f.ID] = f.URL
	}
	if err := e.state.RefreshLinks(m.ChannelID, m.ID, links, number); err != nil {
		e.cfg.Logger.WarnContext(ctx, "fresh links could not be kept", "message", m.ID, "reason", err)
	}
	return cmp.Or(links[a.ID], a.URL)
}

// freshAvatar is where the picture of a participant is found now.
func (e *Emulator) freshAvatar(ctx context.Context, c state.Conversation, p emulatorserver.Participant) string {
	if !p.AvatarExpires || !e.outgoing.app.Has(providercall.GetSenderByID) || !e.avatars.due(c.ChannelID, p.ID, e.clock.Now()) || !e.isGone(ctx, 0, p.AvatarURL) {
		return p.AvatarURL
	}
	e.avatars.asked(c.ChannelID, p.ID, e.clock.Now())
	var sender providerclient.SenderResponse
	number, ok := e.ask(ctx, 0, providercall.GetSenderByID, p.ID, rule.FreshAvatar, func(ctx context.Context) (providercall.Answer, error) {
		return e.outgoing.app.GetSenderByID(ctx, c.ChannelID, p.ID)
	}, &sender)
	if !ok || sender.Data.AvatarURL == "" {
		return p.AvatarURL
	}
	if err := e.state.RefreshAvatar(c.ChannelID, c.ID, p.ID, sender.Data.AvatarURL, number); err != nil {
		e.cfg.Logger.WarnContext(ctx, "a fresh avatar could not be kept", "participant", p.ID, "reason", err)
	}
	return sender.Data.AvatarURL
}

// isGone tests a link of the app by HEAD, without credentials. A link elsewhere is not called.
func (e *Emulator) isGone(ctx context.Context, cause int64, link string) bool {
	if !e.atApp(link) {
		return false
	}
	x := e.exchanges.Begin(emulatorserver.Out, cause)
	defer e.exchanges.Finish(x)
	x.Operation, x.About = http.MethodHead, link
	x.Decided(rule.TestLink)
	r, err := http.NewRequestWithContext(context.WithValue(ctx, exchangeKey{}, x), http.MethodHead, link, http.NoBody)
	if err != nil {
		return true
	}
	resp, err := e.outside.RoundTrip(r) // the transport itself: it follows no redirect
	if err != nil {
		x.Reason = "the app does not answer"
		return true
	}
	_ = resp.Body.Close()
	return resp.StatusCode < 200 || resp.StatusCode > 299
}

// avatars remember when a sender was asked for, since that is done once a day at most.
type avatars struct {
	mu sync.Mutex
	at map[[2]string]time.Time
}

func newAvatars() *avatars { return &avatars{at: map[[2]string]time.Time{}} }

func (a *avatars) due(channel, participant string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, known := a.at[[2]string{channel, participant}]
	return !known || now.Sub(at) >= 24*time.Hour
}

func (a *avatars) asked(channel, participant string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at[[2]string{channel, participant}] = now
}
