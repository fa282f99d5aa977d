// Requests that Pipedrive would not make, but others do: unknown and hostile ids, invalid
// parameters, unknown paths.

package conformance

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
)

// lookup is a call that names one thing by its id.
type lookup struct {
	endpoint, what string
	call           func(ctx context.Context, c providercall.Client, id string) (providercall.Answer, error)
}

// lookups returns a call for each id that an endpoint takes, except endpoints that the app lacks. None
// has effects.
func (r *run) lookups() (all []lookup) {
	conversation := noConversation
	if len(r.known) > 0 {
		conversation = r.longest().ID
	}
	for _, l := range []lookup{
		{providercall.GetConversations, "channel", func(ctx context.Context, c providercall.Client, id string) (providercall.Answer, error) {
			return c.GetConversations(ctx, id, providercall.Limit, providercall.Limit, "")
		}},
		{providercall.GetConversationByID, "conversation", func(ctx context.Context, c providercall.Client, id string) (providercall.Answer, error) {
			return c.GetConversationByID(ctx, r.cfg.Channel, id, providercall.Limit, "")
		}},
		{providercall.GetConversationByID, "channel", func(ctx context.Context, c providercall.Client, id string) (providercall.Answer, error) {
			return c.GetConversationByID(ctx, id, conversation, providercall.Limit, "")
		}},
		{providercall.GetMessageByID, "message", func(ctx context.Context, c providercall.Client, id string) (providercall.Answer, error) {
			return c.GetMessageByID(ctx, r.cfg.Channel, conversation, id)
		}},
		{providercall.GetSenderByID, "sender", func(ctx context.Context, c providercall.Client, id string) (providercall.Answer, error) {
			return c.GetSenderByID(ctx, r.cfg.Channel, id)
		}},
		{providercall.GetTemplates, "channel", func(ctx context.Context, c providercall.Client, id string) (providercall.Answer, error) {
			return c.GetTemplates(ctx, id)
		}},
	} {
		if r.app.Has(l.endpoint) && !r.lacks[l.endpoint] {
			all = append(all, l)
		}
	}
	return all
}

func (r *run) unknownIDs(ctx context.Context) {
	ids := map[string]string{"channel": noChannel, "conversation": noConversation, "message": noMessage, "sender": noSender}
	for _, l := range r.lookups() {
		a := r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) { return l.call(ctx, r.app, ids[l.what]) }})
		switch {
		case !a.came:
		case !r.serves[l.endpoint] && r.app.Guessed() && a.StatusCode == http.StatusNotFound && l.endpoint != providercall.GetConversations:
			r.isRefusalSomewhere(a) // perhaps the endpoint is not there at all
		case a.good():
			r.answeredUnknown(a, l.what, ids[l.what])
		default:
			r.isRefusal(a)
			if a.StatusCode < 500 && a.StatusCode != http.StatusNotFound && a.StatusCode != http.StatusTooManyRequests {
				r.risk(a, "status", "", "an unknown %s got status %d, and 404 is documented", l.what, a.StatusCode)
			}
		}
	}
}

// answeredUnknown judges a good answer about an unknown id. Some apps make up whatever they are
// asked for; the answer must still be as documented.
func (r *run) answeredUnknown(a answer, what, id string) {
	for _, v := range a.violations {
		r.found(severityOf(v), a, v.Rule, v.Where, "unknown %s: %s", what, v.Reason)
	}
	var list struct{ Data []json.RawMessage }
	switch a.Endpoint {
	case providercall.GetTemplates: // no 404 is documented for it
		return
	case providercall.GetConversations:
		if json.Unmarshal(a.Body, &list) == nil && len(list.Data) == 0 {
			return // as good as a refusal
		}
	case providercall.GetMessageByID:
		var m providerclient.Message
		_ = json.Unmarshal(a.Body, &m)
		r.sameID(a, "id", m.ID, id)
	case providercall.GetConversationByID, providercall.GetSenderByID:
		var one struct{ Data struct{ ID string } }
		if _ = json.Unmarshal(a.Body, &one); what != "channel" {
			r.sameID(a, "data.id", one.Data.ID, id)
		}
	}
	r.risk(a, "unknown-found", "", "the unknown %s %q got status %d; want 404 NOT_FOUND", what, id, a.StatusCode)
}

// hostile is an id that attacks use. A plain one reaches the app as it is; a router or a proxy may
// refuse the others.
type hostile struct {
	name, id string
	plain    bool
}

var hostiles = []hostile{
	{"two dots", "..", false},
	{"one dot", ".", false},
	{"a path upwards", "../../../etc/passwd", false},
	{"a path of backslashes", `..\..\windows\win.ini`, false},
	{"an encoded slash", "a/b", false},
	{"an encoding of an encoding", "%2e%2e%2f", false},
	{"a NUL", "a\x00b", false},
	{"a line break", "a\r\nX-Injected: 1", false},
	{"bytes that are not UTF-8", "a\xff\xfe", false},
	{"2,000 characters", strings.Repeat("a", 2000), false},
	{"quotes", `a' OR '1'='1" --`, true},
	{"markup", "<script>alert(1)</script>", false},
	{"a template", "{{7*7}}${7*7}", true},
	{"an object's own name", "__proto__", true},
	{"unicode", "привет-日本-🙂", true},
	{"text that runs backwards", "a\u202eb", true},
	{"spaces", " a b ", true},
	{"what a query is made of", "a?b=c&d#e;f+g", true},
	{"a colon", ":providerChannelId", true},
}

func (r *run) hostileIDs(ctx context.Context) {
	for i, l := range r.lookups() {
		if l.what == "channel" && l.endpoint != providercall.GetConversations {
			continue // the same id, at the same place
		}
		if i > 0 && r.mean() > slow {
			r.notChecked("the app takes %v a call, so they were tried at %s alone", r.mean(), providercall.GetConversations)
			return
		}
		for _, h := range hostiles {
			a := r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) { return l.call(ctx, r.app.WithDots(), h.id) }})
			switch {
			case !a.came:
			case a.good() && l.what == "channel" && l.endpoint == providercall.GetConversations && strings.Contains(string(a.Body), `"data":[]`):
			case a.good():
				r.risk(a, "unknown-found", "", "an id of %s got status %d; want 404 NOT_FOUND", h.name, a.StatusCode)
			case h.plain && r.serves[l.endpoint]:
				r.isRefusal(a)
			default:
				r.isRefusalSomewhere(a)
			}
		}
	}
}

func (r *run) parameters(ctx context.Context) {
	for _, query := range []string{
		"conversations_limit=0&messages_limit=0", "conversations_limit=-1&messages_limit=-1", "conversations_limit=many&messages_limit=all",
		"conversations_limit=1000000000&messages_limit=1000000000", "conversations_limit=99999999999999999999",
		"conversations_limit=1&conversations_limit=2", "after=pdchannels-check-no-cursor", "after=%00", "after=%27%20OR%201%3D1",
	} {
		for _, l := range r.lookups() {
			if l.endpoint != providercall.GetConversations && (l.what != "conversation" || len(r.known) == 0) {
				continue
			}
			id := r.cfg.Channel
			if l.what == "conversation" {
				id = r.longest().ID
			}
			a := r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) { return l.call(ctx, r.app.WithQuery(query), id) }})
			if a.good() {
				for _, v := range a.violations {
					r.found(severityOf(v), a, v.Rule, v.Where, "with the query %s: %s", query, v.Reason)
				}
			}
			r.isRefusal(a)
		}
	}
}

// routes calls what no app needs to serve. No document says how to refuse it.
func (r *run) routes(ctx context.Context) {
	below := r.app.Below(noPath)
	for _, route := range []func(context.Context) (providercall.Answer, error){
		func(ctx context.Context) (providercall.Answer, error) {
			return below.GetConversations(ctx, r.cfg.Channel, 0, 0, "")
		},
		func(ctx context.Context) (providercall.Answer, error) {
			return r.app.WithMethod(http.MethodPut).GetConversations(ctx, r.cfg.Channel, 0, 0, "")
		},
	} {
		a := r.ask(ctx, ask{call: route})
		r.isRefusalSomewhere(a)
	}
}

// alive checks that the app survived all that.
func (r *run) alive(ctx context.Context) {
	if a := r.ask(ctx, ask{call: func(ctx context.Context) (providercall.Answer, error) {
		return r.app.GetConversations(ctx, r.cfg.Channel, providercall.Limit, providercall.Limit, "")
	}}); !r.empty {
		r.isGood(a, new(providerclient.ConversationsResponse))
	}
	if r.mean() > slow {
		r.risk(answer{index: -1}, "slow", "", "the app takes %v a call", r.mean())
	}
	if r.cfg.DeleteChannel {
		r.endChannel(ctx)
	}
}
