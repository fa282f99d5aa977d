// The line on a terminal that shows how far something is.

package main

import "time"

// redraw is how often the line should change: more often nobody can read.
const redraw = 100 * time.Millisecond

// statusLine is one line that is drawn over and over. A nil *statusLine draws nothing. It is not
// safe for use by several goroutines.
type statusLine struct {
	to      *output
	drawn   time.Time
	visible bool
}

// newStatusLine returns nil if nobody is watching.
func newStatusLine(env *environment) *statusLine {
	if !env.isTerminal(env.stderr) {
		return nil
	}
	return &statusLine{to: env.stderr}
}

func (l *statusLine) draw(text string) {
	if l == nil {
		return
	}
	// Without the wrapping of lines: a text wider than the terminal is cut, and one line it stays.
	_ = l.to.send("\r\x1b[?7l" + harmless(text, false) + "\x1b[K\x1b[?7h") // l.to remembers that it failed
	l.drawn, l.visible = time.Now(), true
}

// clear takes the line away, so that another can be written.
func (l *statusLine) clear() {
	if l != nil && l.visible {
		_ = l.to.send("\r\x1b[K")
		l.visible = false
		l.drawn = time.Time{}
	}
}
