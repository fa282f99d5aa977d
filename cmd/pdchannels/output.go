// What a command prints: results, errors and exit codes, for people or as JSON.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// The exit codes; aboutAll documents them.
const (
	exitDone = iota
	exitFailed
	exitUsage
	exitUnsure
	exitNotAllowed
)

// output is one of the streams. Whatever is written to it is harmless on a terminal, wherever
// it came from. It may be written from several goroutines, and remembers that a write failed.
type output struct {
	mu     sync.Mutex
	to     io.Writer
	colour palette // whether colours of our own may pass
	err    error
}

func (o *output) Write(b []byte) (int, error) {
	if err := o.send(harmless(string(b), o.colour)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// send writes text of our own, escapes included.
func (o *output) send(text string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := io.WriteString(o.to, text)
	if o.err == nil {
		o.err = err
	}
	return err
}

// harmless spells out what could steer a terminal or pass for other text: control characters,
// those that turn the direction of writing, and what is not UTF-8. As \u202e it is still JSON.
func harmless(text string, colour palette) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case bool(colour) && r == '\x1b' && ownColour.MatchString(text[i:min(len(text), i+longestColour)]):
			size = strings.IndexByte(text[i:], 'm') + 1
			fallthrough
		case r != utf8.RuneError && (unicode.IsGraphic(r) || r == '\n' || r == '\t'), r == utf8.RuneError && size > 1:
			b.WriteString(text[i : i+size])
		case r == utf8.RuneError:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	return b.String()
}

func (o *output) print(text string)                 { _, _ = io.WriteString(o, text) }
func (o *output) printf(format string, args ...any) { _, _ = fmt.Fprintf(o, format, args...) }

func (o *output) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// isTerminal reports whether o is a terminal that can move its cursor.
func (env *environment) isTerminal(o *output) bool {
	f, ok := o.to.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && env.getenv("TERM") != "dumb"
}

// hasColour follows https://no-color.org.
func (env *environment) hasColour(o *output) palette {
	return palette(env.isTerminal(o) && env.getenv("NO_COLOR") == "")
}

// say prints the result of a command: the sentence, or with --json the object.
func (env *environment) say(object any, format string, args ...any) {
	if !env.json {
		env.stdout.printf(format+"\n", args...)
		return
	}
	encoder := json.NewEncoder(env.stdout)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(object) // env.stdout remembers that it failed
}

// reported is the exit code of a command that has printed its result already.
type reported int

func (r reported) Error() string { return fmt.Sprintf("exit code %d", int(r)) }

// finish prints the error, if there is one, and returns the exit code.
func (env *environment) finish(c *cobra.Command, err error, args []string) int {
	code := exitCode(err)
	if err != nil && !errors.As(err, new(reported)) {
		if env.json || asksForJSON(args) {
			env.json = true
			env.say(map[string]any{"error": describe(err)}, "")
		} else {
			env.stderr.printf("%s: %s\n", c.CommandPath(), plain(err))
		}
		if errors.As(err, new(usageError)) {
			env.stderr.printf("Help: %s --help\n", c.CommandPath())
		}
		if errors.Is(err, auth.ErrReauthorize) {
			env.stderr.print("Log in again: pdchannels login\n")
		}
		if advice := c.Annotations[unsureAdvice]; code == exitUnsure && advice != "" {
			env.stderr.printf("%s\n", advice)
		}
	}
	if failed := env.stdout.failed(); failed != nil && code == exitDone {
		env.stderr.printf("%s: done, but the result could not be written: %v\n", c.CommandPath(), failed)
		code = exitFailed
	}
	return code
}

// asksForJSON reports whether a command line has --json, even one that cannot be parsed.
func asksForJSON(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return arg == "-json" || arg == "--json" })
}

func exitCode(err error) int {
	if code, ok := errors.AsType[reported](err); ok {
		return int(code)
	}
	e, ok := errors.AsType[*channels.Error](err)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, new(usageError)):
		return exitUsage
	case !ok:
		return exitFailed
	case e.Outcome == channels.Unknown:
		return exitUnsure
	case errors.Is(e, channels.ErrUnauthorized), errors.Is(e, channels.ErrForbidden), errors.Is(e, channels.ErrRateLimited):
		return exitNotAllowed
	default:
		return exitFailed
	}
}

// plain is the text of an error without the names of Go packages.
func plain(err error) string {
	text := err.Error()
	for _, prefix := range []string{"channels: ", "new client: ", "auth: ", "filestore: ", "the callback: ", "emulator: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}

// errorObject is an error as --json prints it.
type errorObject struct {
	Operation         string  `json:"operation,omitempty"`
	Outcome           string  `json:"outcome"`
	Status            int     `json:"status,omitempty"`
	Code              string  `json:"code,omitempty"`
	Message           string  `json:"message"`
	Info              string  `json:"info,omitempty"`
	RetryAfterSeconds float64 `json:"retry_after_seconds,omitempty"`
	CorrelationID     string  `json:"correlation_id,omitempty"`
}

func describe(err error) errorObject {
	e, ok := errors.AsType[*channels.Error](err)
	if !ok {
		if answer, ok := errors.AsType[*auth.Error](err); ok {
			return errorObject{Outcome: outcomeName(channels.Rejected), Status: answer.StatusCode, Code: answer.Code, Message: plain(err)}
		}
		return errorObject{Outcome: outcomeName(channels.NotSent), Message: plain(err)}
	}
	message := e.Message
	if e.Err != nil {
		message = strings.TrimPrefix(message+": "+e.Err.Error(), ": ")
	}
	return errorObject{
		Operation:         e.Operation,
		Outcome:           outcomeName(e.Outcome),
		Status:            e.StatusCode,
		Code:              e.Code,
		Message:           message,
		Info:              e.Info,
		RetryAfterSeconds: e.RetryAfter.Seconds(),
		CorrelationID:     e.CorrelationID,
	}
}

func outcomeName(o channels.Outcome) string {
	switch o {
	case channels.NotSent:
		return "not_sent"
	case channels.Rejected:
		return "answered"
	default:
		return "unknown"
	}
}
