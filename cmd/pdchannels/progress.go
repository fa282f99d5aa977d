// The progress of a delivery: a status line on a terminal, else a log line now and then.

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

const (
	logEvery = 10 * time.Second
	// The rate is that of the last seconds: after an hour of waiting, the average says nothing.
	samplesKept = 10
	sampleEvery = time.Second
)

// progress is not safe for concurrent use.
type progress struct {
	line *statusLine // nil if there is no terminal
	log  *output
	size int64 // of the input, in bytes; below 1 if unknown

	samples []sample  // the oldest first
	logged  time.Time // when a line of the log was written
	last    string    // what it said
}

// sample is the progress at one moment.
type sample struct {
	at   time.Time
	done int
	read int64 // bytes of what is done
}

func newProgress(line *statusLine, log *output, size int64, start time.Time) *progress {
	return &progress{line: line, log: log, size: size, samples: []sample{{at: start}}, logged: start}
}

// show draws the status line, or logs when it is time.
func (p *progress) show(counts [fates]int, read int64, state channels.LimiterState, now time.Time) {
	s := sample{at: now, read: read}
	for _, n := range counts {
		s.done += n
	}
	text := p.text(counts, s, state)
	if latest := p.samples[len(p.samples)-1]; now.Sub(latest.at) >= sampleEvery {
		p.samples = append(p.samples[max(0, len(p.samples)-samplesKept+1):], s)
	}
	switch {
	case p.line != nil:
		p.line.draw(text)
	case now.Sub(p.logged) >= logEvery && text != p.last: // in a long wait there is nothing to add
		p.log.print(text + "\n")
		p.logged, p.last = now, text
	}
}

// text says how many messages are done, how fast, what they wait for, and how long it will take.
func (p *progress) text(counts [fates]int, s sample, state channels.LimiterState) string {
	parts := []string{fmt.Sprintf("%d delivered", counts[delivered])}
	if left := s.done - counts[delivered]; left > 0 {
		parts = append(parts, fmt.Sprintf("%d not", left))
	}
	waiting := waitsFor(state, s.at)
	from := p.samples[0]
	period := s.at.Sub(from.at)
	if waiting == "" && period > 0 {
		rate, limit := float64(s.done-from.done)/period.Seconds(), float64(state.Limit)/limitPeriod.Seconds()
		if state.Waiting > 0 {
			// A whole period's requests may go at once, and lines that are not sent count too.
			parts = append(parts, fmt.Sprintf("%.1f a second of the %g allowed", min(rate, limit), limit))
		} else {
			parts = append(parts, fmt.Sprintf("%.1f a second", rate))
		}
	}
	if p.size > 0 && s.read > 0 && s.read <= p.size {
		part := fmt.Sprintf("%d %%", 100*s.read/p.size)
		if moved := s.read - from.read; waiting == "" && moved > 0 {
			left := time.Duration(float64(period) * float64(p.size-s.read) / float64(moved))
			part += fmt.Sprintf(", %v left", left.Round(time.Second))
		}
		parts = append(parts, part)
	}
	if waiting != "" {
		parts = append(parts, waiting)
	}
	return strings.Join(parts, " · ")
}

// limitPeriod is what LimiterState.Limit counts the requests of.
const limitPeriod = 2 * time.Second

// waitsFor says why nothing is being sent; empty if something is.
func waitsFor(state channels.LimiterState, now time.Time) string {
	switch {
	case state.NextProbe.After(now):
		return fmt.Sprintf("waiting: %v, next try at %s; Ctrl-C keeps the rest", state.Refusing, clock(state.NextProbe, now))
	case state.Refusing != nil:
		return fmt.Sprintf("trying again after: %v", state.Refusing)
	case state.HeldUntil.After(now):
		return fmt.Sprintf("waiting until %s, as a 429 asks for", clock(state.HeldUntil, now))
	default:
		return ""
	}
}

// clock is a time of day, with the day if that is another.
func clock(t, now time.Time) string {
	if t.YearDay() == now.YearDay() {
		return t.Format("15:04:05")
	}
	return t.Format("15:04 on 2 January")
}
