// postMessage and deleteChannelById: calls with effects.

package conformance

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
)

const greeting = "This is a test by pdchannels check. Please ignore it."

// somewhere is a conversation for an app without a history: one that makes one up on being
// asked will take it.
const somewhere = "conversation-pdchannels-check"

// letter addresses a message from the conversation's source_user to its end_users. It returns
// false, and records why, if none may be sent.
func (r *run) letter() (providercall.Form, bool) {
	form := providercall.Form{Message: greeting, ConversationID: r.cfg.Conversation}
	switch {
	case r.cfg.NoMessages:
		r.notApplicable("messages are switched off")
		return form, false
	case r.cfg.Conversation == "" && !r.links.loopback:
		r.notChecked("the app is not on this machine, and a message might reach a customer: name the conversation to write into")
		return form, false
	}
	for _, c := range r.known {
		sender, recipients := parties(c)
		fits := c.ID == form.ConversationID || form.ConversationID == "" && c.Status == providerclient.Open && sender != "" && recipients != nil
		if c.ID != "" && fits {
			form.ConversationID, form.SenderID, form.RecipientIDs = c.ID, sender, recipients
			break
		}
	}
	if form.ConversationID == "" {
		form.ConversationID, form.SenderID, form.RecipientIDs = somewhere, noSender, []string{noSender}
	}
	return form, true
}

func parties(c providerclient.Conversation) (sender string, recipients []string) {
	for _, p := range c.Participants {
		switch p.Role {
		case providerclient.SourceUser:
			sender = p.ID
		case providerclient.EndUser:
			recipients = append(recipients, p.ID)
		}
	}
	return sender, recipients
}

// post sends a form.
func (r *run) post(ctx context.Context, channel string, form providercall.Form) answer {
	a := r.ask(ctx, ask{sent: describe(form), call: func(ctx context.Context) (providercall.Answer, error) {
		return r.app.PostMessage(ctx, channel, form)
	}})
	if a.came && a.good() && channel == r.cfg.Channel && r.report.Conversation == "" {
		r.report.Conversation = r.hide.text(form.ConversationID)
	}
	return a
}

func describe(f providercall.Form) string {
	recipients := "recipientIds[]"
	if f.PlainRecipients {
		recipients = "recipientIds"
	}
	var fields, files []string
	for _, field := range [][2]string{{"message", f.Message}, {"senderId", f.SenderID}, {"conversationId", f.ConversationID}, {recipients, strings.Join(f.RecipientIDs, ",")}} {
		if field[1] != "" {
			fields = append(fields, fmt.Sprintf("%s=%q", field[0], field[1]))
		}
	}
	for _, file := range f.Files {
		files = append(files, fmt.Sprintf("files=%q (%s, %d bytes)", file.Name, file.Type, len(file.Content)))
	}
	if f.FilesFirst {
		fields, files = files, fields
	}
	return strings.Join(append(fields, files...), "; ")
}

func (r *run) postText(ctx context.Context) {
	form, ok := r.letter()
	if !ok {
		return
	}
	madeUp := form.ConversationID == somewhere
	for range 2 {
		a := r.post(ctx, r.cfg.Channel, form)
		if madeUp && a.StatusCode >= 400 && a.StatusCode < 500 {
			r.isRefusal(a)
			r.notChecked("no conversation was seen to write into: name a channel with a history, or a conversation")
			return
		}
		r.taken(ctx, a, form)
	}
}

// taken judges the answer to a message that is in order, and asks for it. Each message has an id of its own.
func (r *run) taken(ctx context.Context, a answer, form providercall.Form) {
	var got providerclient.PostMessageResponse
	if !r.isGood(a, &got) {
		return
	}
	switch id := got.Data.ID; {
	case id == "":
	case r.posted[id]:
		r.violation(a, "repeated-id", "data.id", "%q was the id of another message already: this one would update it", id)
	default:
		r.posted[id] = true
		if !r.forgets {
			r.readBack(ctx, form, id)
		}
	}
}

// dot is a picture of one pixel.
var dot = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

// files are two files for the nth message, with names of their own.
func files(n int) []providercall.File {
	return []providercall.File{
		{Name: fmt.Sprintf("pdchannels-check-%d.txt", n), Type: "text/plain", Content: []byte("a test by pdchannels check\n")},
		{Name: fmt.Sprintf("pdchannels prüft %d.gif", n), Type: "image/gif", Content: dot},
	}
}

func (r *run) postFiles(ctx context.Context) {
	form, ok := r.letter()
	switch {
	case !ok:
		return
	case len(r.posted) == 0 && slices.ContainsFunc(r.report.Checks, func(c Check) bool { return c.Name == "post-text" && c.Verdict == NotChecked }):
		r.notChecked("no conversation was seen to write into: name a channel with a history, or a conversation")
		return
	}
	form.Files = files(1)
	a := r.post(ctx, r.cfg.Channel, form)
	if a.came && !a.good() && a.StatusCode != http.StatusTooManyRequests {
		r.violation(a, "files-refused", "", "a message with two files got status %d%s", a.StatusCode, codeOf(a))
		r.isRefusal(a)
		return
	}
	r.taken(ctx, a, form)
	for i, other := range []struct {
		what   string
		change func(*providercall.Form)
	}{
		{"a message of one file, without a text", func(f *providercall.Form) { f.Message, f.Files = "", f.Files[:1] }},
		{"a form in which the files come first", func(f *providercall.Form) { f.FilesFirst = true }},
		{"a form that spells the recipients recipientIds", func(f *providercall.Form) { f.PlainRecipients, f.Files = true, nil }},
	} {
		variant := form
		variant.Files = files(i + 2)
		other.change(&variant)
		a := r.post(ctx, r.cfg.Channel, variant)
		if a.came && !a.good() && a.StatusCode != http.StatusTooManyRequests {
			r.risk(a, "form", "", "%s got status %d%s", other.what, a.StatusCode, codeOf(a))
			r.isRefusal(a)
			continue
		}
		r.taken(ctx, a, variant)
	}
}

// postForms sends forms that no document calls wrong, but that no app can use. Accepting one is a
// risk.
func (r *run) postForms(ctx context.Context) {
	whole, ok := r.letter()
	if !ok {
		return
	}
	for _, wrong := range []struct {
		what, channel string
		form          providercall.Form
	}{
		{"a message to an unknown conversation", r.cfg.Channel, providercall.Form{Message: greeting, SenderID: whole.SenderID, ConversationID: noConversation, RecipientIDs: whole.RecipientIDs}},
		{"a message on an unknown channel", noChannel, whole},
		{"a form with a text and nothing else", r.cfg.Channel, providercall.Form{Message: greeting}},
		{"an empty form", r.cfg.Channel, providercall.Form{}},
	} {
		a := r.post(ctx, wrong.channel, wrong.form)
		if a.came && a.good() {
			r.risk(a, "form", "", "%s was accepted with status %d", wrong.what, a.StatusCode)
		}
		r.isRefusal(a)
	}
}

func (r *run) deleteChannel(ctx context.Context) {
	if !r.hasEndpoint(providercall.DeleteChannelByID, "") {
		return
	}
	a := r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) { return r.app.DeleteChannelByID(ctx, noChannel) }})
	absent := a.StatusCode == http.StatusMethodNotAllowed || a.StatusCode == http.StatusNotImplemented || a.StatusCode == http.StatusNotFound && codeOf(a) == ""
	switch {
	case !a.came:
	case absent && r.app.Guessed():
		r.risk(a, "endpoint-missing", "", "the app does not serve it; it is needed if a user may have several channels")
	case absent:
		r.violation(a, "endpoint-missing", "", "the manifest names it, and the app does not serve it: status %d", a.StatusCode)
	case a.good():
		r.isGood(a, new(providerclient.DeleteResponse))
	default:
		if a.StatusCode == http.StatusNotFound && r.app.Guessed() && !r.serves[providercall.DeleteChannelByID] {
			r.notApplicable("404 for an unknown channel does not show whether the app serves it")
		}
		r.isRefusal(a)
	}
}

// endChannel deletes the channel itself, as Config.DeleteChannel demands.
func (r *run) endChannel(ctx context.Context) {
	if r.hasEndpoint(providercall.DeleteChannelByID, "the wish to delete the channel") {
		a := r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) {
			return r.app.DeleteChannelByID(ctx, r.cfg.Channel)
		}})
		r.isGood(a, new(providerclient.DeleteResponse))
	}
}
