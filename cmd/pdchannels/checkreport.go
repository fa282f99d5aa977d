// What check reports, for people.

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/conformance"
)

// checkReport writes a report. Without verbose, it shows of each check the first exchange, or
// those in which something was found.
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
		found := slices.DeleteFunc(slices.Clone(c.Findings), func(f conformance.Finding) bool { return f.Exchange != i })
		switch {
		case r.verbose || len(found) > 0:
			r.exchange(x)
			r.findings(found)
		case i == 0 && len(c.Findings) == 0:
			fmt.Fprintf(&r.out, "    %s\n", r.dim(shorten(r.request(x), 100)+" → "+shorten(received(x), 60)))
		}
	}
	r.findings(slices.DeleteFunc(slices.Clone(c.Findings), func(f conformance.Finding) bool { return f.Exchange >= 0 }))
}

func (r *checkReport) findings(all []conformance.Finding) {
	for _, f := range all {
		paint := r.warn
		if f.Severity == conformance.Violation {
			paint = r.bad
		}
		fmt.Fprintf(&r.out, "      %s %s\n", paint(fmt.Sprintf("%-9s", f.Severity)), printable(f.String()))
		fmt.Fprintf(&r.out, "      %-9s %s\n", "", r.dim(f.Rule+": "+f.Advice))
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
	return strings.TrimSpace(fmt.Sprintf("%d %s", x.Status, kind))
}

// summary is the last word.
func (r *checkReport) summary() {
	unchecked := 0
	for _, c := range r.Checks {
		if c.Verdict == conformance.NotChecked {
			unchecked++
		}
	}
	r.out.WriteString("\n")
	for _, severity := range []conformance.Severity{conformance.Violation, conformance.Risk} {
		found, paint := r.Findings(severity), r.bad
		if severity == conformance.Risk {
			paint = r.warn
		}
		if len(found) == 0 {
			paint = r.good
		}
		var rules []string
		for _, f := range found {
			if !slices.Contains(rules, f.Rule) {
				rules = append(rules, f.Rule)
			}
		}
		line := paint(plural(len(found), string(severity)))
		if len(rules) > 0 {
			line += r.dim(": " + strings.Join(rules, ", "))
		}
		fmt.Fprintln(&r.out, line)
	}
	if unchecked > 0 {
		fmt.Fprintln(&r.out, r.warn(fmt.Sprintf("%d of %d not checked", unchecked, len(r.Checks))))
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
