// Clean, the app passes; with any one fault, the fault is named.

package conformance_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
)

func TestAConformingAppPasses(t *testing.T) {
	t.Parallel()
	report := checkApp(t, fault{})
	if report.Violations > 0 || report.Ended != "" || report.Conversation != "c0" {
		t.Error(report)
	}
	for _, c := range report.Checks {
		if c.Verdict != conformance.Passed && c.Name != "routes" { // ServeMux answers these in text
			t.Errorf("%s: %s %s", c.Name, c.Verdict, c.Reason)
		}
	}
}

// on changes good answers of one endpoint.
func on(endpoint string, change func(body object)) fault {
	return fault{answer: func(_ *http.Request, e string, body object) {
		if e == endpoint {
			change(body)
		}
	}}
}

// later changes them where a cursor was given.
func later(endpoint string, change func(body object)) fault {
	return fault{answer: func(r *http.Request, e string, body object) {
		if e == endpoint && r.URL.Query().Get("after") != "" {
			change(body)
		}
	}}
}

// conversationOf is the last conversation of an answer.
func conversationOf(body object) object {
	list, ok := body["data"].([]any)
	if !ok {
		return body["data"].(object)
	}
	return list[len(list)-1].(object)
}

func each(change func(c object)) func(object) {
	return func(body object) { change(conversationOf(body)) }
}

func participant(change func(p object)) func(object) {
	return each(func(c object) { change(c["participants"].([]any)[1].(object)) })
}

func message(change func(m object)) func(object) {
	return each(func(c object) {
		if messages := c["messages"].([]any); len(messages) > 0 {
			change(messages[len(messages)-1].(object))
		}
	})
}

func set(name string, value any) func(object) { return func(o object) { o[name] = value } }
func without(name string) func(object)        { return func(o object) { delete(o, name) } }

// instead answers in the app's place, at one endpoint or (if that is empty) at all.
func instead(endpoint string, when func(*http.Request) bool, status int, kind, body string) fault {
	return fault{before: func(w http.ResponseWriter, r *http.Request, e string) bool {
		if endpoint != "" && e != endpoint || !when(r) {
			return false
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
		return true
	}}
}

func always(*http.Request) bool { return true }

// letIn sets the right credentials where the rule is fulfilled.
func letIn(endpoint string, rule func(id, secret string, is bool) bool) fault {
	return fault{before: func(_ http.ResponseWriter, r *http.Request, e string) bool {
		id, secret, is := r.BasicAuth()
		if (endpoint == "" || e == endpoint) && rule(id, secret, is) {
			r.SetBasicAuth("the-app", "the-secret")
		}
		return false
	}}
}

func TestEachFaultIsNamed(t *testing.T) {
	t.Parallel()
	const html = "<html><h1>It works not</h1></html>"
	anybody := func(string, string, bool) bool { return true }
	wrongSecret := func(id, _ string, _ bool) bool { return id == "the-app" }
	type planted struct {
		name  string
		fault fault
		rule  string
		on    string // the endpoint of the finding; empty: any
	}
	faults := []planted{
		{"no basic auth", letIn("", anybody), "auth-missing", "getConversations"},
		{"wrong secret accepted", letIn("", wrongSecret), "auth-wrong", "getConversations"},
		{"empty secret accepted", letIn("", func(_, secret string, is bool) bool { return is && secret == "" }), "auth-wrong", ""},
		{"wrong client id accepted", letIn("", func(_, secret string, _ bool) bool { return secret == "the-secret" }), "auth-wrong", ""},
		{"the beginning of the secret will do", letIn("", func(_, secret string, is bool) bool { return is && strings.HasPrefix("the-secret", secret) }), "auth-wrong", ""},
		{"no scheme needed", letIn("", func(_, _ string, is bool) bool { return !is }), "auth-missing", ""},
		{"401 as HTML", instead("", func(r *http.Request) bool { return r.Header.Get("Authorization") == "" }, 401, "text/html", html), "not-json", ""},
		{"no credentials are a 500", instead("", func(r *http.Request) bool { return r.Header.Get("Authorization") == "" }, 500, "application/json", `{"success":false,"data":{"message":"","code":"X"}}`), "auth-missing", ""},
		{"files refused", fault{before: func(w http.ResponseWriter, r *http.Request, e string) bool {
			if e != "postMessage" || r.ParseMultipartForm(1<<20) != nil || len(r.MultipartForm.File) == 0 {
				return false
			}
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"success":false,"data":{"message":"no files","code":"INVALID_BODY"}}`))
			return true
		}}, "files-refused", "postMessage"},
		{"postMessage without id", on("postMessage", set("data", object{})), "missing", "postMessage"},
		{"postMessage with the same id", on("postMessage", set("data", object{"id": "m"})), "repeated-id", "postMessage"},
		{"postMessage without data", on("postMessage", without("data")), "missing", "postMessage"},
		{"postMessage with a number as id", on("postMessage", set("data", object{"id": 7})), "type", "postMessage"},
		{"getMessageById in an envelope", on("getMessageById", func(m object) {
			inner := object{}
			for name, value := range m {
				inner[name] = value
				delete(m, name)
			}
			m["success"], m["data"] = true, inner
		}), "enveloped", "getMessageById"},
		{"getMessageById of another", on("getMessageById", set("id", "other")), "id", "getMessageById"},
		{"getMessageById without the attachment", on("getMessageById", set("attachments", []any{})), "link-dead", "getMessageById"},
		{"templates not in templates", on("getTemplates", func(o object) { o["data"] = o["data"].(object)["templates"] }), "type", "getTemplates"},
		{"a template without content", on("getTemplates", func(o object) { delete(o["data"].(object)["templates"].([]any)[0].(object), "content") }), "missing", "getTemplates"},
		{"another sender", on("getSenderById", set("data", object{"id": "x", "name": "X", "avatar_url": ""})), "id", "getSenderById"},
		{"deleteChannelById without success", on("deleteChannelById", without("success")), "missing", "deleteChannelById"},
		{"error without code", fault{failure: func(_ *http.Request, _ string, _ *int, body object) { delete(body["data"].(object), "code") }}, "missing", ""},
		{"404 without code, of conversations", fault{failure: func(_ *http.Request, e string, status *int, body object) {
			if e == "getConversationById" && *status == 404 {
				delete(body["data"].(object), "code")
			}
		}}, "missing", "getConversationById"},
		{"error with data null", fault{failure: func(_ *http.Request, _ string, _ *int, body object) { body["data"] = nil }}, "null", ""},
		{"error with success true", fault{failure: func(_ *http.Request, _ string, _ *int, body object) { body["success"] = true }}, "success", ""},
		{"errors with status 200", fault{failure: func(_ *http.Request, _ string, status *int, _ object) { *status = 200 }}, "success", ""},
		{"500 as HTML for the unknown", instead("", func(r *http.Request) bool { return strings.Contains(r.URL.Path, "-no-") }, 500, "text/html", html), "not-json", ""},
		{"500 for quotes", instead("getConversationById", func(r *http.Request) bool { return strings.Contains(r.URL.Path, "'") }, 500, "text/html", html), "server-error", "getConversationById"},
		{"500 for a limit that is no number", instead("", func(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "many") }, 500, "text/html", html), "server-error", ""},
		{"500 for an empty form", fault{before: func(w http.ResponseWriter, r *http.Request, e string) bool {
			if e != "postMessage" || r.FormValue("senderId") != "" {
				return false
			}
			http.Error(w, html, http.StatusInternalServerError)
			return true
		}}, "server-error", "postMessage"},
		{"data null on an unknown channel", instead("getConversations", func(r *http.Request) bool { return r.PathValue("channel") != channel }, 200, "application/json", `{"success":true,"data":null,"additional_data":{}}`), "null", "getConversations"},
		{"data null on an unknown conversation", instead("getConversationById", func(r *http.Request) bool { return strings.Contains(r.URL.Path, "-no-") }, 200, "application/json", `{"success":true,"data":null,"additional_data":{}}`), "null", "getConversationById"},
		{"a redirect", instead("getTemplates", always, 302, "text/html", html), "redirect", "getTemplates"},
		{"nothing comes", fault{before: func(_ http.ResponseWriter, _ *http.Request, e string) bool {
			if e == "getTemplates" {
				panic(http.ErrAbortHandler)
			}
			return false
		}}, "no-answer", "getTemplates"},
	}
	// The lists: in either endpoint, and on a later page only.
	onLaterPages := []string{"success missing", "two source_users", "message without sender_id"}
	for name, f := range map[string]struct {
		change func(object)
		rule   string
	}{
		"success missing":            {without("success"), "missing"},
		"success as text":            {set("success", "true"), "type"},
		"success false":              {set("success", false), "success"},
		"data null":                  {set("data", nil), "null"},
		"data missing":               {without("data"), "missing"},
		"two source_users":           {participant(set("role", "source_user")), "source_user"},
		"no source_user":             {each(func(c object) { c["participants"].([]any)[0].(object)["role"] = "end_user" }), "source_user"},
		"no end_user":                {each(func(c object) { c["participants"] = c["participants"].([]any)[:1] }), "end_user"},
		"participant without a role": {participant(without("role")), "missing"},
		"participant of no role":     {participant(set("role", "owner")), "enum"},
		"participant without a name": {participant(without("name")), "missing"},
		"unknown status":             {each(set("status", "archived")), "enum"},
		"unknown message status":     {message(set("status", "seen")), "enum"},
		"bad time":                   {message(set("created_at", "01.03.2026 07:58")), "time"},
		"a time in seconds":          {message(set("created_at", 1772351880)), "time"},
		"time in milliseconds":       {message(set("created_at", "1772351880000")), "time"},
		"bad reply_by":               {message(set("reply_by", "tomorrow")), "time"},
		"message without sender_id":  {message(without("sender_id")), "missing"},
		"sender_id null":             {message(set("sender_id", nil)), "null"},
		"sender_id empty":            {message(set("sender_id", "")), "minLength"},
		"link missing":               {each(without("link")), "missing"},
		"link null":                  {each(set("link", nil)), "null"},
		"messages null":              {each(set("messages", nil)), "null"},
		"attachment without url": {message(func(m object) {
			for _, a := range m["attachments"].([]any) {
				delete(a.(object), "url")
			}
		}), "missing"},
	} {
		for _, endpoint := range []string{"getConversations", "getConversationById"} {
			faults = append(faults, planted{name + " in " + endpoint, on(endpoint, f.change), f.rule, endpoint})
			if slices.Contains(onLaterPages, name) {
				faults = append(faults, planted{name + " on a later page of " + endpoint, later(endpoint, f.change), f.rule, endpoint})
			}
		}
	}
	for _, endpoint := range []string{
		"getConversations", "getConversationById", "postMessage", "getSenderById", "getTemplates", "getMessageById", "deleteChannelById",
	} {
		faults = append(faults, planted{"wrong secret accepted at " + endpoint, letIn(endpoint, wrongSecret), "auth-wrong", endpoint})
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			report := checkApp(t, f.fault)
			if !slices.ContainsFunc(report.Findings(conformance.Violation), func(found conformance.Finding) bool {
				return found.Rule == f.rule && (f.on == "" || f.on == found.Endpoint) && found.Reason != "" && found.Advice != ""
			}) {
				t.Errorf("want a violation of %s by %s: %s", f.rule, f.on, report)
			}
		})
	}
}

// limited answers 429, so often for each call; the time to come again is past.
func limited(times int) fault {
	seen := map[string]int{}
	return fault{before: func(w http.ResponseWriter, r *http.Request, e string) bool {
		call := e + r.Method + r.URL.String() + r.Header.Get("Authorization")
		if seen[call]++; seen[call] > times || e == "postMessage" {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"success":false,"data":{"message":"wait","code":"RATE_LIMIT_EXCEEDED","retry_by":"2026-03-01T08:00:00Z"}}`))
		return true
	}}
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	if report := checkApp(t, limited(2)); report.Violations > 0 || report.Verdict != conformance.Risky {
		t.Error(report)
	}
	if report := checkApp(t, limited(1000)); report.Violations > 0 || report.Verdict != conformance.NotChecked || report.Ended != "" {
		t.Error(report)
	}
}

// One endpoint that hangs does not keep the run from what is to be seen elsewhere.
func TestAnEndpointThatHangs(t *testing.T) {
	t.Parallel()
	a := serveApp(t, fault{before: func(_ http.ResponseWriter, r *http.Request, e string) bool {
		if e == "getTemplates" {
			<-r.Context().Done()
		}
		return e == "getTemplates"
	}})
	cfg := a.settings()
	cfg.CallTimeout = 100 * time.Millisecond
	report, err := conformance.Run(t.Context(), cfg)
	if err != nil || report.Ended != "" || !slices.Equal(rules(report, "getTemplates"), []string{"no-answer"}) || report.Violations > 4 {
		t.Error(err, report)
	}
	for _, c := range report.Checks {
		if c.Name == "auth/getTemplates" && len(c.Exchanges) != 3 {
			t.Errorf("%s: %d calls", c.Name, len(c.Exchanges))
		}
	}
}
