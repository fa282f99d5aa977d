// The failures, each as what Pipedrive does.

package faults

import (
	"slices"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// fault is one failure.
type fault struct {
	name  string
	is    failure
	steps []step // the last of them goes on if the failure does

	kinds      []error       // the sentinels that the error is of, all of them
	retryAfter time.Duration // and what it tells; up to a second more, for jitter and rounding
	held       error         // what the next call is refused for without being sent; nil if it is sent
	says       string        // a part of the error's text
}

const (
	page       = "<html><title>Attention Required! | Cloudflare</title></html>"
	unlabelled = `{"success":false,"error":"unauthorized access","errorCode":401,"error_info":"See the documentation."}`
)

// faults returns all of them.
func faults() []fault {
	return slices.Concat(broken(), failing(), limits(), refusals(), cutOff(slices.Concat(limits(), refusals())))
}

// broken are the exchanges that end without an answer: wherever they can break, and
// whether the request was applied or not.
func broken() []fault {
	var all []fault
	for p, name := range map[point]string{
		refused: "connection refused", accepted: "closed on accept", headersRead: "closed in the request",
		requestRead: "closed without an answer", halfHeaders: "half the headers", midBody: "half the body, its length told",
		midBodyOpen: "half the body, its end not told", midBodyChunked: "half the body, in chunks",
		silent: "nothing follows", silentInBody: "nothing follows half the body",
	} {
		switch p {
		case refused:
			all = append(all, fault{name: name, is: unsent, steps: []step{{breaks: p}}, says: "connection refused"})
		case accepted, headersRead:
			all = append(all, fault{name: name, is: lost, steps: []step{{breaks: p}}})
		default:
			all = append(all,
				fault{name: name, is: lost, steps: []step{{breaks: p}}},
				fault{name: "applied, " + name, is: lostApplied, steps: []step{{breaks: p, applied: true}}})
		}
	}
	return all
}

// failing are the answers that do not say what came of the request.
func failing() []fault {
	var all []fault
	for name, a := range map[string]answer{
		"408":                             {status: 408, body: `{}`},
		"500":                             {status: 500, body: envelope("")},
		"501":                             {status: 501, body: envelope("")},
		"502, a page":                     {status: 502, body: page},
		"503":                             {status: 503, body: envelope("")},
		"504, nothing in it":              {status: 504},
		"101":                             {status: 101},
		"200, a page":                     {status: 200, body: page},
		"200, cut-off JSON":               {status: 200, body: `{"success":tr`},
		"200, another JSON":               {status: 200, body: `[]`},
		"200, an object of another shape": {status: 200, body: `{"status":"ok"}`},
	} {
		all = append(all,
			fault{name: name, is: lost, steps: []step{{answer: a}}},
			fault{name: "applied, " + name, is: lostApplied, steps: []step{{answer: a, applied: true}}})
	}
	later := func(header string) []step {
		return []step{{answer: answer{status: 503, header: header, body: page}}}
	}
	elsewhere := answer{status: 303, header: "Location: https://elsewhere.example/done\r\n"}
	return append(all,
		fault{name: "204", is: emptyApplied, steps: []step{{answer: answer{status: 204}, applied: true}}},
		fault{name: "200, nothing in it", is: emptyApplied, steps: []step{{answer: answer{status: 200}, applied: true}}},
		fault{name: "303", is: lostForGood, steps: []step{{answer: elsewhere}}},
		fault{name: "applied, 303", is: lostForGood, steps: []step{{answer: elsewhere, applied: true}}},
		fault{name: "503, come back in 5 s", is: lost, steps: later("Retry-After: 5\r\n"), retryAfter: 5 * time.Second},
		fault{name: "503, come back in a minute", is: lostForGood, steps: later("Retry-After: 60\r\n"), retryAfter: time.Minute})
}

// limits are the answers of limits that are used up.
func limits() []fault {
	tooMany := func(header string) step {
		return step{answer: answer{status: 429, header: header, body: `{"success":false,"error":"request over limit"}`}}
	}
	rateLimited := []error{channels.ErrRateLimited}
	daily := []error{channels.ErrRateLimited, channels.ErrDailyLimit}
	var all []fault
	for name, s := range map[string]step{
		"429, reset":                       tooMany("x-ratelimit-reset: 2\r\n"),
		"429, Retry-After":                 tooMany("x-ratelimit-reset: 2\r\nRetry-After: 3\r\n"),
		"429, Retry-After as a date":       {answer: answer{status: 429, retryAt: 4 * time.Second, body: envelope("")}},
		"429, a reset of 1970":             tooMany("x-ratelimit-reset: 1767225600\r\n"),
		"429, Retry-After that is no time": tooMany("Retry-After: Inf\r\nx-ratelimit-reset: soon\r\n"),
		"429, Retry-After of weeks":        tooMany("Retry-After: 9999999\r\n"),
		"429, nothing tells which":         tooMany(""),
		"429, a page":                      {answer: answer{status: 429, body: page}},
		"429, a date that is past":         {answer: answer{status: 429, header: "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", body: page}},
	} { // for good it looks as if the daily budget were gone
		all = append(all, fault{name: name, is: limited, steps: []step{s}, kinds: daily, retryAfter: 30 * time.Second, held: channels.ErrDailyLimit})
	}
	for name, s := range map[string]step{
		"429, and what the call costs is left":  tooMany("x-daily-ratelimit-token-remaining: 10\r\n"),
		"429, and much of the budget is left":   tooMany("x-ratelimit-remaining: 0\r\nx-daily-ratelimit-token-remaining: 29000\r\n"),
		"429, and some requests of it are left": tooMany("x-daily-requests-left: 7\r\n"),
		"429, and the window is used up":        tooMany("x-ratelimit-remaining: 0\r\n"),
	} { // that is known not to be
		all = append(all, fault{name: name, is: limited, steps: []step{s}, kinds: rateLimited})
	}
	pageAfter := step{answer: answer{status: 403, body: page}}
	return append(all,
		fault{
			name: "429, Retry-After of a minute", is: limitedForLong, steps: []step{tooMany("Retry-After: 60\r\n")},
			kinds: rateLimited, retryAfter: time.Minute, held: channels.ErrRateLimited,
		},
		fault{
			name: "429, Retry-After of a day", is: limitedForLong, steps: []step{tooMany("Retry-After: 86400\r\n")},
			kinds: rateLimited, retryAfter: time.Hour, held: channels.ErrRateLimited,
		},
		fault{
			name: "429, the budget is gone", is: dailyLimit, steps: []step{tooMany("x-daily-ratelimit-token-remaining: 0\r\nRetry-After: 3\r\n")},
			kinds: daily, retryAfter: 5 * time.Minute, held: channels.ErrDailyLimit,
		},
		fault{
			name: "429, less is left than the call costs", is: dailyLimit, steps: []step{tooMany("x-daily-ratelimit-token-remaining: 5\r\n")},
			kinds: daily, retryAfter: 5 * time.Minute, held: channels.ErrDailyLimit,
		},
		fault{
			name: "429, then a page with 403", is: blocked, steps: []step{tooMany(""), pageAfter},
			kinds: []error{channels.ErrBlocked}, retryAfter: 5 * time.Minute, held: channels.ErrBlocked,
		},
	)
}

// refusals are the answers that say no.
func refusals() []fault {
	refuse := func(status int, body string, header ...string) []step {
		return []step{{answer: answer{status: status, body: body, header: strings.Join(header, "")}}}
	}
	const somewhere = "Location: https://elsewhere.example/v1?token=no\r\n"
	withdrawn := []error{channels.ErrWithdrawn}
	redirect := `a redirect to "https://elsewhere.example", which is not followed`
	return []fault{
		{name: "401, another token", is: staleToken, steps: refuse(401, unlabelled), kinds: []error{channels.ErrUnauthorized}},
		{name: "401, no other token", is: refusedToken, steps: refuse(401, unlabelled), kinds: []error{channels.ErrUnauthorized}},
		{name: "400", is: answered, steps: refuse(400, envelope("INVALID_BODY")), kinds: []error{channels.ErrInvalidBody}},
		{name: "400 of a message", is: answered, steps: refuse(400, envelope("INVALID_RECEIVE_MESSAGE_PAYLOAD")), kinds: []error{channels.ErrInvalidBody}},
		{name: "400, exists", is: answered, steps: refuse(400, envelope("CHANNEL_ALREADY_EXISTS")), kinds: []error{channels.ErrChannelAlreadyExists}},
		{name: "409, exists", is: answered, steps: refuse(409, envelope("CHANNEL_ALREADY_EXISTS")), kinds: []error{channels.ErrChannelAlreadyExists}},
		{name: "409", is: answered, steps: refuse(409, envelope("CONFLICT"))},
		{name: "402", is: answered, steps: refuse(402, envelope(""))},
		{name: "403, not an admin", is: answered, steps: refuse(403, envelope("ADMIN_ONLY")), kinds: []error{channels.ErrForbidden, channels.ErrAdminOnly}},
		{name: "403, not the owner", is: answered, steps: refuse(403, envelope("FORBIDDEN_USER_REQUEST")), kinds: []error{channels.ErrForbidden}},
		{name: "403, a page alone", is: answered, steps: refuse(403, page), says: "Cloudflare"},
		{name: "404 of the API", is: answered, steps: refuse(404, envelope("NOT_FOUND")), kinds: []error{channels.ErrNotFound}},
		{name: "404 of somebody else", is: answered, steps: refuse(404, page), kinds: withdrawn, says: "the base URL is wrong, or the service is withdrawn"},
		{name: "404 without a code", is: answered, steps: refuse(404, `{"success":false}`), kinds: []error{channels.ErrNotFound}, says: "a probe tells which"},
		{name: "404 with another code", is: answered, steps: refuse(404, envelope("NO_ROUTE")), kinds: []error{channels.ErrNotFound}, says: "a probe tells which"},
		{name: "404 of another service", is: answered, steps: refuse(404, `{"message":"no Route matched"}`), kinds: withdrawn},
		{name: "403, a proxy's JSON", is: answered, steps: refuse(403, `{"title":"Error 1020: Access denied","status":403}`)},
		{name: "410", is: answered, steps: refuse(410, envelope("")), kinds: withdrawn, says: "withdrawn"},
		{name: "413", is: answered, steps: refuse(413, page)},
		{name: "415", is: answered, steps: refuse(415, envelope(""))},
		{name: "422", is: answered, steps: refuse(422, envelope(""))},
		{name: "200 without success", is: answered, steps: refuse(200, envelope("INVALID_BODY")), kinds: []error{channels.ErrInvalidBody}},
		{name: "301", is: answered, steps: refuse(301, page, somewhere), says: redirect},
		{name: "302", is: answered, steps: refuse(302, page, somewhere), says: redirect},
		{name: "307", is: answered, steps: refuse(307, page, somewhere), says: redirect},
		{name: "308", is: answered, steps: refuse(308, page, somewhere), says: redirect},
		{name: "304", is: answered, steps: refuse(304, "")},
	}
}

// cutOff are the same, but their last answer breaks in its body. The status decides all the same; what
// stood in the body is not known.
func cutOff(whole []fault) []fault {
	var cut []fault
	for _, f := range whole {
		last := f.steps[len(f.steps)-1]
		anothers := last.answer.body != page && !strings.Contains(last.answer.body, "success") || last.answer.status == 404 && last.answer.body == page
		if last.answer.body == "" || last.answer.status < 300 || anothers { // nobody can tell whose half of an answer is
			continue
		}
		f.kinds = slices.DeleteFunc(slices.Clone(f.kinds), func(kind error) bool {
			return slices.Contains(byCode, kind) || kind == channels.ErrWithdrawn && last.answer.status == 404 //nolint:errorlint // a sentinel itself
		})
		if last.answer.status == 403 || last.answer.status == 404 {
			f.says = "" // a title that is cut off as well, or what hangs on the code
		}
		for p, name := range map[point]string{midBody: "cut off", midBodyOpen: "cut off in the open"} {
			broken := f
			last.breaks = p
			broken.steps = append(slices.Clone(f.steps[:len(f.steps)-1]), last)
			broken.name += ", " + name
			cut = append(cut, broken)
		}
	}
	return cut
}

// byCode are the sentinels that a code in the body tells.
var byCode = []error{channels.ErrChannelAlreadyExists, channels.ErrAdminOnly, channels.ErrNotFound, channels.ErrInvalidBody}
