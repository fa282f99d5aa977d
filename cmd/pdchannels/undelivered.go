// The file of undelivered messages.

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// undelivered is a file of lines that can be delivered again. Nothing is buffered, so lines
// survive a process that is killed.
type undelivered struct {
	file  keeper
	size  int64 // of what was written
	whole int64 // of the lines in it that are whole
	lines int   // how many those are
}

// keeper is what is needed of an *os.File.
type keeper interface {
	io.WriteCloser
	Name() string
	Truncate(size int64) error
}

// numbered is the name of a file of undelivered messages, without its extension.
var numbered = regexp.MustCompile(`^(.*\.undelivered)(?:-(\d{1,6}))?$`)

// undeliveredName derives a name from that of the input: messages.undelivered.jsonl, and for
// that one messages.undelivered-2.jsonl.
func undeliveredName(input string) string {
	if input == "-" {
		return "stdin.undelivered.jsonl"
	}
	ext := filepath.Ext(input)
	if ext == ".undelivered" { // of an input without an extension
		ext = ""
	}
	name := strings.TrimSuffix(input, ext)
	earlier := numbered.FindStringSubmatch(name)
	if earlier == nil {
		return name + ".undelivered" + ext
	}
	n, _ := strconv.Atoi(earlier[2]) // 0 without a number
	return fmt.Sprintf("%s-%d%s", earlier[1], max(n, 1)+1, ext)
}

// createUndelivered fails if the file exists: it may hold the messages of an earlier run.
func createUndelivered(name string) (*undelivered, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the user names the file
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("%s exists, and may hold messages that an earlier run did not deliver: deliver or move it, or name another file with --undelivered", name)
	case err != nil:
		return nil, fmt.Errorf("cannot create the file for undelivered messages: %w; name another one with --undelivered", err)
	}
	return &undelivered{file: f}, nil
}

// write adds a line, or a piece of one. After an error nothing of the line is left behind.
func (u *undelivered) write(l line) error {
	text := l.text
	if l.last {
		text = append(text, '\n')
	}
	if _, err := u.file.Write(text); err != nil {
		u.size = u.whole
		return errors.Join(withoutPath(err), u.file.Truncate(u.size))
	}
	u.size += int64(len(text))
	if l.last {
		u.whole = u.size
		u.lines++
	}
	return nil
}

// close removes the file if nothing was written. After an error nobody knows what is in it.
func (u *undelivered) close() error {
	if err := u.file.Close(); err != nil {
		u.lines = 0
		return err
	}
	if u.size == 0 {
		return os.Remove(u.file.Name())
	}
	return nil
}
