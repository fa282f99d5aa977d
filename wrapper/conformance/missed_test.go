// What an app loses or dates wrongly, and who is in a conversation: nothing that a schema tells.

package conformance_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
)

// wantsViolation checks that a report has a violation of the rule, of the endpoint.
func wantsViolation(t *testing.T, report conformance.Report, endpoint, rule string) {
	t.Helper()
	if !slices.ContainsFunc(report.Findings(conformance.Violation), func(f conformance.Finding) bool { return f.Endpoint == endpoint && f.Rule == rule }) {
		t.Errorf("want a violation of %s by %s: %s", rule, endpoint, report)
	}
}

func TestWhatAnAppDropsOfAMessage(t *testing.T) {
	t.Parallel()
	withoutMessageByID := func(f fault) fault {
		f.before = instead("getMessageById", always, 404, "text/html", "no").before
		return f
	}
	link := func(f fault) fault { // nothing demands getMessageById then
		f.answer = func(_ *http.Request, _ string, body object) {
			if c, ok := body["data"].(object); ok && c["messages"] != nil {
				expireNothing(c)
			}
			if list, ok := body["data"].([]any); ok {
				for _, c := range list {
					expireNothing(c.(object))
				}
			}
		}
		return f
	}
	first := fault{keep: func(m object) { m["attachments"] = m["attachments"].([]any)[:min(1, len(m["attachments"].([]any)))] }}
	for name, test := range map[string]struct {
		fault
		rule, on string
	}{
		"the files":               {fault{keep: set("attachments", []any{})}, "files-dropped", "getMessageById"},
		"all files but the first": {first, "files-dropped", "getMessageById"},
		"the text":                {fault{keep: set("message", "")}, "text-dropped", "getMessageById"},
		"half of the text":        {fault{keep: set("message", "This is a test by pdchannels")}, "text-dropped", "getMessageById"},
		"the text beside files": {fault{keep: func(m object) {
			if len(m["attachments"].([]any)) > 0 {
				m["message"] = ""
			}
		}}, "text-dropped", "getMessageById"},
		"the files, seen in conversation": {withoutMessageByID(link(fault{keep: set("attachments", []any{})})), "files-dropped", "getConversationById"},
		"the text, seen in conversation":  {withoutMessageByID(link(fault{keep: set("message", "")})), "text-dropped", "getConversationById"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantsViolation(t, checkApp(t, test.fault), test.on, test.rule)
		})
	}
	// An app that gives nothing back: it does not show.
	report := checkApp(t, fault{keep: set("id", "another")})
	if report.Violations > 0 || report.Verdict != conformance.NotChecked || !strings.Contains(report.String(), "does not return it by its id") {
		t.Error(report)
	}
}

// expireNothing takes from a conversation what demands further endpoints.
func expireNothing(c object) {
	for _, m := range c["messages"].([]any) {
		for _, a := range m.(object)["attachments"].([]any) {
			delete(a.(object), "link_expires")
		}
	}
}

func TestHistoryThatNoCursorLeadsTo(t *testing.T) {
	t.Parallel()
	// The list of an app with thirty conversations and one more, cut at 30 without a cursor.
	long := func(atMost int, cursor bool) fault {
		return fault{before: func(w http.ResponseWriter, r *http.Request, e string) bool {
			if _, secret, _ := r.BasicAuth(); e != "getConversations" || secret != "the-secret" || r.PathValue("channel") != channel {
				return false
			}
			limit, after, data := limitOf(r, "conversations_limit"), 0, []string{}
			_, _ = fmt.Sscan(r.URL.Query().Get("after"), &after)
			for n := after; n < min(after+limit, atMost); n++ {
				data = append(data, fmt.Sprintf(`{"id":"c%d","link":"","status":"open","seen":true,"messages":[],"next_messages_cursor":"0","participants":[`+
					`{"id":"shop","name":"S","role":"source_user"},{"id":"ada","name":"A","role":"end_user"}]}`, n))
			}
			next := ""
			if after+limit < atMost && (cursor || limit < 30) {
				next = fmt.Sprint(after + limit)
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"success":true,"additional_data":{"after":%q},"data":[%s]}`, next, strings.Join(data, ","))
			return true
		}}
	}
	unasked := func(body object) {
		body["data"] = append(body["data"].([]any), object{"id": "c9", "link": "", "status": "open", "seen": true, "messages": []any{}, "participants": []any{
			object{"id": "shop", "name": "S", "role": "source_user"}, object{"id": "ada", "name": "A", "role": "end_user"},
		}})
	}
	for name, test := range map[string]struct {
		fault
		on string
	}{
		"a full page, and more behind it": {long(31, false), "getConversations"},
		"no cursor at small limits":       {on("getConversations", set("additional_data", object{})), "getConversations"},
		"more if no limit is given": {fault{answer: func(r *http.Request, e string, body object) {
			if e == "getConversations" && r.URL.RawQuery == "" {
				unasked(body)
			}
		}}, "getConversations"},
		"messages that the list has no cursor to": {on("getConversations", each(func(c object) {
			c["messages"] = c["messages"].([]any)[:1]
			delete(c, "next_messages_cursor")
		})), "getConversations"},
		"no cursor to messages at small limits": {on("getConversationById", func(body object) { delete(body["data"].(object), "next_messages_cursor") }), "getConversationById"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantsViolation(t, checkApp(t, test.fault), test.on, "cursor-missing")
		})
	}
	// With a cursor, or with a last page that happens to be full, nothing is missing.
	for _, f := range []fault{long(30, true), long(31, true)} {
		if found := findingsBy(checkApp(t, f), conformance.Violation, "cursor-missing"); len(found) > 0 {
			t.Error(found)
		}
	}
}

// A conversation that is known, and not in the list.
func TestTheConversationIsNotInTheList(t *testing.T) {
	t.Parallel()
	cfg := serveApp(t, on("getConversations", func(body object) {
		body["data"] = slices.DeleteFunc(body["data"].([]any), func(c any) bool { return c.(object)["id"] == "c3" })
	})).settings()
	cfg.Conversation = "c3"
	report, err := conformance.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	wantsViolation(t, report, "getConversations", "cursor-missing")
}

// A list of more pages than are read may be as long as that.
func TestALongListIsNotEndless(t *testing.T) {
	t.Parallel()
	inventions := 0
	cfg := serveApp(t, listCursor(func(after string, body object) string {
		for _, c := range body["data"].([]any) {
			inventions++
			c.(object)["id"] = fmt.Sprint("new-", inventions)
		}
		return fmt.Sprint(after, "0")
	})).settings()
	cfg.Pages = 12
	report, err := conformance.Run(t.Context(), cfg)
	if err != nil || slices.Contains(rules(report, "getConversations"), "cursor-endless") || report.Checks[0].Verdict != conformance.NotChecked {
		t.Error(err, report)
	}
}

func TestParticipantsAndClocks(t *testing.T) {
	t.Parallel()
	third := func(id string) func(object) {
		return each(func(c object) {
			c["participants"] = append(c["participants"].([]any), object{"id": id, "name": "Ben", "role": "end_user"})
		})
	}
	ahead := func(d time.Duration) func(object) {
		return message(func(m object) { m["created_at"] = time.Now().Add(d).UTC().Format(time.RFC3339) })
	}
	for _, endpoint := range []string{"getConversations", "getConversationById"} {
		for name, test := range map[string]struct {
			change func(object)
			rule   string
		}{
			"a group":               {third("ben"), "participants"},
			"one of them twice":     {third("ada"), "participants"},
			"an hour ahead":         {ahead(time.Hour), "clock"},
			"half a day ahead":      {ahead(12 * time.Hour), "clock"},
			"a clock that is ahead": {ahead(5 * time.Minute), ""},
		} {
			t.Run(name+" in "+endpoint, func(t *testing.T) {
				t.Parallel()
				report := checkApp(t, on(endpoint, test.change))
				switch {
				case test.rule != "":
					wantsViolation(t, report, endpoint, test.rule)
				case report.Violations > 0:
					t.Error(report)
				}
			})
		}
	}
}
