// The commands, and how the words of a command line find theirs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// environment is all that a command sees of the world around it.
type environment struct {
	getenv func(string) string
	stdin  io.Reader
	stdout *output
	stderr *output
	json   bool // the result is to be one JSON object
	browse func(url string) error
	apps   []*auth.App // whose refreshes are waited for at the end
}

// command is one command, or a group of them.
type command struct {
	name     string
	synopsis string // what follows the name on the usage line
	summary  string // one line, for the list of the group
	about    string // what help says beyond that
	examples string
	unsure   string // what to do when a request was sent and no answer tells what came of it

	commands []*command // of a group; a group does nothing by itself

	// setup declares the flags and returns what the command does once they are parsed.
	setup func(*flag.FlagSet, *environment) action
}

type action func(context.Context) error

func commands() *command {
	return &command{
		name:    "pdchannels",
		summary: "Pipedrive's Channels API on the command line. Unofficial.",
		about:   aboutAll,
		commands: []*command{
			demoCommand(),
			emulatorCommand(),
			checkCommand(),
			manifestCommand(),
			loginCommand(),
			logoutCommand(),
			probeCommand(),
			{name: "channel", summary: "register and delete channels", commands: []*command{channelAddCommand(), channelDeleteCommand()}},
			{name: "message", summary: "deliver messages", commands: []*command{messageReceiveCommand()}},
			{name: "conversation", summary: "delete conversations", commands: []*command{conversationDeleteCommand()}},
			versionCommand(),
			{name: "help", synopsis: "[command]", summary: "say more about a command", setup: nil},
		},
		examples: `pdchannels demo
pdchannels help message receive
pdchannels probe --json`,
	}
}

// run carries out one command line and returns the exit code of the process. It ends early
// with ctx, and then keeps what it promises about messages that were not delivered.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	env := &environment{
		getenv: getenv,
		stdin:  stdin,
		stdout: &output{to: stdout},
		stderr: &output{to: stderr},
		browse: openBrowser,
	}
	path, err := env.dispatch(ctx, []*command{commands()}, args)
	env.settle(ctx)
	return env.finish(path, err, args)
}

// dispatch follows the words of args down to a command and runs it. It returns the
// commands on the way, for the texts of errors.
func (env *environment) dispatch(ctx context.Context, path []*command, args []string) ([]*command, error) {
	c := path[len(path)-1]
	flags := newFlagSet()
	if c.commands == nil {
		act := c.setup(flags, env)
		if err := parse(flags, args); err != nil {
			return path, env.orHelp(path, err)
		}
		if flags.NArg() > 0 {
			return path, usage("unexpected argument %q: everything is given by flags", flags.Arg(0))
		}
		return path, act(ctx)
	}

	// The flags common to all commands may stand before the command as well: they are
	// parsed here to find where they end, and handed on.
	new(settings).declare(flags, env)
	if err := parse(flags, args); err != nil {
		return path, env.orHelp(path, err)
	}
	before, words := args[:len(args)-flags.NArg()], flags.Args()
	if len(words) == 0 {
		return path, usage("a command is missing: %s", strings.Join(c.names(), ", "))
	}
	if words[0] == "help" {
		return env.help(path, words[1:])
	}
	next := c.find(words[0])
	if next == nil {
		return path, usage("there is no command %q; there are %s", words[0], strings.Join(c.names(), ", "))
	}
	return env.dispatch(ctx, append(path, next), slices.Concat(before, words[1:]))
}

// help shows what the words name, as `pdchannels help channel add`.
func (env *environment) help(path []*command, words []string) ([]*command, error) {
	for _, word := range words {
		if word == "-h" || word == "--help" {
			continue
		}
		next := path[len(path)-1].find(word)
		if next == nil {
			return path, usage("there is no command %q to help with", word)
		}
		path = append(path, next)
	}
	if path[len(path)-1].name == "help" {
		path = path[:1]
	}
	return path, env.orHelp(path, flag.ErrHelp)
}

func (env *environment) orHelp(path []*command, err error) error {
	if !errors.Is(err, flag.ErrHelp) {
		return err
	}
	env.stdout.print(helpText(path))
	return nil
}

func (c *command) find(name string) *command {
	for _, sub := range c.commands {
		if sub.name == name {
			return sub
		}
	}
	return nil
}

func (c *command) names() []string {
	var names []string
	for _, sub := range c.commands {
		names = append(names, sub.name)
	}
	return names
}

func newFlagSet() *flag.FlagSet {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are returned, and reported in one place
	return flags
}

func parse(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return usage("%w", err)
}

// usageError is a command line, a setting or an input that cannot be right. Nothing was sent.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }
