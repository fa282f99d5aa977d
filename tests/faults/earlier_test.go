// What an answer says of an attempt before it, whose outcome is unknown.

package faults

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func TestAfterAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	refuse := func(status int, body string, p point) step {
		return step{breaks: p, answer: answer{status: status, body: body}}
	}
	for name, c := range map[string]struct {
		next            step
		receive, remove channels.Outcome // Accepted: no error
	}{
		"refused for what it says":      {refuse(400, envelope("INVALID_BODY"), whole), channels.Rejected, channels.Rejected},
		"the same, cut off":             {refuse(400, envelope("INVALID_BODY"), midBody), channels.Unknown, channels.Unknown},
		"the same, cut off in the open": {refuse(400, envelope("INVALID_BODY"), midBodyOpen), channels.Unknown, channels.Unknown},
		"refused by a proxy":            {refuse(400, page, whole), channels.Unknown, channels.Unknown},
		"refused by a proxy in JSON":    {refuse(400, `{"message":"no"}`, whole), channels.Unknown, channels.Unknown},
		"gone":                          {refuse(404, envelope("NOT_FOUND"), whole), channels.Unknown, channels.Accepted},
		"gone, without a code":          {refuse(404, `{"success":false,"error":"gone"}`, whole), channels.Unknown, channels.Accepted},
		"gone, cut off":                 {refuse(404, `{"success":false,"error":"gone"}`, midBody), channels.Unknown, channels.Unknown},
		"another cause":                 {refuse(404, envelope("NO_ROUTE"), whole), channels.Unknown, channels.Unknown},
		"not the API's":                 {refuse(404, page, whole), channels.Unknown, channels.Unknown},
		"another service's":             {refuse(404, `{"message":"no Route matched"}`, whole), channels.Unknown, channels.Unknown},
		"nothing at all":                {refuse(404, "", whole), channels.Unknown, channels.Unknown},
		"a byte order mark before it":   {refuse(404, "\xef\xbb\xbf"+envelope("NOT_FOUND"), whole), channels.Unknown, channels.Accepted},
		"a code in another case":        {refuse(404, `{"success":false,"Additional_Data":{"code":"NO_ROUTE"}}`, whole), channels.Unknown, channels.Accepted},
	} {
		for _, op := range operations {
			want := c.receive
			switch op.name {
			case "addChannel": // fails at its first attempt, or has proofs of its own
				continue
			case "deleteChannel", "deleteConversation":
				want = c.remove
			}
			synctest.Test(t, func(t *testing.T) {
				lost := step{answer: answer{status: 503, body: page}}
				p := &pipedrive{plan: &sequence{steps: []step{lost, c.next}, forGood: true}}
				_, err := op.call(t.Context(), p.newClient(t, apiToken), "one")
				got := channels.Accepted
				if e, ok := errors.AsType[*channels.Error](err); ok {
					got = e.Outcome
				}
				if got != want {
					t.Errorf("%s: %s: %v, want %v (%v)", name, op.name, got, want, err)
				}
			})
		}
	}
}
