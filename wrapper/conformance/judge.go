// What an answer should be: good, or a refusal.

package conformance

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
)

// isGood judges the answer to a valid request and decodes it into v. It returns false if there
// is nothing to decode.
func (r *run) isGood(a answer, v any) bool {
	switch {
	case !a.came:
		return false
	case a.StatusCode == http.StatusTooManyRequests:
		r.limited(a)
		return false
	case !a.good():
		if a.StatusCode < 300 || a.StatusCode > 399 {
			r.violation(a, "refused", "", "a valid request got status %d%s", a.StatusCode, codeOf(a))
		}
		r.isRefusal(a)
		return false
	}
	r.serves[a.Endpoint] = true
	for _, v := range a.violations {
		r.found(severityOf(v), a, v.Rule, v.Where, "%s", v.Reason)
	}
	if a.StatusCode != http.StatusOK {
		r.risk(a, "status", "", "the answer has status %d, and 200 is documented", a.StatusCode)
	}
	r.isJSONByName(a)
	err := json.Unmarshal(a.Body, v)
	// A value of a wrong type leaves the others as they are; the document's judgement has told of it.
	return err == nil || errors.As(err, new(*json.UnmarshalTypeError))
}

// severityOf is Violation, but for what the document requires by our own choice: see spec/PROVENANCE.md.
func severityOf(v providercall.Violation) Severity {
	if v.Rule == "missing" && v.Where == "additional_data" {
		return Risk
	}
	return Violation
}

func (r *run) isJSONByName(a answer) {
	kind, _, _ := strings.Cut(a.ContentType, ";") // what parameters there are does not matter
	if json.Valid(a.Body) && !strings.HasSuffix(strings.ToLower(strings.TrimSpace(kind)), "json") {
		r.risk(a, "content-type", "", "the answer is JSON, and says it is %q", a.ContentType)
	}
}

func (r *run) limited(a answer) {
	r.isRefusal(a)
	r.notChecked("the app kept answering 429: check it where no rate limit applies")
}

// documentedErrors are the statuses for which errors are documented, with their codes.
var documentedErrors = map[int][]string{
	http.StatusBadRequest:      {"INVALID_BODY", "BAD_REQUEST"},
	http.StatusUnauthorized:    {"UNAUTHORIZED", "ACCOUNT_SUSPENDED"},
	http.StatusForbidden:       {"FORBIDDEN"},
	http.StatusNotFound:        {"NOT_FOUND"},
	http.StatusTooManyRequests: {"RATE_LIMIT_EXCEEDED"},
}

// isRefusal judges an error: does the inbox understand it?
func (r *run) isRefusal(a answer) { r.refusal(a, Violation) }

// isRefusalSomewhere is isRefusal of an answer that need not come from the app: a server or a
// router in front of it may have refused the path.
func (r *run) isRefusalSomewhere(a answer) { r.refusal(a, Risk) }

func (r *run) refusal(a answer, severity Severity) {
	if !a.came || a.good() {
		return
	}
	codes, documented := documentedErrors[a.StatusCode]
	switch {
	case a.StatusCode >= 500:
		severity = Violation
		r.violation(a, "server-error", "", "the answer has status %d: something broke", a.StatusCode)
	case a.StatusCode >= 300 && a.StatusCode < 400:
		r.found(severity, a, "redirect", "", "the answer is a redirect to %q, which nobody follows: it would hand over the credentials", a.Location)
		return
	case !documented:
		severity = Risk
	}
	for _, v := range a.violations {
		r.found(severity, a, v.Rule, v.Where, "status %d: %s", a.StatusCode, v.Reason)
	}
	if len(a.violations) > 0 || !documented {
		return
	}
	var e providerclient.Error
	_ = json.Unmarshal(a.Body, &e) // it was judged good
	r.isJSONByName(a)
	if !slices.Contains(codes, e.Data.Code) {
		r.risk(a, "code", "data.code", "%q is no documented code of status %d: %s", e.Data.Code, a.StatusCode, strings.Join(codes, " or "))
	}
	if a.StatusCode == http.StatusTooManyRequests {
		if _, err := time.Parse(time.RFC3339, e.Data.RetryBy); err != nil {
			r.risk(a, "code", "data.retry_by", "%q does not say when to try again, in RFC 3339", e.Data.RetryBy)
		}
	}
}

// codeOf is the code of an error, for a sentence.
func codeOf(a answer) string {
	var e providerclient.Error
	if json.Unmarshal(a.Body, &e) != nil || e.Data.Code == "" {
		return ""
	}
	return " and code " + e.Data.Code
}

// hasEndpoint tells whether there is an optional endpoint to check, by the manifest.
// needed says what demands it; empty: nothing does.
func (r *run) hasEndpoint(name, needed string) bool {
	if r.app.Has(name) {
		return true
	}
	r.lacking(answer{Answer: providercall.Answer{Endpoint: name}, index: -1}, needed, "the manifest does not name it")
	return false
}

// isServed tells whether the app serves an optional endpoint, by its answer to a request in
// order. An app at a base URL need not serve all; one with a manifest, what it names.
func (r *run) isServed(a answer, needed string) bool {
	absent := a.StatusCode == http.StatusNotFound || a.StatusCode == http.StatusMethodNotAllowed || a.StatusCode == http.StatusNotImplemented
	if !a.came || !absent || !r.app.Guessed() {
		return true
	}
	r.lacking(a, needed, "the app does not serve it")
	return false
}

func (r *run) lacking(a answer, needed, why string) {
	r.lacks[a.Endpoint] = true
	if needed != "" {
		r.violation(a, "endpoint-missing", "", "%s, but %s needs it", why, needed)
		return
	}
	r.notApplicable("%s, and nothing that was seen needs it", why)
}
