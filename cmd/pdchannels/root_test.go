package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// eachCommand calls do for every command and group, with the words that name it.
func eachCommand(c *cobra.Command, do func(c *cobra.Command, words []string)) {
	do(c, strings.Fields(c.CommandPath())[1:])
	for _, sub := range c.Commands() {
		if sub.Name() != "help" {
			eachCommand(sub, do)
		}
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	eachCommand(rootCommand(new(environment)), func(c *cobra.Command, words []string) {
		name := c.CommandPath()
		long := pdchannels(t, nil, append(slices.Clip(words), "--help")...)
		long.wants(t, exitDone, "Usage:\n  "+name, "")
		for _, args := range [][]string{append(slices.Clip(words), "-h"), append([]string{"-help"}, words...), append([]string{"help"}, words...)} {
			if got := pdchannels(t, nil, args...); got != long {
				t.Errorf("%q says something else than %s --help:\n%+v", args, name, got)
			}
		}
		if !c.HasSubCommands() && c.Parent().Name() != "completion" && strings.TrimSpace(c.Example) == "" {
			t.Errorf("%s has no example", name)
		}
		for _, sub := range c.Commands() {
			if !strings.Contains(long.stdout, "\n  "+sub.Name()+" ") || !strings.Contains(long.stdout, sub.Short) {
				t.Errorf("%s --help does not list %s", name, sub.Name())
			}
		}
		for text := range strings.Lines(long.stdout) {
			if strings.HasSuffix(strings.TrimRight(text, "\n"), " ") {
				t.Errorf("%s --help has a line with blanks at its end: %q", name, text)
			}
		}
	})
}

func TestHelpNamesExitCodesAndSettings(t *testing.T) {
	t.Parallel()
	help := pdchannels(t, nil, "help").stdout
	for _, want := range []string{
		"\n  0  done", "\n  1  failed", "\n  2  ", "\n  3  ", "\n  4  ",
		"PIPEDRIVE_BASE_URL", "PIPEDRIVE_ACCESS_TOKEN ", "PIPEDRIVE_ACCESS_TOKEN_FILE", "PIPEDRIVE_API_TOKEN ", "PIPEDRIVE_API_TOKEN_FILE",
	} {
		if !strings.Contains(help, want) {
			t.Errorf("pdchannels help does not mention %q", want)
		}
	}
}

func TestTheDocCommentNamesEveryCommand(t *testing.T) {
	t.Parallel()
	doc := readFile(t, "doc.go")
	eachCommand(rootCommand(new(environment)), func(c *cobra.Command, _ []string) {
		if name := c.CommandPath(); !c.HasSubCommands() && c.Parent().Name() != "completion" && !strings.Contains(doc, name) {
			t.Errorf("the doc comment does not mention %q", name)
		}
	})
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                                "a command is missing: channel, check,",
		"channel":                         "a command is missing: add, delete",
		"chanel":                          `unknown command "chanel"; did you mean channel?`,
		"channel remove":                  `unknown command "remove"; did you mean delete?`,
		"message send":                    "did you mean receive?",
		"channel list":                    `unknown command "list"; there are add, delete`,
		"channel add --colour red":        "unknown flag: --colour",
		"channel add shop":                `unexpected argument "shop"`,
		"--base-url x demo":               "unknown flag: --base-url",
		"probe --timeout soon":            `invalid argument "soon" for "--timeout" flag`,
		"channel add --id shop-1":         "--name is missing",
		"channel add --name Shop --id ..": `--id is ".."`,
		"channel delete":                  "--id is missing",
		"conversation delete --id c-1":    "--channel is missing",
		"channel add --name Shop --id s --avatar-url not-a-url": "--avatar-url is not an absolute",
		"message receive":                                     "--file",
		"message receive --id m --file x":                     "--id describes a message, but the messages come from --file x",
		"message receive --id m --undelivered x":              "--undelivered goes with --file",
		"message receive --id m --patience 1h":                "--patience goes with --file",
		"message receive --patience -1s --file x":             "--patience -1s is negative",
		"message receive --attempts 0 --file root_test.go":    "--attempts 0: a call takes at least 1",
		"message receive --login 7 --file no-such-file":       "no-such-file",
		"message receive --id m --attachment id=a,size=big":   `size cannot be "big"`,
		"message receive --id m --attachment id=a,colour=red": `unknown key "colour"`,
		"message receive --id m --attachment id=a,id=b":       "id is given twice",
		"message receive --id m --created-at yesterday":       `--created-at is "yesterday"`,
		"message receive --id m --reply-by never":             `--reply-by is "never"`,
		"message receive --file no-such-file":                 "no-such-file",
		"message receive --file .":                            "is a folder",
		"emulator --addr 8484":                                "--addr 8484 is not of the form HOST:PORT",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			env := vars{"PIPEDRIVE_ACCESS_TOKEN": "token", "PIPEDRIVE_BASE_URL": "http://127.0.0.1:1"}
			r := pdchannels(t, env, strings.Fields(args)...)
			r.wants(t, exitUsage, "", want)
			if !strings.Contains(r.stderr, "\nHelp: pdchannels") || !strings.HasPrefix(r.stderr, "pdchannels") {
				t.Errorf("no name of the command, or no way to its help: %s", r.stderr)
			}
		})
	}
}

func TestWrongUseAsJSON(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"--json nonsense", "channel add --colour red --json", "--json channel add --name Shop", "channel --json add --name Shop"} {
		r := pdchannels(t, nil, strings.Fields(args)...)
		message, _ := field(r.object(t), "error", "message").(string)
		if r.code != exitUsage || message == "" || field(r.object(t), "error", "outcome") != "not_sent" {
			t.Errorf("%s: exit code %d, %s", args, r.code, r.stdout)
		}
	}
}

// Scripts that were written for single dashes go on.
func TestOldSpellings(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "messages.jsonl", "")
	for _, args := range [][]string{
		{"message", "receive", "-check", "-file", file}, {"message", "receive", "-check=true", "-file=" + file}, {"-file", file, "message", "-json", "receive", "-check"},
	} {
		if r := pdchannels(t, nil, args...); r.code != exitDone {
			t.Errorf("%q: exit code %d, %s", args, r.code, r.stderr)
		}
	}
	message := []string{"-id", "-file", "-channel", "add", "-conversation=-c", "-sender", "help", "-status", "sent", "-text", "-check"}
	pdchannels(t, nil, append([]string{"message", "receive", "-check"}, message...)...).wants(t, exitDone, "The message is well formed", "")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	version := pdchannels(t, nil, "version")
	version.wants(t, exitDone, "pdchannels 0.", "")
	for _, flag := range []string{"--version", "-version", "-v"} {
		if got := pdchannels(t, nil, flag); got != version {
			t.Errorf("%s: %+v", flag, got)
		}
	}
	if v := field(pdchannels(t, nil, "version", "--json").object(t), "version"); v == nil {
		t.Error("no version in the JSON object")
	}
}

// fullDisk is a writer that takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAResultThatCannotBeWrittenIsNoSuccess(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	code := run(t.Context(), []string{"version"}, vars{}.getenv, nil, fullDisk{}, &stderr)
	result{code, "", stderr.String()}.wants(t, exitFailed, "", "the result could not be written: no space left on device")
}
