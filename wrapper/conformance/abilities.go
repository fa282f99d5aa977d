// The optional reading endpoints: getMessageById, getSenderById, getTemplates.

package conformance

import (
	"context"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
)

// maxSamples bounds how many messages and people are asked for one by one.
const maxSamples = 10

// messages asks for messages with links that expire, or else for any, and tests the links.
func (r *run) messages(ctx context.Context) {
	type sample struct {
		conversation string
		providerclient.Message
	}
	var expiring, others []sample
	for _, c := range r.known {
		for _, m := range c.Messages {
			s := sample{c.ID, m}
			if expires(m) {
				expiring = append(expiring, s)
			} else {
				others = append(others, s)
			}
		}
	}
	needed, samples := "", others[:min(len(others), 1)]
	if len(expiring) > 0 {
		needed, samples = "an attachment with link_expires", spread(expiring)
	}
	if !r.hasEndpoint(providercall.GetMessageByID, needed) {
		samples = nil
	} else if len(samples) == 0 {
		r.notChecked("no message was seen to ask for")
	}
	for _, s := range samples {
		a := r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) {
			return r.app.GetMessageByID(ctx, r.cfg.Channel, s.conversation, s.ID)
		}})
		if !r.isServed(a, needed) {
			return
		}
		var fresh providerclient.Message
		if !r.isGood(a, &fresh) {
			continue
		}
		r.sameID(a, "id", fresh.ID, s.ID)
		for _, attachment := range s.Attachments {
			if attachment.LinkExpires {
				r.refreshed(ctx, a, attachment, fresh)
			}
		}
	}
}

// refreshed tests the link of an attachment, and if it is dead, as Pipedrive does, the fresh one.
func (r *run) refreshed(ctx context.Context, a answer, old providerclient.Attachment, fresh providerclient.Message) {
	link := ""
	for _, attachment := range fresh.Attachments {
		if attachment.ID == old.ID {
			link = attachment.URL
		}
	}
	r.head(ctx, a, "attachments.url", old.URL) // it may be dead: then the fresh one counts
	switch {
	case link == "":
		r.violation(a, "link-dead", "attachments", "the attachment %q, whose link expires, is not in the answer", old.ID)
	case r.head(ctx, a, "attachments.url", link) == headDead:
		r.violation(a, "link-dead", "attachments.url", "HEAD does not find the fresh link of the attachment %q", old.ID)
	}
}

func expires(m providerclient.Message) bool {
	for _, a := range m.Attachments {
		if a.LinkExpires {
			return true
		}
	}
	return false
}

// spread picks some of many, from the first to the last.
func spread[T any](many []T) []T {
	if len(many) <= maxSamples {
		return many
	}
	var some []T
	for i := range maxSamples {
		some = append(some, many[i*(len(many)-1)/(maxSamples-1)])
	}
	return some
}

// senders asks for those whose pictures Pipedrive asks for, or else for anybody.
func (r *run) senders(ctx context.Context) {
	var asked, others []providerclient.Participant
	seen := map[string]bool{}
	for _, c := range r.known {
		for _, p := range c.Participants {
			switch {
			case p.ID == "" || seen[p.ID]:
			case p.FetchAvatar || p.AvatarExpires:
				asked = append(asked, p)
			default:
				others = append(others, p)
			}
			seen[p.ID] = true
		}
	}
	needed, samples := "", others[:min(len(others), 1)]
	if len(asked) > 0 {
		needed, samples = "a participant with fetch_avatar or avatar_expires", spread(asked)
	}
	if !r.hasEndpoint(providercall.GetSenderByID, needed) {
		samples = nil
	} else if len(samples) == 0 {
		r.notChecked("no participant was seen to ask for")
	}
	for _, p := range samples {
		a := r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) {
			return r.app.GetSenderByID(ctx, r.cfg.Channel, p.ID)
		}})
		if !r.isServed(a, needed) {
			return
		}
		var got providerclient.SenderResponse
		if !r.isGood(a, &got) {
			continue
		}
		r.sameID(a, "data.id", got.Data.ID, p.ID)
		r.avatar(ctx, a, p, got.Data.AvatarURL)
	}
}

func (r *run) avatar(ctx context.Context, a answer, p providerclient.Participant, fresh string) {
	switch {
	case !p.AvatarExpires && !p.FetchAvatar:
	case fresh == "":
		r.risk(a, "avatar", "data.avatar_url", "it is empty, and the participant %q has it asked for", p.ID)
	case p.AvatarExpires:
		r.head(ctx, a, "avatar_url", p.AvatarURL)
		if r.head(ctx, a, "data.avatar_url", fresh) == headDead {
			r.violation(a, "link-dead", "data.avatar_url", "HEAD does not find the fresh picture of %q", p.ID)
		}
	}
}

func (r *run) templates(ctx context.Context) {
	if !r.hasEndpoint(providercall.GetTemplates, "") {
		return
	}
	a := r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) {
		return r.app.GetTemplates(ctx, r.cfg.Channel)
	}})
	if r.isServed(a, "") {
		r.isGood(a, new(providerclient.TemplatesResponse))
	}
}
