// The lines that are read, and not yet done with.

package main

import (
	"fmt"
	"sync"
)

// Messages are delivered side by side, and so their fates come out of order. What bounds how
// far apart, and how much has to be remembered to keep the undelivered in the order of the input:
const (
	maxOpenLines = 16 << 10 // a minute of messages at the fastest limit there is: as long as one may take
	maxOpenBytes = 64 << 20
)

// openLines are the lines from the first one of unknown fate on. It is safe for use by several
// goroutines.
type openLines struct {
	kept *undelivered

	mu    sync.Mutex
	moved *sync.Cond
	queue []openLine
	first int // the index of the first of the queue
	bytes int
	err   error // of the file
}

// openLine is a line whose fate is not known, or whose turn to be written has not come.
type openLine struct {
	line
	settled, keep bool
}

func newOpenLines(kept *undelivered) *openLines {
	o := &openLines{kept: kept}
	o.moved = sync.NewCond(&o.mu)
	return o
}

// add takes in a line, when there is room, and returns its index, counted from 0. It is not ok when the file
// of the undelivered has failed: then no line should be read.
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

// number is that of an open line in the input.
func (o *openLines) number(index int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queue[index-o.first].number
}

// settle decides on an open line, and writes what is to be kept and has only settled lines before it. The
// error is of the file.
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
