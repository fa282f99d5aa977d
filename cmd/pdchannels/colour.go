// Colours of a terminal.

package main

import (
	"regexp"
	"strconv"
)

// palette colours text, or leaves it as it is if false.
type palette bool

// ownColour is an escape that paint writes, at the beginning of a text.
var ownColour = regexp.MustCompile("^\x1b\\[(?:0|1|2|31|32|33)m")

const longestColour = len("\x1b[31m")

func (p palette) paint(code, text string) string {
	if !p {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p palette) bold(s string) string { return p.paint("1", s) }
func (p palette) dim(s string) string  { return p.paint("2", s) }
func (p palette) good(s string) string { return p.paint("32", s) }
func (p palette) warn(s string) string { return p.paint("33", s) }
func (p palette) bad(s string) string  { return p.paint("31", s) }

// status colours an HTTP status by its class.
func (p palette) status(status int) string {
	text := strconv.Itoa(status)
	switch {
	case status >= 500:
		return p.bad(text)
	case status >= 300:
		return p.warn(text)
	default:
		return p.good(text)
	}
}
