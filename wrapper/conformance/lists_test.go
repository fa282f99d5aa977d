// Lists: limits that are not kept to, and cursors that lead nowhere.

package conformance_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
)

// rules are those of the violations of an endpoint, each once.
func rules(report conformance.Report, endpoint string) (rules []string) {
	for _, f := range report.Findings(conformance.Violation) {
		if f.Endpoint == endpoint {
			rules = append(rules, f.Rule)
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

// setQuery changes a parameter of one endpoint before the app sees it.
func setQuery(endpoint, name string, change func(string) string) fault {
	return fault{before: func(_ http.ResponseWriter, r *http.Request, e string) bool {
		if e == endpoint {
			query := r.URL.Query()
			query.Set(name, change(query.Get(name)))
			r.URL.RawQuery = query.Encode()
		}
		return false
	}}
}

func TestLimitsThatAreIgnored(t *testing.T) {
	t.Parallel()
	ignored := func(string) string { return "30" }
	oneMore := func(s string) string {
		n, _ := strconv.Atoi(s)
		return strconv.Itoa(n + 1)
	}
	for name, test := range map[string]struct {
		fault
		on string
	}{
		"conversations":                    {setQuery("getConversations", "conversations_limit", ignored), "getConversations"},
		"one conversation more":            {setQuery("getConversations", "conversations_limit", oneMore), "getConversations"},
		"messages of the list":             {setQuery("getConversations", "messages_limit", ignored), "getConversations"},
		"messages of a conversation":       {setQuery("getConversationById", "messages_limit", ignored), "getConversationById"},
		"one message more of conversation": {setQuery("getConversationById", "messages_limit", oneMore), "getConversationById"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := checkApp(t, test.fault)
			if !slices.Contains(rules(report, test.on), "limit") {
				t.Error(report)
			}
		})
	}
}

// cursor says what the cursor after a page is, by the one before; the page is as it would be.
func listCursor(next func(after string, body object) string) fault {
	return fault{answer: func(r *http.Request, e string, body object) {
		if e == "getConversations" {
			body["additional_data"] = object{"after": next(r.URL.Query().Get("after"), body)}
		}
	}}
}

func messageCursor(next func(after string, c object) string) fault {
	return fault{answer: func(r *http.Request, e string, body object) {
		if e == "getConversationById" {
			c := body["data"].(object)
			c["next_messages_cursor"] = next(r.URL.Query().Get("after"), c)
		}
	}}
}

func TestCursorsThatLeadNowhere(t *testing.T) {
	t.Parallel()
	constant := func(string, object) string { return "1" }
	count := func(after string) int { n, _ := strconv.Atoi("0" + after); return n + 1 }
	// The app knows cursors up to 5, and answers further ones by an empty page.
	pastTheEnd := func(endpoint string, body string) fault {
		f := instead(endpoint, func(r *http.Request) bool { return len(r.URL.Query().Get("after")) > 1 }, 200, "application/json", "")
		whole := f.before
		f.before = func(w http.ResponseWriter, r *http.Request, e string) bool {
			if !whole(discard{w}, r, e) {
				return false
			}
			_, _ = fmt.Fprintf(w, body, count(r.URL.Query().Get("after")))
			return true
		}
		return f
	}
	emptyList := pastTheEnd("getConversations", `{"success":true,"data":[],"additional_data":{"after":"%d"}}`)
	emptyList.answer = listCursor(func(after string, _ object) string { return strconv.Itoa(9 + count(after)) }).answer
	for name, test := range map[string]struct {
		fault
		on, rule string
	}{
		"the list's cursor repeats":               {listCursor(constant), "getConversations", "cursor-repeats"},
		"the list's pages come round again":       {listCursor(func(after string, _ object) string { return fmt.Sprint(after, "0") }), "getConversations", "cursor-endless"},
		"the list goes on empty":                  {emptyList, "getConversations", "cursor-endless"},
		"a conversation's cursor repeats":         {messageCursor(constant), "getConversationById", "cursor-repeats"},
		"a conversation's pages come round again": {messageCursor(func(after string, _ object) string { return fmt.Sprint(after, "0") }), "getConversationById", "cursor-endless"},
		"the cursor that a listed conversation has": {fault{answer: func(_ *http.Request, e string, body object) {
			if e == "getConversations" {
				conversationOf(body)["next_messages_cursor"] = "9"
			}
		}}, "getConversationById", "refused"},
		"as Pipedrive's example has it": {instead("getConversations", always, 200, "application/json", `{"success":true,"data":[],"additional_data":{"after":"c-next"}}`), "getConversations", "cursor-endless"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := serveApp(t, test.fault).settings()
			cfg.Pages = 12
			report, err := conformance.Run(t.Context(), cfg)
			if err != nil || !slices.Contains(rules(report, test.on), test.rule) {
				t.Error(err, report)
			}
		})
	}
}

// discard keeps an answer back.
type discard struct{ http.ResponseWriter }

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// What is odd, and against no document.
func TestListsThatAreARisk(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault
		rule string
	}{
		"two cursors": {on("getConversationById", set("additional_data", object{"after": "c-next"})), "second-cursor"},
		"a page too early": {fault{answer: func(r *http.Request, e string, body object) {
			if e == "getConversations" && r.URL.Query().Get("after") == "" {
				body["data"], body["additional_data"] = []any{}, object{"after": "0"}
			}
		}}, "empty-page"},
		"more than thirty unasked": {fault{answer: func(r *http.Request, e string, body object) {
			if e == "getConversations" && r.URL.RawQuery == "" {
				body["data"] = slices.Repeat(body["data"].([]any), 7)
			}
		}}, "default-limit"},
		"a message twice":        {on("getConversationById", message(set("id", "m-0-0"))), "repeated-id"},
		"a sender who is nobody": {on("getConversations", message(set("sender_id", "ben"))), "unknown-sender"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := checkApp(t, test.fault)
			found := map[string]bool{}
			for _, f := range report.Findings(conformance.Risk) {
				found[f.Rule] = true
			}
			if !found[test.rule] || report.Verdict == conformance.Passed {
				t.Errorf("want a risk of %s, got %v: %s", test.rule, slices.Sorted(maps.Keys(found)), report)
			}
		})
	}
}

// What no source calls required is no violation of what Pipedrive published.
func TestLeavingOutAdditionalDataIsARisk(t *testing.T) {
	t.Parallel()
	report := checkApp(t, fault{answer: func(_ *http.Request, _ string, body object) {
		if next, ok := body["additional_data"].(object); ok && next["after"] == nil { // of the last page
			delete(body, "additional_data")
		}
	}})
	if report.Violations != 0 || report.Risks == 0 {
		t.Error(report)
	}
}
