// The line on a terminal that shows progress.

package main

import "time"

// redraw is how often the line changes, slowly enough to read.
const redraw = 100 * time.Millisecond

// statusLine is one line that is redrawn. A nil *statusLine draws nothing. It is not safe for
// concurrent use.
type statusLine struct {
	to      *output
	drawn   time.Time
	visible bool
}

// newStatusLine returns nil if stderr is not a terminal.
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
	// Line wrapping is off, so a text wider than the terminal is cut and stays one line.
	_ = l.to.send("\r\x1b[?7l" + harmless(text, false) + "\x1b[K\x1b[?7h") // l.to remembers that it failed
	l.drawn, l.visible = time.Now(), true
}

// clear removes the line, so that another can be written.
func (l *statusLine) clear() {
	if l != nil && l.visible {
		_ = l.to.send("\r\x1b[K")
		l.visible = false
		l.drawn = time.Time{}
	}
}
