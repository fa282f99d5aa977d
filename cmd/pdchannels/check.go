// The command check.

package main

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/examples/messenger"
	"github.com/pdchannels/pdchannels/wrapper/conformance"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// checkSettings are the flags of check.
type checkSettings struct {
	conformance.Config
	baseURL, file string
	maxTime       time.Duration
	verbose       bool
}

func checkCommand(env *environment) *cobra.Command {
	var s checkSettings
	c := &cobra.Command{
		Use:   "check {--provider URL | --manifest FILE} [flags]",
		Short: "Call an app as Pipedrive would, and report how its answers differ from what is documented",
		Long: `The app may be written in any language. Its client id and secret stand in PIPEDRIVE_CLIENT_ID and
PIPEDRIVE_CLIENT_SECRET, or the name of a file that holds the secret in PIPEDRIVE_CLIENT_SECRET_FILE.

It reads the history of a channel, people, templates and single messages; it calls with wrong
credentials, unknown and hostile ids, and limits that make no sense.

It writes up to ten messages, which say that they are a test: into the conversation that
--conversation names; without it into the first open one of an app on this machine, and into
none of an app elsewhere. With wrong credentials, which an app has to refuse, it writes on a
channel that does not exist. --no-messages leaves all that out. No channel that exists is
deleted, unless --delete-channel is given.

Only the app is called, and by HEAD, without credentials, the links that it says expire: over
https at public addresses, and on this machine if the app is there too.

A violation is against what Pipedrive published, a risk is not, but may bring trouble. Both are
grouped by what causes them, first what to fix first; after a fix, --only RULE shows whether it holds.

  passed       no violations; there may be risks             exit code 0
  violation    at least one                                  exit code 1
  not_checked  none, but not all could be checked, or the
               run was interrupted: see the report           exit code 3`,
		Example: `pdchannels check --provider http://127.0.0.1:3000 --channel whatsapp-1
pdchannels check --manifest manifest.json --channel whatsapp-1 --conversation conversation-17
pdchannels check --provider https://messenger.example/pipedrive --channel whatsapp-1 --no-messages --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.check(cmd.Context(), s)
		},
	}
	flags := c.Flags()
	flags.StringVar(&s.baseURL, "provider", "", "the `URL` before /channels at which the app serves its endpoints")
	flags.StringVar(&s.file, "manifest", "", "the `FILE` or URL of the app's manifest, instead; - is stdin")
	flags.StringVar(&s.Channel, "channel", messenger.Channel, "the `ID` of a channel that the app knows, with a history")
	flags.StringVar(&s.Conversation, "conversation", "", "the `ID` of the conversation to write messages into")
	flags.BoolVar(&s.NoMessages, "no-messages", false, "write no messages")
	flags.BoolVar(&s.DeleteChannel, "delete-channel", false, "delete the channel at the end")
	flags.IntVar(&s.Pages, "pages", 100, "take a list to be endless after `N` pages")
	flags.DurationVar(&s.CallTimeout, "timeout", 10*time.Second, "the `TIME` that a call may take")
	flags.StringSliceVar(&s.Only, "only", nil, "report findings of `RULE` alone; may be given again")
	flags.DurationVar(&s.maxTime, "max-time", 10*time.Minute, "the `TIME` that the whole run may take")
	flags.BoolVarP(&s.verbose, "verbose", "v", false, "show every request with the beginning of its answer")
	declarePlainHTTP(flags, &s.Provider.PlainHTTP)
	completesFiles(c, "manifest")
	return c
}

// checkMemory is what a check may take, unless GOMEMLIMIT says otherwise: an app may answer with 8 MiB of anything.
const checkMemory = 40 << 20

func (env *environment) check(ctx context.Context, s checkSettings) error {
	if limit := debug.SetMemoryLimit(-1); limit == math.MaxInt64 {
		debug.SetMemoryLimit(checkMemory)
		defer debug.SetMemoryLimit(limit)
	}
	if err := s.complete(env); err != nil {
		return err
	}
	if line := s.writes(); line != "" {
		env.stderr.print(line)
	}
	line := newStatusLine(env)
	s.Progress = func(title string, calls int) {
		if line != nil && time.Since(line.drawn) >= redraw {
			line.draw(fmt.Sprintf("%d calls · %s", calls, title))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.maxTime)
	defer cancel()
	start := time.Now()
	report, err := conformance.Run(ctx, s.Config)
	line.clear()
	if report.Checks == nil {
		return usageError{err}
	}
	// That it was interrupted, the report tells.
	if env.json {
		env.say(map[string]any{"check": report}, "")
	} else {
		text := checkReport{Report: report, palette: env.stdout.colour, verbose: s.verbose}
		env.stdout.print(text.text(time.Since(start)))
	}
	switch report.Verdict {
	case conformance.Violated:
		return reported(exitFailed)
	case conformance.NotChecked:
		return reported(exitUnsure)
	default:
		return nil
	}
}

// complete finds the app and its credentials.
func (s *checkSettings) complete(env *environment) error {
	switch {
	case (s.baseURL == "") == (s.file == ""):
		return usage("say which app: by --provider URL or by --manifest FILE")
	case s.Pages < 1, s.CallTimeout <= 0, s.maxTime <= 0:
		return usage("--pages, --timeout and --max-time are above zero")
	}
	if err := absolute("--provider", s.baseURL); err != nil {
		return err
	}
	var err error
	if s.ClientID, err = env.clientID(); err != nil {
		return err
	}
	secret, err := env.clientSecret()
	if err != nil {
		return err
	}
	s.ClientSecret = emulator.NewSecret(secret.Reveal())
	if s.Provider.PlainHTTP, err = env.allows(s.Provider.PlainHTTP); err != nil {
		return err
	}
	s.Provider.BaseURL = s.baseURL
	switch {
	case isURL(s.file):
		s.Provider.ManifestURL = s.file
	case s.file != "":
		data, _, wrong, err := env.readManifest(s.file)
		if err != nil {
			return err
		}
		if len(wrong) > 0 {
			return usage("the manifest %s has to be corrected first; nothing was called:\n  %s", printable(s.file), strings.Join(wrong, "\n  "))
		}
		s.Provider.Manifest = data
	}
	return nil
}

// writes says ahead of the run what may come of it.
func (s *checkSettings) writes() string {
	var lines string
	switch {
	case s.NoMessages:
	case s.Conversation != "":
		lines += fmt.Sprintf("Test messages are written into the conversation %s; --no-messages leaves them out.\n", printable(s.Conversation))
	default:
		lines += "If the app is on this machine, test messages are written into its first open conversation; --no-messages leaves them out.\n"
	}
	if s.DeleteChannel {
		lines += fmt.Sprintf("At the end the channel %s is deleted.\n", printable(s.Channel))
	}
	return lines
}
