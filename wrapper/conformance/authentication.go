// Authentication: each endpoint, called with missing or wrong credentials.

package conformance

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/pdchannels/pdchannels/internal/providercall"
)

// Ids that no app has, the same in every run.
const (
	noChannel      = "pdchannels-check-no-channel"
	noConversation = "pdchannels-check-no-conversation"
	noMessage      = "pdchannels-check-no-message"
	noSender       = "pdchannels-check-no-sender"

	wrongCredential = "pdchannels-check-wrong"

	noPath = "pdchannels-check/no/such/path"
)

// authentication calls one endpoint with wrong credentials. Calls with effects go to a channel that
// does not exist, in case the app lets everybody in.
func (r *run) authentication(ctx context.Context, name string) {
	optional := name != providercall.GetConversations && name != providercall.GetConversationByID && name != providercall.PostMessage
	switch {
	case !r.app.Has(name), r.lacks[name]:
		r.notApplicable("the app does not serve it")
		return
	case name == providercall.PostMessage && r.cfg.NoMessages:
		r.notApplicable("messages are switched off")
		return
	}
	if name == providercall.DeleteChannelByID && r.app.Guessed() {
		r.serves[name] = r.deletesChannels(ctx)
	}
	for _, as := range r.impostors() {
		a := r.ask(ctx, ask{credentials: as.name, call: func(ctx context.Context) (providercall.Answer, error) { return r.callAs(ctx, as.client, name) }})
		switch {
		case !a.came:
		case a.good() && as.rule == "auth-scheme":
			r.risk(a, as.rule, "", "%s: the call succeeded with status %d, though only Basic is documented", as.name, a.StatusCode)
		case a.good():
			r.violation(a, as.rule, "", "%s: the call succeeded with status %d", as.name, a.StatusCode)
		case a.StatusCode == http.StatusTooManyRequests:
			r.limited(a)
		case optional && !r.serves[name] && r.app.Guessed() && (a.StatusCode == http.StatusNotFound || a.StatusCode == http.StatusMethodNotAllowed):
			r.notApplicable("nothing shows that the app serves it")
			return
		case a.StatusCode == http.StatusUnauthorized, a.StatusCode == http.StatusForbidden, as.rule == "auth-scheme" && a.StatusCode == http.StatusBadRequest:
			r.isRefusal(a)
			if a.StatusCode == http.StatusForbidden {
				r.risk(a, "auth-status", "", "%s: status 403 is documented for what belongs to somebody else, and 401 here", as.name)
			}
		default:
			if as.rule != "auth-scheme" {
				r.violation(a, as.rule, "", "%s: got status %d, as if the credentials did not matter; want 401", as.name, a.StatusCode)
			}
			r.isRefusal(a)
		}
	}
	if !slices.ContainsFunc(r.check.Findings, func(f Finding) bool { return f.Rule == "auth-missing" || f.Rule == "auth-wrong" }) {
		r.early(ctx, name)
	}
}

// deletesChannels reports whether an app at a base URL serves deleteChannelById. Nothing real is deleted to find
// out: an app that serves it answers differently about an unknown channel and an unknown path.
func (r *run) deletesChannels(ctx context.Context) bool {
	remove := func(app providercall.Client) answer {
		return r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) { return app.DeleteChannelByID(ctx, noChannel) }})
	}
	there, nowhere := remove(r.app), remove(r.app.Below(noPath))
	return there.came && nowhere.came && (there.good() || likeness(there) != likeness(nowhere))
}

// likeness is an answer without what differs from request to request: paths, times, numbers.
func likeness(a answer) string {
	return fmt.Sprint(a.StatusCode, a.ContentType, varying.ReplaceAllString(string(a.Body[:min(len(a.Body), maxExcerpt)]), ""))
}

var varying = regexp.MustCompile(`pdchannels-check[\w/\\-]*|[[:xdigit:]-]{2,}|\d`)

// early finds apps that read a request before its credentials, and so tell strangers what exists.
func (r *run) early(ctx context.Context, name string) {
	secretive := r.app.WithCredentials(r.cfg.ClientID, wrongCredential)
	for _, m := range r.misuses(name) {
		a := r.ask(ctx, ask{credentials: "a wrong secret", sent: m.sent, call: func(ctx context.Context) (providercall.Answer, error) { return m.call(ctx, secretive) }})
		switch {
		case !a.came, a.StatusCode == http.StatusUnauthorized, a.StatusCode == http.StatusForbidden, a.StatusCode == http.StatusTooManyRequests:
		default:
			r.violation(a, "auth-order", "", "a wrong secret and %s: got status %d, so the app read the request before the credentials; want 401", m.what, a.StatusCode)
		}
	}
}

// misuse is a call that an app refuses from anybody.
type misuse struct {
	what, sent string
	call       func(ctx context.Context, c providercall.Client) (providercall.Answer, error)
}

func (r *run) misuses(name string) (all []misuse) {
	ids := map[string]string{"channel": noChannel, "conversation": noConversation, "message": noMessage, "sender": noSender}
	for _, l := range r.lookups() {
		if l.endpoint == name {
			all = append(all, misuse{"an unknown " + l.what, "", func(ctx context.Context, c providercall.Client) (providercall.Answer, error) {
				return l.call(ctx, c, ids[l.what])
			}})
		}
	}
	post := func(ctx context.Context, c providercall.Client) (providercall.Answer, error) {
		return c.PostMessage(ctx, noChannel, providercall.Form{})
	}
	switch name {
	case providercall.GetConversations, providercall.GetConversationByID:
		all = append(all, misuse{"a limit that is no number", "", func(ctx context.Context, c providercall.Client) (providercall.Answer, error) {
			return r.callAs(ctx, c.WithQuery("conversations_limit=many&messages_limit=many"), name)
		}})
	case providercall.PostMessage:
		for _, form := range [][3]string{
			{"an empty form", "multipart/form-data; boundary=x", "--x--\r\n"},
			{"a form that breaks off", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nbreaks off"},
			{"JSON for a form", "application/json", "{"},
		} {
			all = append(all, misuse{form[0], form[0], func(ctx context.Context, c providercall.Client) (providercall.Answer, error) {
				return post(ctx, c.WithForm(form[1], form[2]))
			}})
		}
	}
	return all
}

// impostor is a caller with wrong credentials.
type impostor struct {
	name, rule string
	client     providercall.Client
}

func (r *run) impostors() []impostor {
	id, secret := r.cfg.ClientID, r.cfg.ClientSecret.Reveal()
	encoded := strings.TrimPrefix(r.app.Authorization(), "Basic ")
	return []impostor{
		{"no credentials", "auth-missing", r.app.WithAuthorization("")},
		{"a wrong secret", "auth-wrong", r.app.WithCredentials(id, wrongCredential)},
		{"an empty secret", "auth-wrong", r.app.WithCredentials(id, "")},
		{"the secret without its last character", "auth-wrong", r.app.WithCredentials(id, secret[:len(secret)-1])},
		{"the secret and one character more", "auth-wrong", r.app.WithCredentials(id, secret+"x")},
		{"one character, and the secret", "auth-wrong", r.app.WithCredentials(id, "x"+secret)},
		{"the secret with upper and lower case swapped", "auth-wrong", r.app.WithCredentials(id, otherCase(secret))},
		{"another secret of the same length", "auth-wrong", r.app.WithCredentials(id, strings.Repeat("~", len(secret)))},
		{"a wrong client id", "auth-wrong", r.app.WithCredentials(wrongCredential, secret)},
		{"an empty client id", "auth-wrong", r.app.WithCredentials("", secret)},
		{"neither client id nor secret", "auth-wrong", r.app.WithCredentials("", "")},
		{"a header that is not base64", "auth-wrong", r.app.WithAuthorization("Basic %%%")},
		{"the credentials as Bearer", "auth-scheme", r.app.WithAuthorization("Bearer " + encoded)},
	}
}

// otherCase swaps upper and lower case. A secret without letters gets one.
func otherCase(secret string) string {
	other := strings.Map(func(c rune) rune {
		if unicode.IsUpper(c) {
			return unicode.ToLower(c)
		}
		return unicode.ToUpper(c)
	}, secret)
	if other == secret {
		return secret + "X"
	}
	return other
}

// callAs calls an endpoint for something that exists, if that has no effects.
func (r *run) callAs(ctx context.Context, c providercall.Client, name string) (providercall.Answer, error) {
	channel, conversation, message, sender := r.cfg.Channel, noConversation, noMessage, noSender
	if len(r.known) > 0 {
		longest := r.longest()
		conversation = longest.ID
		if len(longest.Messages) > 0 && longest.Messages[0].ID != "" {
			message = longest.Messages[0].ID
		}
		if len(longest.Participants) > 0 && longest.Participants[0].ID != "" {
			sender = longest.Participants[0].ID
		}
	}
	switch name {
	case providercall.GetConversations:
		return c.GetConversations(ctx, channel, providercall.Limit, providercall.Limit, "")
	case providercall.GetConversationByID:
		return c.GetConversationByID(ctx, channel, conversation, providercall.Limit, "")
	case providercall.GetMessageByID:
		return c.GetMessageByID(ctx, channel, conversation, message)
	case providercall.GetSenderByID:
		return c.GetSenderByID(ctx, channel, sender)
	case providercall.GetTemplates:
		return c.GetTemplates(ctx, channel)
	case providercall.DeleteChannelByID:
		return c.DeleteChannelByID(ctx, noChannel)
	default:
		return c.PostMessage(ctx, noChannel, providercall.Form{Message: greeting, SenderID: noSender, ConversationID: noConversation, RecipientIDs: []string{noSender}})
	}
}
