// The rules, each with what to do about it.

package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// rules are in the order in which to fix what breaks them: first what hides more.
var rules = []struct{ name, advice string }{
	{"no-answer", "see whether the app runs, and look into its log for a crash or a call that never ends"},
	{"refused", "let the app answer with status 200"},
	{"redirect", "serve the endpoint where the manifest says it is"},
	{"endpoint-missing", "serve the endpoint, and name it in the manifest"},
	{"server-error", "look into the app's log; what the app cannot know is 404 NOT_FOUND, what it cannot use 400 INVALID_BODY"},
	{"auth-missing", "compare the Authorization header with the app's client id and secret before anything else, and answer 401 UNAUTHORIZED"},
	{"auth-wrong", "compare client id and secret as a whole, before anything else, and answer 401 UNAUTHORIZED"},
	{"auth-order", "compare the credentials before anything else of the request is looked at: answers to strangers tell what exists"},
	{"auth-status", "answer 401 UNAUTHORIZED"},
	{"not-json", "answer with JSON: an error as {\"success\": false, \"data\": {\"message\": …, \"code\": …}}"},
	{"enveloped", "answer with the message itself, without success and data"},
	{"success", "let success be true beside 200, and false beside an error's status"},
	{"missing", "send the property"},
	{"null", "send a value, or an empty list or text if there is none"},
	{"type", "send the documented type"},
	{"enum", "send one of the documented values"},
	{"time", "send 2026-03-01T07:58:00.000Z, or UTC minutes as 2026-03-01 07:58"},
	{"minLength", "send a text that is not empty"},
	{"minItems", "give each conversation a source_user and an end_user"},
	{"id", "answer about what was asked for, by an id that fits into a URL"},
	{"repeated-id", "give each thing an id of its own, and list it once"},
	{"source_user", "give each conversation exactly one participant of role source_user"},
	{"end_user", "give each conversation a participant of role end_user"},
	{"participants", "list two people, each once: the guide says that conversations of more do not work"},
	{"unknown-sender", "list everybody who wrote a message among the participants"},
	{"clock", "send times in UTC, or with their zone"},
	{"cursor-repeats", "give each page a cursor of its own, and none to the last"},
	{"cursor-endless", "leave the cursor out on the last page; if the list is that long, allow more pages"},
	{"cursor-missing", "send a cursor as long as there is more: what no cursor leads to is never imported"},
	{"second-cursor", "continue a conversation by next_messages_cursor only"},
	{"empty-page", "send a page that has something new, or no cursor"},
	{"limit", "send no more than conversations_limit and messages_limit ask for"},
	{"default-limit", "send no more than 30 if no limit is given"},
	{"text-dropped", "keep the text of a message, beside files, too"},
	{"files-dropped", "keep every part named files, not the first alone"},
	{"files-refused", "take several parts named files, each with a filename and a type, beside the text"},
	{"form", "take the forms that are documented, refuse others with 400 INVALID_BODY"},
	{"link-dead", "let getMessageById and getSenderById give links that answer a HEAD"},
	{"link-redirects", "give links that answer a HEAD by themselves"},
	{"link-untested", "see for yourself that the link answers a HEAD"},
	{"avatar", "leave fetch_avatar and avatar_expires out if there is no picture"},
	{"unknown-found", "answer 404 NOT_FOUND for what does not exist"},
	{"code", "use a documented code: for others the inbox has no words"},
	{"status", "answer with the documented status"},
	{"content-type", "answer with Content-Type: application/json"},
	{"auth-scheme", "accept the scheme Basic only"},
	{"slow", "answer within a second: how long Pipedrive waits is not documented"},
}

// rank is the place of a rule among all; what only a schema tells stands beside the types.
func rank(rule string) int {
	i := slices.IndexFunc(rules, func(r struct{ name, advice string }) bool { return r.name == rule })
	if i < 0 {
		return rank("type")
	}
	return i
}

func advice(rule string) string {
	for _, r := range rules {
		if r.name == rule {
			return r.advice
		}
	}
	return "send what spec/provider.yaml has for the endpoint"
}

// knownRules refuses rules that no finding has.
func knownRules(only []string) error {
	var names []string
	for _, r := range rules {
		names = append(names, r.name)
	}
	for _, rule := range only {
		if !slices.Contains(names, rule) {
			return fmt.Errorf("Only: there is no rule %q; the rules are %s", rule, strings.Join(names, ", "))
		}
	}
	return nil
}
