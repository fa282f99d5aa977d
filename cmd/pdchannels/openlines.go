// The lines that were read and are not yet settled.

package main

import (
	"fmt"
	"sync"
)

// Messages are delivered side by side, so their fates come out of order. These bound how far
// apart, and how much is remembered to keep undelivered lines in the order of the input.
const (
	maxOpenLines = 16 << 10 // a minute of messages at the highest limit, and one message takes no longer
	maxOpenBytes = 64 << 20
)

// openLines are the lines from the first unsettled one on. It is safe for concurrent use.
type openLines struct {
	kept *undelivered

	mu    sync.Mutex
	moved *sync.Cond
	queue []openLine
	first int // the index of the first of the queue
	bytes int
	err   error // of the file
}

// openLine is a line whose fate is unknown, or that waits for an earlier one to be written.
type openLine struct {
	line
	settled, keep bool
}

func newOpenLines(kept *undelivered) *openLines {
	o := &openLines{kept: kept}
	o.moved = sync.NewCond(&o.mu)
	return o
}

// add waits for room, adds a line and returns its index, counted from 0. It is not ok after the
// file has failed: then no more lines should be read.
func (o *openLines) add(l line) (index int, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil && (len(o.queue) >= maxOpenLines || o.bytes >= maxOpenBytes) {
		o.moved.Wait()
	}
	o.queue = append(o.queue, openLine{line: l})
	o.bytes += len(l.text)
	return o.first + len(o.queue) - 1, o.err == nil
}

// number is the number of an open line in the input.
func (o *openLines) number(index int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queue[index-o.first].number
}

// settle records whether to keep an open line, and writes the kept lines that only settled ones
// precede. The error is the file's.
func (o *openLines) settle(index int, keep bool) (line, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := &o.queue[index-o.first]
	l := at.line
	at.settled, at.keep = true, keep
	if !keep {
		o.bytes -= len(l.text)
		at.text = nil
	}
	for len(o.queue) > 0 && o.queue[0].settled {
		if head := o.queue[0]; head.keep {
			o.write(head.line)
		}
		o.queue = o.queue[1:]
		o.first++
	}
	o.moved.Signal()
	return l, o.err
}

// write writes a line, unless the file has failed before.
func (o *openLines) write(l line) {
	o.bytes -= len(l.text)
	if o.err != nil {
		return
	}
	if err := o.kept.write(l); err != nil {
		o.err = fmt.Errorf("line %d, and what was not delivered of all after it, is not kept: %w", l.number, err)
	}
}

// failed is the error of the file, if it has failed.
func (o *openLines) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}
