// What a user reads: fields by the names that the user wrote, and odd text in quotes.

package main

import (
	"errors"
	"strconv"
	"strings"
	"unicode"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// fieldNames map the Go fields of a request to what the user wrote: a flag, or a key of a JSON line.
type fieldNames map[string]string

// translate names the field of a *channels.FieldError as the user does.
func (names fieldNames) translate(err error) error {
	e, ok := errors.AsType[*channels.FieldError](err)
	if !ok {
		return err
	}
	parts := strings.Split(e.Field, ".")
	for i, part := range parts {
		name, index := part, ""
		if n := strings.IndexByte(part, '['); n >= 0 {
			name, index = part[:n], part[n:]
		}
		if i > 0 {
			name = attachmentNames[name]
		} else if known, ok := names[name]; ok {
			name = known
		}
		parts[i] = name + index
	}
	return errors.New(strings.Join(parts, ".") + " " + e.Problem)
}

// printable quotes text that would not look like itself on a terminal.
func printable(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) || r == unicode.ReplacementChar }) {
		return strconv.Quote(s)
	}
	return s
}
