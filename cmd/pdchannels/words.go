// The words of a command line, checked and put in the order that cobra parses best.

package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// suggestionDistance is how many letters of a misspelt command may be wrong for a suggestion.
const suggestionDistance = 2

// parseWords finds the command that args name, and returns args with the names of commands
// first. It does what cobra leaves out: an unknown command or help topic is an error at every
// depth, flags may stand before the command, and -file is --file.
func parseWords(root *cobra.Command, args []string) (c *cobra.Command, line []string, err error) {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return root, args, nil // a shell asks for completions
	}
	c = root
	var words, flags []string
	help := false
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			continue // there are no arguments that could look like flags
		case arg == "help" && c.HasSubCommands():
			help = true
			continue
		case !strings.HasPrefix(arg, "-") || arg == "-":
			if c, err = nextCommand(c, arg); err != nil {
				return c, nil, err
			}
			words = append(words, arg)
			continue
		case len(arg) > 2 && arg[1] != '-':
			arg = "-" + arg
		}
		flags = append(flags, arg)
		name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		f := findFlag(c, name)
		switch {
		case f == nil && !c.HasSubCommands():
			return c, slices.Concat(words, flags), nil // help, or a flag that cobra will refuse
		case f != nil && f.NoOptDefVal == "" && !hasValue && i+1 < len(args):
			i++
			flags = append(flags, args[i])
		}
	}
	asked := slices.ContainsFunc(flags, func(flag string) bool {
		return slices.Contains([]string{"-h", "--help", "-v", "--version"}, flag)
	})
	switch {
	case help:
		return c, slices.Concat([]string{"help"}, words), nil
	case c.HasSubCommands() && !c.Runnable() && !asked:
		return c, nil, usage("a command is missing: %s", strings.Join(names(c), ", "))
	default:
		return c, slices.Concat(words, flags), nil
	}
}

// nextCommand is the command of c with that name. Beside an error it returns c.
func nextCommand(c *cobra.Command, name string) (*cobra.Command, error) {
	for _, next := range c.Commands() {
		if next.Name() == name {
			return next, nil
		}
	}
	if !c.HasSubCommands() {
		return c, usage("unexpected argument %q: everything is given by flags", name)
	}
	c.SuggestionsMinimumDistance = suggestionDistance
	advice := "there are " + strings.Join(names(c), ", ")
	if near := c.SuggestionsFor(name); len(near) > 0 {
		advice = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return c, usage("unknown command %q; %s", name, advice)
}

func names(c *cobra.Command) (names []string) {
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	return names
}

// findFlag looks for a flag of c, or of a command below it.
func findFlag(c *cobra.Command, name string) *pflag.Flag {
	if f := c.Flag(name); f != nil {
		return f
	}
	for _, sub := range c.Commands() {
		if f := findFlag(sub, name); f != nil {
			return f
		}
	}
	return nil
}
