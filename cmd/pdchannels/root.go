// The tree of commands, and the way from a command line to an exit code.

package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// environment is all that a command sees of the world around it.
type environment struct {
	getenv func(string) string
	stdin  io.Reader
	stdout *output
	stderr *output
	json   bool // print the result as one JSON object
	browse func(url string) error
	apps   []*auth.App // whose refreshes finish before the process ends
}

const aboutAll = `Pipedrive's Channels API on the command line. Unofficial.

Settings come from flags and from the environment; no flag takes a secret.

  PIPEDRIVE_BASE_URL           the URL before /channels, such as
                               https://company.pipedrive.com/api/v1; --base-url overrides it
  PIPEDRIVE_ACCESS_TOKEN       an OAuth access token, or
  PIPEDRIVE_ACCESS_TOKEN_FILE  the name of a file that holds it, or
  PIPEDRIVE_API_TOKEN          a user's API token, or
  PIPEDRIVE_API_TOKEN_FILE     the name of a file that holds it. Set one of these four,
                               or none to use what pdchannels login stored

  PIPEDRIVE_PLAIN_HTTP         1 allows http beyond this machine, as --plain-http does

  PIPEDRIVE_CLIENT_ID          the app, for check, login, logout and a stored login
  PIPEDRIVE_CLIENT_SECRET      its secret, or
  PIPEDRIVE_CLIENT_SECRET_FILE the name of a file that holds it
  PIPEDRIVE_OAUTH_URL          the OAuth server if it is not Pipedrive's, as an emulator
  PIPEDRIVE_STORE              the directory of stored logins; --store overrides it

Exit codes:

  0  done
  1  failed: the request was refused, the checked app or file is at fault, or something
     on this machine did not work
  2  the command line, a setting or the input is wrong; nothing was sent
  3  unsure or incomplete: the outcome of a request is unknown, some messages were not
     delivered, or not everything could be checked
  4  the API answered 401, 403 or 429: not for you, or not now

pdchannels-outbox, a command of its own, keeps messages in a database until they are delivered:
go install github.com/pdchannels/pdchannels/wrapper/scale/cmd/pdchannels-outbox@latest.

"go run" replaces all of these by 1: for scripts, build the command with make build or
go install github.com/pdchannels/pdchannels/cmd/pdchannels@latest.

With --json the result is one JSON object on stdout, and so is an error:
{"error": {"operation", "outcome", "status", "code", "message", …}}, where outcome is
not_sent, unknown or answered.`

// rootCommand is the whole tree, bound to one environment.
func rootCommand(env *environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "pdchannels",
		Short: "Pipedrive's Channels API on the command line",
		Long:  aboutAll,
		Example: `pdchannels demo
pdchannels help message receive
pdchannels probe --json`,
		Version:       channels.Version,
		SilenceErrors: true, // finish reports them
		SilenceUsage:  true,
	}
	root.SetVersionTemplate(versionLine() + "\n")
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 100"))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.PersistentFlags().BoolVar(&env.json, "json", false, "print the result as one JSON object")

	for _, group := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"try", "Try it on this machine:", []*cobra.Command{demoCommand(env), emulatorCommand(env)}},
		{"app", "Your app:", []*cobra.Command{checkCommand(env), manifestCommand(env), loginCommand(env), logoutCommand(env)}},
		{"api", "The API:", []*cobra.Command{
			probeCommand(env),
			family("channel", "Register and delete channels", channelAddCommand(env), channelDeleteCommand(env)),
			family("message", "Deliver messages", messageReceiveCommand(env)),
			family("conversation", "Delete conversations", conversationDeleteCommand(env)),
		}},
	} {
		root.AddGroup(&cobra.Group{ID: group.id, Title: group.title})
		for _, c := range group.commands {
			c.GroupID = group.id
			root.AddCommand(c)
		}
	}
	root.AddCommand(versionCommand(env))
	root.InitDefaultHelpCmd()
	complete(root)
	root.InitDefaultCompletionCmd()
	return root
}

// complete fills in what cobra wants of each command, and no command should have to repeat.
func complete(c *cobra.Command) {
	if c.Example != "" {
		c.Example = "  " + strings.ReplaceAll(c.Example, "\n", "\n  ")
	}
	if c.HasParent() && c.Long != "" {
		c.Long = c.Short + ".\n\n" + c.Long
	}
	for _, sub := range c.Commands() {
		complete(sub)
	}
}

// unsureAdvice is the annotation that says what to do when the outcome of a request is unknown.
const unsureAdvice = "unsure"

func unsure(advice string) map[string]string { return map[string]string{unsureAdvice: advice} }

// completes has the shell complete a flag from words.
func completes(c *cobra.Command, flag string, words ...cobra.Completion) {
	register(c, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// completesFiles has the shell complete flags from the names of files.
func completesFiles(c *cobra.Command, flags ...string) {
	for _, flag := range flags {
		register(c, flag, cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault))
	}
}

func register(c *cobra.Command, flag string, complete cobra.CompletionFunc) {
	if err := c.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // there is no such flag
	}
}

// family is a command that does nothing by itself.
func family(name, short string, members ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: short}
	c.AddCommand(members...)
	return c
}

// run carries out one command line and returns the exit code of the process. It ends early
// with ctx, and then still keeps every message that was not delivered.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	env := &environment{
		getenv: getenv,
		stdin:  stdin,
		stdout: &output{to: stdout},
		stderr: &output{to: stderr},
		browse: openBrowser,
	}
	env.stdout.colour, env.stderr.colour = env.hasColour(env.stdout), env.hasColour(env.stderr)
	root := rootCommand(env)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	c, line, err := parseWords(root, args)
	if err == nil {
		root.SetArgs(line)
		c, err = root.ExecuteContextC(ctx)
	}
	env.settle(ctx)
	return env.finish(c, err, args)
}

// usageError is a command line, a setting or an input that cannot be right. Nothing was sent.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }
