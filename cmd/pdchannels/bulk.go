// message receive --file: the files of a delivery, and how it ends.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// many delivers the messages of a file, or only reads them with --check.
func (c *receive) many(ctx context.Context, env *environment, flags *pflag.FlagSet) error {
	var err error
	flags.Visit(func(f *pflag.Flag) {
		if describesMessage(f.Name) {
			err = usage("--%s describes a message, but the messages come from --file %s", f.Name, printable(c.file))
		}
	})
	if c.patience < 0 {
		err = usage("--patience %v is negative; 0 stops at the first limit that lasts", c.patience)
	}
	if err != nil {
		return err
	}
	in, size, err := c.open(env)
	if err != nil {
		return usageError{err}
	}
	defer func() { _ = in.Close() }() // only read
	if c.check {
		return checkLines(ctx, env, in)
	}
	return c.deliver(ctx, env, in, size)
}

// open opens the input; size is below 0 if it is not known.
func (c *receive) open(env *environment) (in io.ReadCloser, size int64, err error) {
	if c.file == "-" {
		return io.NopCloser(env.stdin), -1, nil
	}
	size = -1
	f, err := os.Open(c.file)
	if err != nil {
		return nil, size, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, size, errors.Join(err, f.Close())
	case info.IsDir():
		return nil, size, errors.Join(fmt.Errorf("%s is a folder; --file takes a file of JSON lines, or - for stdin", c.file), f.Close())
	case info.Mode().IsRegular():
		size = info.Size()
	}
	return f, size, nil
}

// deliver delivers the input. Everything that can fail here fails before the first message is sent.
func (c *receive) deliver(ctx context.Context, env *environment, in io.Reader, size int64) error {
	report := newReport(env, size)
	client, _, err := c.client(ctx, env, channels.WithObserver(report.requests.observer()))
	if err != nil {
		return err
	}
	name := c.undelivered
	switch {
	case name != "":
	case size < 0 && c.file != "-":
		return usage("%s is not a regular file: name a file for undelivered messages with --undelivered", printable(c.file))
	default:
		name = undeliveredName(c.file)
	}
	kept, err := createUndelivered(name)
	if err != nil {
		return usageError{err}
	}
	defer context.AfterFunc(ctx, func() { report.interrupted(name) })()

	d := delivery{client: client, patience: c.patience, open: newOpenLines(kept), report: report}
	err = errors.Join(d.run(ctx, in), kept.close())
	if errors.As(err, new(usageError)) {
		return err // it is no file of messages, and nothing was sent
	}
	if ctx.Err() != nil {
		report.interrupted(name) // in case it ended before AfterFunc ran
	}
	left := report.summary(name, kept.lines, err)
	if err != nil && !env.json {
		env.stderr.printf("pdchannels message receive: %v\n", err)
	}
	switch {
	case err != nil && !errors.Is(err, errInputOpen):
		return reported(exitFailed)
	case d.denied:
		return reported(exitNotAllowed)
	case err != nil || left > 0:
		return reported(exitUnsure)
	default:
		return nil
	}
}

// checkLines reads all messages and reports what is wrong with them. It sends nothing.
func checkLines(ctx context.Context, env *environment, in io.Reader) error {
	report := newReport(env, -1)
	done := make(chan struct{})
	defer close(done)
	lines := readLines(in, done)
	for {
		l, err := next(ctx, lines)
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		} else if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		if l.rest || l.blank() {
			continue
		}
		if _, err := l.message(); err != nil {
			report.problem(l.number, "", err)
			report.count(unreadable, l)
		} else {
			report.count(delivered, l)
		}
	}
	good, bad := report.counts[delivered], report.counts[unreadable]
	env.say(map[string]any{
		"check":    map[string]int{"messages": good + bad, "unreadable": bad},
		"problems": report.problems, "problems_left_out": report.leftOut,
	}, "%d of %d messages are well formed. Nothing was sent.", good, good+bad)
	if bad > 0 {
		return reported(exitUsage)
	}
	return nil
}
