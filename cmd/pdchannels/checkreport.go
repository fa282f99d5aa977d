// What check reports, for people.
package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator/check"
)

// shownExchanges is how many exchanges of a check are shown without -v, beside those that
// something was found in.
const shownExchanges = 1

func checkText(report check.Report, took time.Duration, verbose bool, p palette) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s · channel %s · %d calls in %v\n\n", p.bold(printable(report.App)), printable(report.Channel), report.Calls, took.Round(10*time.Millisecond))
	for _, c := range report.Checks {
		writeCheck(&b, c, verbose, p)
	}
	fmt.Fprintf(&b, "\n%s\n", checkSummary(report, p))
	return b.String()
}

// writeCheck writes a line of verdict, the findings, and what was sent and received.
func writeCheck(b *strings.Builder, c check.Check, verbose bool, p palette) {
	mark, word := map[check.Verdict]string{
		check.Passed: p.good("✓"), check.Violated: p.bad("✗"), check.Risky: p.warn("!"), check.NotChecked: p.warn("?"), check.NotApplicable: p.dim("–"),
	}[c.Verdict], ""
	if c.Reason != "" {
		word = map[check.Verdict]string{check.NotApplicable: "not applicable: ", check.NotChecked: "not checked: "}[c.Verdict] + printable(c.Reason)
	}
	fmt.Fprintf(b, "%s %s", mark, c.Title)
	if n := len(c.Exchanges); n > 0 {
		fmt.Fprint(b, p.dim(fmt.Sprintf(" · %s", plural(n, "call"))))
	}
	fmt.Fprintln(b)
	if word != "" {
		fmt.Fprintf(b, "    %s\n", p.dim(word))
	}
	for _, f := range c.Findings {
		paint := p.warn
		if f.Severity == check.Violation {
			paint = p.bad
		}
		fmt.Fprintf(b, "    %s %s\n", paint(fmt.Sprintf("%-9s", f.Severity)), p.bold(f.Rule+" · "+f.Endpoint))
		fmt.Fprintf(b, "      what      %s\n", printable(f.String()))
		if f.Exchange >= 0 && f.Exchange < len(c.Exchanges) {
			writeExchange(b, c.Exchanges[f.Exchange], p)
		}
		fmt.Fprintf(b, "      to do     %s\n", f.Advice)
	}
	shown := c.Exchanges
	if !verbose {
		shown = shown[:min(len(shown), shownExchanges)]
		if len(c.Findings) > 0 {
			shown = nil
		}
	}
	for _, x := range shown {
		if verbose {
			writeExchange(b, x, p)
		} else {
			fmt.Fprintf(b, "    %s\n", p.dim(fmt.Sprintf("%s %s → %s", x.Method, shorten(x.URL, 110), received(x))))
		}
	}
}

func writeExchange(b *strings.Builder, x check.Exchange, p palette) {
	sent := x.Method + " " + x.URL + ", credentials: " + x.Credentials
	if x.Sent != "" {
		sent += ", form: " + x.Sent
	}
	fmt.Fprintf(b, "      sent      %s\n", p.dim(shorten(sent, 400)))
	answer := received(x)
	if x.Answer != "" {
		answer += " " + x.Answer
	}
	fmt.Fprintf(b, "      received  %s\n", p.dim(shorten(answer, 300)))
}

// received is the status and the type of an answer, or why there is none.
func received(x check.Exchange) string {
	if x.Error != "" {
		return "no answer: " + printable(x.Error)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", x.Status, printableType(x.ContentType)))
}

func printableType(kind string) string {
	if kind == "" {
		return ""
	}
	return printable(kind)
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

// checkSummary is the last word.
func checkSummary(report check.Report, p palette) string {
	var unchecked int
	for _, c := range report.Checks {
		if c.Verdict == check.NotChecked {
			unchecked++
		}
	}
	paint := map[check.Verdict]func(string) string{check.Violated: p.bad, check.NotChecked: p.warn, check.Risky: p.good, check.Passed: p.good}[report.Verdict]
	text := paint(plural(report.Violations, "violation") + ", " + plural(report.Risks, "risk"))
	if unchecked > 0 {
		text += fmt.Sprintf("; not checked: %d of %d", unchecked, len(report.Checks))
	}
	if report.Conversation != "" {
		text += fmt.Sprintf("; messages were written into %s", printable(report.Conversation))
	}
	if report.Ended != "" {
		text += "; the run ended early: " + printable(report.Ended)
	}
	return text + "."
}
