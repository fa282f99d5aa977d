// What the pages show of the inbox: pages.Source over the emulator's memory.

package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/pages"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/state"
)

// maxFetched bounds a file of the app that a page shows.
const maxFetched = 32 << 20

// source implements pages.Source.
type source struct{ e *Emulator }

func (s source) Overview() pages.Overview {
	e := s.e
	origin := e.origin()
	o := pages.Overview{
		Now: e.clock.Now(), Frozen: e.clock.Frozen(), BaseURL: origin + apiPrefixes[0], OAuthURL: origin, App: e.outgoing.where,
		Installed: len(e.Installations()) > 0, Faults: len(e.faults.List()), Unread: e.state.Counts().Unread,
		InstallURL: origin + marketplacePath,
		Credentials: []pages.Credential{
			{Name: "PIPEDRIVE_BASE_URL", Value: origin + apiPrefixes[0]},
			{Name: "PIPEDRIVE_ACCESS_TOKEN", Value: e.AccessToken()},
			{Name: "PIPEDRIVE_OAUTH_URL", Value: origin},
			{Name: "PIPEDRIVE_CLIENT_ID", Value: e.ClientID()},
			{Name: "PIPEDRIVE_CLIENT_SECRET", Value: e.ClientSecret()},
		},
	}
	for _, c := range e.state.Channels() {
		o.Channels = append(o.Channels, pages.Channel{ID: c.ID, Name: c.Name, Type: c.ProviderType})
	}
	if refused := e.exchanges.Find(exchanges.Query{Verdict: emulatorserver.VerdictRefused, Limit: 1}); len(refused) > 0 {
		x := refused[0].View(false)
		o.LastRefused = fmt.Sprintf("%s %s: %d, %s", x.Method, x.URL, x.Status, x.Reason)
	}
	return o
}

// origin is where the emulator is reached; before it listens, where the command does.
func (e *Emulator) origin() string {
	if address, ok := e.address.Load().(string); ok {
		return "http://" + address
	}
	return "http://127.0.0.1:8484"
}

func (s source) Conversations(f pages.Filter) pages.List {
	page, totals := s.e.state.Conversations(state.Query{
		ChannelID: f.Channel, Search: f.Query, Offset: f.Offset, Limit: f.Limit, Now: s.e.clock.Now(),
		Unread: f.Only == "unread", Closing: f.Only == "closing", Failed: f.Only == "failed",
	})
	list := pages.List{Total: totals.Matching, All: totals.All, Unread: totals.Unread, Closing: totals.Closing, Failed: totals.Failed}
	for _, c := range page {
		list.Rows = append(list.Rows, s.row(c))
	}
	return list
}

func (s source) row(c state.Conversation) pages.Row {
	r := pages.Row{ChannelID: c.ChannelID, ConversationID: c.ID, Unread: c.Unread, ReplyBy: c.ReplyBy, Closed: c.Status == "closed"}
	var names []string
	for _, p := range c.Participants {
		if p.Role != string(providerclient.EndUser) {
			continue
		}
		if r.CustomerID == "" {
			r.CustomerID, r.HasAvatar = p.ID, s.e.atApp(p.AvatarURL)
		}
		if p.Name != "" {
			names = append(names, p.Name)
		}
	}
	r.Name = strings.Join(names, ", ")
	if c.Last != nil {
		r.Last = s.message(c, *c.Last)
		if r.CustomerID == "" && !r.Last.Ours {
			r.CustomerID = c.Last.SenderID
		}
	}
	return r
}

func (s source) message(c state.Conversation, m state.Message) pages.Message {
	out := pages.Message{
		ID: m.ID, Text: m.Message, At: m.CreatedAt, Status: m.Status, Problem: m.Problem, Exchange: m.Exchange,
		Ours: m.Origin == emulatorserver.Replied, Imported: m.Origin == emulatorserver.Imported,
	}
	for _, p := range c.Participants {
		if p.ID == m.SenderID && p.Role == string(providerclient.SourceUser) {
			out.Ours = true
		}
	}
	if x, ok := s.e.exchanges.Get(m.Exchange); ok && m.Problem != "" {
		out.Code = x.Code
	} else if !ok {
		out.Exchange = 0
	}
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, pages.Attachment{
			ID: a.ID, Name: a.Name, Type: a.Type, Size: int64(a.Size), URL: a.URL, Expires: a.LinkExpires, Here: s.e.atApp(a.URL),
		})
	}
	return out
}

func (s source) Thread(channel, conversation string, messages int) (pages.Thread, error) {
	c, all, err := s.e.state.Conversation(channel, conversation)
	if err != nil {
		return pages.Thread{}, pages.ErrNotFound
	}
	if c.Unread > 0 {
		_ = s.e.state.MarkRead(channel, conversation) // it may be gone by now
		c.Unread = 0
	}
	t := pages.Thread{Row: s.row(c), Link: c.Link, Status: c.Status, Total: len(all), CanReply: true}
	for _, one := range s.e.state.Channels() {
		if one.ID != channel {
			continue
		}
		t.ChannelName, t.ChannelType = one.Name, one.ProviderType
		for _, template := range one.Templates {
			t.Templates = append(t.Templates, pages.Template{ID: template.ID, Name: template.Name, Language: template.Language, Content: template.Content})
		}
	}
	for _, p := range c.Participants {
		t.Participants = append(t.Participants, pages.Participant{
			ID: p.ID, Name: p.Name, Role: p.Role, HasAvatar: s.e.atApp(p.AvatarURL), AvatarExpires: p.AvatarExpires,
		})
	}
	// As a reply has it, the latest by their time and not by their arrival.
	slices.SortStableFunc(all, func(a, b state.Message) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, m := range all[max(len(all)-messages, 0):] {
		t.Messages = append(t.Messages, s.message(c, m))
	}
	for _, u := range s.e.cfg.Users {
		t.Users = append(t.Users, pages.User{ID: u.ID, Name: u.Name})
	}
	if _, err := s.e.form(Reply{ProviderChannelID: channel, ConversationID: conversation, Message: "?"}); err != nil {
		t.CanReply, t.WhyNot = false, err.Error()
	}
	return t, nil
}

func (s source) Reply(ctx context.Context, r pages.Reply) error {
	reply := Reply{ProviderChannelID: r.Channel, ConversationID: r.Conversation, Message: r.Text}
	for _, header := range r.Files {
		content, err := readFile(header)
		if err != nil {
			return err
		}
		reply.Files = append(reply.Files, File{Name: header.Filename, Type: header.Header.Get("Content-Type"), Content: content})
	}
	_, err := s.e.reply(ctx, reply)
	return err
}

func readFile(header *multipart.FileHeader) ([]byte, error) {
	f, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(f) // the form is bounded as a whole
}

// atApp tells whether a URL is on a host of the app, the only place that files are fetched from.
func (e *Emulator) atApp(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil && slices.Contains(e.outgoing.hosts, u.Host)
}

// fetch gets a file from the app, without credentials and without following a redirect.
func (e *Emulator) fetch(ctx context.Context, text string) (pages.File, error) {
	if !e.atApp(text) {
		return pages.File{}, pages.ErrNotFound
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, text, http.NoBody)
	if err != nil {
		return pages.File{}, err
	}
	resp, err := e.outside.RoundTrip(r)
	if err != nil {
		return pages.File{}, errors.New("the app does not answer")
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return pages.File{}, fmt.Errorf("the app answers with status %d", resp.StatusCode)
	}
	return pages.File{ReadCloser: teed{io.LimitReader(resp.Body, maxFetched), resp.Body}, Type: resp.Header.Get("Content-Type")}, nil
}

func (s source) Attachment(ctx context.Context, channel, conversation, message, id string) (pages.File, error) {
	m, ok := s.e.state.Message(channel, message)
	if !ok || m.ConversationID != conversation {
		return pages.File{}, pages.ErrNotFound
	}
	for _, a := range m.Attachments {
		if a.ID == id {
			f, err := s.e.fetch(ctx, s.e.freshLink(ctx, m, a))
			f.Name = a.Name
			if a.Type != "" {
				f.Type = a.Type
			}
			return f, err
		}
	}
	return pages.File{}, pages.ErrNotFound
}

func (s source) Avatar(ctx context.Context, channel, conversation, participant string) (pages.File, error) {
	c, _, err := s.e.state.Conversation(channel, conversation)
	if err != nil {
		return pages.File{}, pages.ErrNotFound
	}
	for _, p := range c.Participants {
		if p.ID == participant {
			return s.e.fetch(ctx, s.e.freshAvatar(ctx, c, p))
		}
	}
	return pages.File{}, pages.ErrNotFound
}
