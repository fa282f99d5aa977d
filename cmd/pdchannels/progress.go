// The line on a terminal that shows how far a delivery is.
package main

import (
	"fmt"
	"strings"
	"time"
)

// redraw is how often the line may change: more often nobody can read.
const redraw = 100 * time.Millisecond

// progress draws one line over and over. A nil *progress draws nothing. It is not safe for
// use by several goroutines.
type progress struct {
	to    *output
	start time.Time
	size  int64 // of the input, in bytes; below 1 if nobody knows

	last    string // what stands there
	drawn   time.Time
	visible bool
}

func (p *progress) move(counts [fates]int, read int64) {
	if p == nil {
		return
	}
	p.last = p.text(counts, read, time.Since(p.start))
	if time.Since(p.drawn) >= redraw {
		p.draw(p.last)
	}
}

// note adds why nothing moves.
func (p *progress) note(text string) {
	if p != nil {
		p.draw(strings.TrimPrefix(p.last+" · "+text, " · "))
	}
}

// text says what has been done, how fast, and when it may be over.
func (p *progress) text(counts [fates]int, read int64, elapsed time.Duration) string {
	done := 0
	for _, n := range counts {
		done += n
	}
	parts := []string{fmt.Sprintf("%d delivered", counts[delivered])}
	if left := done - counts[delivered]; left > 0 {
		parts = append(parts, fmt.Sprintf("%d not", left))
	}
	if elapsed > 0 {
		parts = append(parts, fmt.Sprintf("%.1f a second", float64(done)/elapsed.Seconds()))
	}
	if p.size > 0 && read > 0 && read <= p.size {
		left := time.Duration(float64(elapsed) * float64(p.size-read) / float64(read))
		parts = append(parts, fmt.Sprintf("%d %%, %v left", 100*read/p.size, left.Round(time.Second)))
	}
	return strings.Join(parts, " · ")
}

func (p *progress) draw(text string) {
	// Without the wrapping of lines: a text wider than the terminal is cut, and one line it stays.
	p.to.print("\r\x1b[?7l" + text + "\x1b[K\x1b[?7h")
	p.drawn, p.visible = time.Now(), true
}

// clear takes the line away, so that another can be written.
func (p *progress) clear() {
	if p != nil && p.visible {
		p.to.print("\r\x1b[K")
		p.visible = false
		p.drawn = time.Time{}
	}
}
