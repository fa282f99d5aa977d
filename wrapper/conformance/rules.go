// The rules, each with what to do about it.

package conformance

var advices = map[string]string{
	"no-answer":        "see whether the app runs, and look into its log for a crash or a call that never ends",
	"refused":          "let the app answer with status 200",
	"server-error":     "look into the app's log; what the app cannot know is 404 NOT_FOUND, what it cannot use 400 INVALID_BODY",
	"redirect":         "serve the endpoint where the manifest says it is",
	"status":           "answer with the documented status",
	"content-type":     "answer with Content-Type: application/json",
	"code":             "use a documented code: for others the inbox has no words",
	"not-json":         "answer with JSON: an error as {\"success\": false, \"data\": {\"message\": …, \"code\": …}}",
	"enveloped":        "answer with the message itself, without success and data",
	"success":          "let success be true beside 200, and false beside an error's status",
	"missing":          "send the property",
	"null":             "send a value, or an empty list or text if there is none",
	"type":             "send the documented type",
	"enum":             "send one of the documented values",
	"time":             "send 2026-03-01T07:58:00.000Z, or UTC minutes as 2026-03-01 07:58",
	"minLength":        "send a text that is not empty",
	"source_user":      "give each conversation exactly one participant of role source_user",
	"end_user":         "give each conversation a participant of role end_user",
	"minItems":         "give each conversation a source_user and an end_user",
	"limit":            "send no more than conversations_limit and messages_limit ask for",
	"default-limit":    "send no more than 30 if no limit is given",
	"cursor-repeats":   "give each page a cursor of its own, and none to the last",
	"cursor-endless":   "leave the cursor out on the last page; if the list is that long, allow more pages",
	"cursor-missing":   "send a cursor as long as there is more: what no cursor leads to is never imported",
	"participants":     "list two people, each once: the guide says that conversations of more do not work",
	"clock":            "send times in UTC, or with their zone",
	"text-dropped":     "keep the text of a message, beside files, too",
	"files-dropped":    "keep every part named files, not the first alone",
	"slow":             "answer within a second: how long Pipedrive waits is not documented",
	"empty-page":       "send a page that has something new, or no cursor",
	"second-cursor":    "continue a conversation by next_messages_cursor only",
	"repeated-id":      "give each thing an id of its own, and list it once",
	"id":               "answer about what was asked for, by an id that fits into a URL",
	"unknown-sender":   "list everybody who wrote a message among the participants",
	"unknown-found":    "answer 404 NOT_FOUND for what does not exist",
	"auth-missing":     "compare the Authorization header with the app's client id and secret before anything else, and answer 401 UNAUTHORIZED",
	"auth-wrong":       "compare client id and secret as a whole, before anything else, and answer 401 UNAUTHORIZED",
	"auth-order":       "compare the credentials before anything else of the request is looked at: answers to strangers tell what exists",
	"auth-scheme":      "accept the scheme Basic only",
	"auth-status":      "answer 401 UNAUTHORIZED",
	"endpoint-missing": "serve the endpoint, and name it in the manifest",
	"link-dead":        "let getMessageById and getSenderById give links that answer a HEAD",
	"link-redirects":   "give links that answer a HEAD by themselves",
	"link-untested":    "see for yourself that the link answers a HEAD",
	"avatar":           "leave fetch_avatar and avatar_expires out if there is no picture",
	"files-refused":    "take several parts named files, each with a filename and a type, beside the text",
	"form":             "take the forms that are documented, refuse others with 400 INVALID_BODY",
}

func advice(rule string) string {
	if text, ok := advices[rule]; ok {
		return text
	}
	return "send what spec/provider.yaml has for the endpoint"
}
