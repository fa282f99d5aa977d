// What -h, --help and `pdchannels help` print.
package main

import (
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
)

const aboutAll = `Settings come from flags and from the environment; secrets never from a flag.

  PIPEDRIVE_BASE_URL           all that stands before /channels, such as
                               https://company.pipedrive.com/api/v1; -base-url goes first
  PIPEDRIVE_ACCESS_TOKEN       an OAuth access token, or
  PIPEDRIVE_ACCESS_TOKEN_FILE  the name of a file that holds it, or
  PIPEDRIVE_API_TOKEN          a user's API token, or
  PIPEDRIVE_API_TOKEN_FILE     the name of a file that holds it: one of these four,
                               or none, to use what pdchannels login has stored

  PIPEDRIVE_CLIENT_ID          the app, for check, login, logout and a stored login
  PIPEDRIVE_CLIENT_SECRET      its secret, or
  PIPEDRIVE_CLIENT_SECRET_FILE the name of a file that holds it
  PIPEDRIVE_OAUTH_URL          the OAuth server, if not Pipedrive's: an emulator's
  PIPEDRIVE_STORE              the directory of the logins; -store goes first

Exit codes:

  0  done
  1  failed: the request was refused, what was checked is at fault, or something here
     did not work
  2  the command line, a setting or the input is wrong; nothing was sent
  3  not sure, or not all: no answer tells what came of a request, some of many
     messages were not delivered, or not all could be checked
  4  the API is there, but not for you or not now: it answered 401, 403 or 429

With --json the result is one JSON object on stdout, and so is an error:
{"error": {"operation", "outcome", "status", "code", "message", …}}, where outcome is
not_sent, unknown or answered.`

// helpText describes the last command of path.
func helpText(path []*command) string {
	c := path[len(path)-1]
	var b strings.Builder
	synopsis := c.synopsis
	flags := newFlagSet()
	title := "Flags"
	if c.commands != nil {
		synopsis = "COMMAND [flags]"
		new(settings).declare(flags, &environment{})
		title = "Flags of the commands that call the API"
	} else {
		c.setup(flags, &environment{})
	}
	for i, form := range strings.Split(synopsis, "\n") {
		fmt.Fprintf(&b, "%-6s %s\n", []string{"Usage:", "   or:"}[min(i, 1)], strings.TrimSpace(fullName(path)+" "+form))
	}
	fmt.Fprintf(&b, "\n%s\n", sentence(c.summary))
	if c.commands != nil {
		b.WriteString("\nCommands:\n\n")
		columns(&b, func(row func(string, string)) {
			for _, sub := range c.commands {
				row(sub.name, sub.summary)
			}
		})
	}
	if c.about != "" {
		fmt.Fprintf(&b, "\n%s\n", c.about)
	}
	if rows := flagRows(flags); len(rows) > 0 {
		fmt.Fprintf(&b, "\n%s:\n\n", title)
		columns(&b, func(row func(string, string)) {
			for _, r := range rows {
				row(r[0], r[1])
			}
		})
	}
	if c.examples != "" {
		fmt.Fprintf(&b, "\nExamples:\n\n  %s\n", strings.ReplaceAll(c.examples, "\n", "\n  "))
	}
	if c.commands != nil {
		fmt.Fprintf(&b, "\n%s COMMAND -h says more about a command.\n", fullName(path))
	}
	return b.String()
}

// flagRows lists the flags in the order of their names, as `-name VALUE` and what it means.
func flagRows(flags *flag.FlagSet) (rows [][2]string) {
	flags.VisitAll(func(f *flag.Flag) {
		value, meaning := flag.UnquoteUsage(f)
		name := strings.TrimSpace("-" + f.Name + " " + value)
		switch f.DefValue {
		case "", "false":
		default:
			meaning += " (default " + f.DefValue + ")"
		}
		rows = append(rows, [2]string{name, meaning})
	})
	return rows
}

func columns(b *strings.Builder, fill func(row func(left, right string))) {
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fill(func(left, right string) { _, _ = fmt.Fprintf(w, "  %s\t%s\n", left, right) })
	_ = w.Flush() // a strings.Builder takes everything
}

// fullName is how the last command of path is typed.
func fullName(path []*command) string {
	var names []string
	for _, c := range path {
		names = append(names, c.name)
	}
	return strings.Join(names, " ")
}

// sentence makes a sentence of a summary.
func sentence(s string) string {
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
