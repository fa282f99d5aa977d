// What check reports, for people.

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
)

// checkReport writes a report: what was checked, what to fix, and a summary. With verbose, it shows
// every exchange of a check, and without only the first.
type checkReport struct {
	conformance.Report
	palette
	verbose bool
	out     strings.Builder
}

func (r *checkReport) text(took time.Duration) string {
	fmt.Fprintf(&r.out, "%s · channel %s · %s in %v\n\n", r.bold(printable(r.App)), printable(r.Channel), plural(r.Calls, "call"), took.Round(10*time.Millisecond))
	done := r.Checks
	for r.Ended != "" && len(done) > 0 && len(done[len(done)-1].Exchanges) == 0 {
		done = done[:len(done)-1]
	}
	for _, c := range done {
		r.check(c)
	}
	r.causes()
	r.summary()
	return r.out.String()
}

func (r *checkReport) check(c conformance.Check) {
	mark := map[conformance.Verdict]string{
		conformance.Passed: r.good("✓"), conformance.Violated: r.bad("✗"), conformance.Risky: r.warn("!"), conformance.NotChecked: r.warn("?"), conformance.NotApplicable: r.dim("–"),
	}
	r.out.WriteString(mark[c.Verdict] + " " + c.Title)
	if n := len(c.Exchanges); n > 0 {
		r.out.WriteString(r.dim(" · " + plural(n, "call")))
	}
	r.out.WriteString("\n")
	if c.Reason != "" {
		why := "not all was checked"
		if c.Verdict == conformance.NotApplicable {
			why = "not applicable"
		}
		fmt.Fprintf(&r.out, "    %s: %s\n", why, printable(c.Reason))
	}
	for i, x := range c.Exchanges {
		switch {
		case r.verbose:
			r.exchange(x)
		case i == 0 && len(c.Findings) == 0:
			fmt.Fprintf(&r.out, "    %s\n", r.dim(shorten(r.request(x), 100)+" → "+shorten(received(x), 60)))
		}
	}
}

// causes says what to fix, in that order.
func (r *checkReport) causes() {
	if len(r.Causes) > 0 {
		fmt.Fprintf(&r.out, "\n%s\n", r.bold("To fix, in this order:"))
	}
	var shown *conformance.Exchange
	for i, c := range r.Causes {
		paint := r.warn
		if c.Severity == conformance.Violation {
			paint = r.bad
		}
		rule := c.Rule
		if c.Property != "" {
			rule += " of " + c.Property
		}
		fmt.Fprintf(&r.out, "%3d. %s %s · %s\n", i+1, paint(fmt.Sprintf("%-9s", c.Severity)), r.bold(printable(rule)), strings.Join(c.Endpoints, ", "))
		times := ""
		if c.Count > 1 {
			times = fmt.Sprintf(" (%d times)", c.Count)
		}
		fmt.Fprintf(&r.out, "     %s%s\n     %s: %s\n", printable(c.Reason), times, c.Rule, c.Advice)
		if c.Exchange != nil && c.Exchange != shown {
			r.exchange(*c.Exchange)
			shown = c.Exchange
		}
	}
}

func (r *checkReport) exchange(x conformance.Exchange) {
	sent := r.request(x)
	if x.Credentials != "the app's" && x.Endpoint != "link" {
		sent += " · " + x.Credentials
	}
	if x.Sent != "" {
		sent += " · " + x.Sent
	}
	most := 160
	if r.verbose {
		most = 1200
	}
	fmt.Fprintf(&r.out, "    %s %s\n", "sent", shorten(sent, 2*most))
	fmt.Fprintf(&r.out, "    %s %s\n", "got ", shorten(received(x)+" "+x.Answer, most))
}

// request is the line of a request, with the URL below the app's.
func (r *checkReport) request(x conformance.Exchange) string {
	return x.Method + " " + strings.TrimPrefix(x.URL, strings.TrimRight(r.App, "/"))
}

// received is the status and the type of an answer, or why there is none.
func received(x conformance.Exchange) string {
	if x.Error != "" {
		return "no answer: " + x.Error
	}
	kind, _, _ := strings.Cut(x.ContentType, ";")
	return strings.TrimSpace(fmt.Sprintf("%d %s", x.StatusCode, kind))
}

// summary is the last word.
func (r *checkReport) summary() {
	var unchecked []string
	for _, c := range r.Checks {
		if c.Verdict == conformance.NotChecked {
			unchecked = append(unchecked, c.Name)
		}
	}
	r.out.WriteString("\n")
	for _, severity := range []conformance.Severity{conformance.Violation, conformance.Risk} {
		n, paint := r.Violations, r.bad
		if severity == conformance.Risk {
			n, paint = r.Risks, r.warn
		}
		if n == 0 {
			paint = r.good
		}
		fmt.Fprintln(&r.out, paint(plural(n, string(severity))))
	}
	switch len(unchecked) {
	case 0:
	case len(r.Checks):
		fmt.Fprintln(&r.out, r.warn("Nothing could be checked."))
	default:
		fmt.Fprintln(&r.out, r.warn(fmt.Sprintf("%d of %d not checked", len(unchecked), len(r.Checks)))+r.dim(": "+strings.Join(unchecked, ", ")))
	}
	if r.Ended != "" {
		fmt.Fprintln(&r.out, r.warn("The run ended early: "+printable(r.Ended)+"."))
	}
	if r.Conversation != "" {
		fmt.Fprintf(&r.out, "Test messages were written into the conversation %s.\n", printable(r.Conversation))
	}
}

// shorten makes one line of a text, safe to print and no longer than that many characters.
func shorten(s string, most int) string {
	runes := []rune(strings.Join(strings.Fields(s), " "))
	if len(runes) > most {
		return printable(string(runes[:most])) + "…"
	}
	return printable(string(runes))
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
