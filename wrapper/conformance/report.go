// The report of a run.

package conformance

import (
	"fmt"
	"strings"
)

// Report is what a run found. Its JSON is as stable as the names of this package.
type Report struct {
	App          string  `json:"app"`                    // the base URL, or the hosts of the manifest
	Channel      string  `json:"channel"`                // the channel that was checked
	Conversation string  `json:"conversation,omitempty"` // that took test messages; empty if none did
	Verdict      Verdict `json:"verdict"`
	Ended        string  `json:"ended,omitempty"` // why the run ended early; empty if it did not
	Calls        int     `json:"calls"`
	Violations   int     `json:"violations"` // how many causes are violations
	Risks        int     `json:"risks"`      // and how many are risks
	Causes       []Cause `json:"causes"`     // what to fix, in the order in which to fix it
	Checks       []Check `json:"checks"`     // in the order in which they ran
}

// Verdict is the result of a check or a run.
type Verdict string

// The verdicts, from best to worst. A run has the worst of its checks.
const (
	NotApplicable Verdict = "not_applicable" // nothing to check, or switched off
	Passed        Verdict = "passed"
	Risky         Verdict = "risk"        // no violation, but risks
	NotChecked    Verdict = "not_checked" // no violation, but not everything could be checked
	Violated      Verdict = "violation"
)

// Check is one check of a run.
type Check struct {
	Name      string     `json:"name"`  // for programs, such as "history" or "auth/postMessage"
	Title     string     `json:"title"` // for people
	Verdict   Verdict    `json:"verdict"`
	Reason    string     `json:"reason,omitempty"` // why it is not applicable, or not checked
	Findings  []Finding  `json:"findings"`
	Exchanges []Exchange `json:"exchanges"`
}

// Severity separates what the documents forbid from what may go wrong.
type Severity string

// The severities.
const (
	Violation Severity = "violation" // contradicts what Pipedrive published
	Risk      Severity = "risk"      // no document forbids it, or only our reading of one does
)

// Finding is one thing that is wrong with the app.
type Finding struct {
	Severity Severity `json:"severity"`
	Rule     string   `json:"rule"` // for programs; the package's documentation lists them
	Endpoint string   `json:"endpoint"`
	Where    string   `json:"where,omitempty"` // in the answer, such as data.0.status
	Reason   string   `json:"reason"`
	Advice   string   `json:"advice"`
	Count    int      `json:"count"`    // how often it occurred in this check; the other fields describe the first
	Exchange int      `json:"exchange"` // an index into the check's Exchanges; -1 if it belongs to none
}

// String says what is wrong and where, in one line.
func (f Finding) String() string {
	text := strings.TrimPrefix(f.Where+": "+f.Reason, ": ")
	if f.Count > 1 {
		text += fmt.Sprintf(" (and %d more)", f.Count-1)
	}
	return text
}

// Exchange is one request and its answer. Credentials that an answer repeats are replaced by
// "[redacted]".
type Exchange struct {
	Endpoint     string `json:"endpoint"` // its name in a manifest, or "link"
	Method       string `json:"method"`
	URL          string `json:"url"`
	Credentials  string `json:"credentials"` // in words, such as "the app's", "none", "a wrong secret"
	Sent         string `json:"sent,omitempty"`
	StatusCode   int    `json:"status,omitempty"`
	ContentType  string `json:"content_type,omitempty"`
	Answer       string `json:"answer,omitempty"` // the first kilobyte
	Error        string `json:"error,omitempty"`  // why there is no answer
	Milliseconds int64  `json:"milliseconds"`
}

// Findings returns all findings of a severity, in order.
func (r Report) Findings(severity Severity) (found []Finding) {
	for _, c := range r.Checks {
		for _, f := range c.Findings {
			if f.Severity == severity {
				found = append(found, f)
			}
		}
	}
	return found
}

// String lists causes and what was not checked, a line each, for the log of a test.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s after %d calls: %d violations, %d risks", r.App, r.Verdict, r.Calls, r.Violations, r.Risks)
	if r.Ended != "" {
		fmt.Fprintf(&b, "; it ended early: %s", r.Ended)
	}
	for _, c := range r.Causes {
		fmt.Fprintf(&b, "\n%s; %s", c, c.Advice)
	}
	for _, c := range r.Checks {
		if c.Verdict == NotChecked {
			fmt.Fprintf(&b, "\nnot checked: %s: %s", c.Title, c.Reason)
		}
	}
	return b.String()
}

// conclude groups and counts the findings, and sets the verdict.
func conclude(r *Report) {
	rank := func(v Verdict) int {
		for i, other := range []Verdict{NotApplicable, Passed, Risky, NotChecked, Violated} {
			if v == other {
				return i
			}
		}
		return -1
	}
	r.Verdict = Passed
	if r.Ended != "" {
		r.Verdict = NotChecked
	}
	for i := range r.Checks {
		if v := r.Checks[i].Verdict; rank(v) > rank(r.Verdict) {
			r.Verdict = v
		}
	}
	r.Causes, r.Violations, r.Risks = causes(r.Checks), 0, 0
	for _, c := range r.Causes {
		if c.Severity == Violation {
			r.Violations++
		} else {
			r.Risks++
		}
	}
}

// conclude sets the verdict of a check. Findings outweigh that not everything was checked.
func (c *Check) conclude() {
	verdict := Passed
	if c.Verdict != "" {
		verdict = c.Verdict
	}
	for _, f := range c.Findings {
		switch {
		case f.Severity == Violation:
			verdict = Violated
		case verdict == Passed || verdict == NotApplicable:
			verdict = Risky
		}
	}
	c.Verdict = verdict
}
