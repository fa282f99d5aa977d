package main

// This file is the tree of commands, and the way from a command line to an exit code.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
)

// The exit codes, as those of pdchannels.
const (
	exitDone = iota
	exitFailed
	exitUsage
	exitIncomplete
)

const about = `Keep messages for Pipedrive in a database until they are delivered. Unofficial.

--db says where: sqlite:FILE for one machine, postgres://… for many; or set
PDCHANNELS_OUTBOX_DB, which may hold a password. Each command brings the database's schema
up to date.

An installation is COMPANY:USER, such as 1001:42. run finds its tokens where pdchannels login or your
app has stored them:

  PIPEDRIVE_STORE              the directory of stored logins, or postgres://… for the store
                               of wrapper/scale/pgstore; --store overrides it
  PIPEDRIVE_CLIENT_ID          the app, and
  PIPEDRIVE_CLIENT_SECRET      its secret, or
  PIPEDRIVE_CLIENT_SECRET_FILE the name of a file that holds it
  PIPEDRIVE_OAUTH_URL          the OAuth server if it is not Pipedrive's, as an emulator
  PIPEDRIVE_BASE_URL           the URL before /channels; else the login's
  PIPEDRIVE_ACCESS_TOKEN       one token for every installation, or
  PIPEDRIVE_API_TOKEN          a user's API token, for a try; stored logins are then not used

Exit codes: 0 done; 1 failed; 2 the command line, a setting or the input is wrong; 3 incomplete:
some messages are parked. With --json results and errors are JSON objects on stdout.`

// environment is all that a command sees of the world around it.
type environment struct {
	getenv func(string) string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	json   bool
	db     string
	apps   []*auth.App
	pools  []*pgxpool.Pool
}

func rootCommand(env *environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "pdchannels-outbox",
		Short: "Keep messages for Pipedrive in a database until they are delivered",
		Long:  about,
		Example: `  pdchannels-outbox append --db sqlite:outbox.db --installation 1001:42 --file messages.jsonl
  pdchannels-outbox run --db sqlite:outbox.db
  pdchannels-outbox stats --db sqlite:outbox.db`,
		Version:       channels.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.PersistentFlags().BoolVar(&env.json, "json", false, "print results as JSON objects")
	root.PersistentFlags().StringVar(&env.db, "db", "", "the `DATABASE`: sqlite:FILE or postgres://…; else PDCHANNELS_OUTBOX_DB")
	root.AddCommand(runCommand(env), appendCommand(env), listCommand(env), parkedCommand(env),
		changeCommand(env, "retry", "Deliver parked messages anew, and then the rest of their conversations", (*outbox.Outbox).Retry),
		changeCommand(env, "drop", "Remove parked messages; the rest of their conversations is delivered without them", (*outbox.Outbox).Drop),
		statsCommand(env), migrateCommand(env))
	return root
}

// run carries out one command line and returns the exit code of the process.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	env := &environment{getenv: getenv, stdin: stdin, stdout: stdout, stderr: stderr}
	root := rootCommand(env)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	c, err := root.ExecuteContextC(ctx)
	env.close(ctx)
	return env.finish(c, err)
}

// close lets refreshes end, whose tokens would be lost otherwise.
func (env *environment) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for _, app := range env.apps {
		if err := app.Wait(ctx); err != nil {
			_, _ = fmt.Fprintln(env.stderr, "warning:", harmless(err.Error()))
		}
	}
	for _, pool := range env.pools {
		pool.Close()
	}
}

// usageError is a command line, a setting or an input that cannot be right.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errIncomplete is a result that was printed, and is not what was hoped for.
var errIncomplete = errors.New("incomplete")

func (env *environment) finish(c *cobra.Command, err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errIncomplete):
		return exitIncomplete
	}
	code := exitFailed
	if errors.As(err, new(usageError)) || strings.HasPrefix(err.Error(), "unknown command") || strings.HasPrefix(err.Error(), "required flag") {
		code = exitUsage
	}
	if env.json {
		env.say(map[string]any{"error": map[string]any{"message": err.Error()}}, "")
	} else {
		_, _ = fmt.Fprintf(env.stderr, "%s: %s\n", c.CommandPath(), harmless(err.Error()))
	}
	if code == exitUsage {
		_, _ = fmt.Fprintf(env.stderr, "Help: %s --help\n", c.CommandPath())
	}
	return code
}

// say prints a result: the sentence, or with --json the object.
func (env *environment) say(object any, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if env.json {
		encoded, err := json.Marshal(object)
		if err != nil {
			encoded = []byte(`{"error":{"message":"the result is no JSON"}}`)
		}
		text = string(encoded)
	}
	_, _ = fmt.Fprintln(env.stdout, harmless(text))
}

// harmless spells out what could steer a terminal. As \u202e it is still JSON.
func harmless(text string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		if unicode.IsGraphic(r) || r == '\n' {
			b.WriteRune(r)
		} else {
			_, _ = fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
