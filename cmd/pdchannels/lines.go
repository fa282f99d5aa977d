// Reading JSON lines: bounded, and without losing a byte of what cannot be used.

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// maxLine is how long a line may be, without its end.
const maxLine = 1 << 20

// line is a line of the input, or a piece of one that is longer than maxLine.
type line struct {
	number int    // from 1; the pieces of a line share it
	text   []byte // without the end of the line
	whole  bool   // this is all of the line
	rest   bool   // this is not the beginning of the line
	last   bool   // nothing of this line follows
	err    error  // the input cannot be read any further; all else is unset
}

func (l line) blank() bool { return l.whole && len(bytes.TrimSpace(l.text)) == 0 }

// message is parseMessage for a line that may be too long.
func (l line) message() (channels.ReceiveMessageRequest, error) {
	if !l.whole {
		return channels.ReceiveMessageRequest{}, fmt.Errorf("longer than %d bytes", maxLine)
	}
	return parseMessage(l.text)
}

// readLines reads in on a goroutine of its own, since reading a pipe cannot be interrupted,
// and hands over line by line; it closes the channel at the end. Once done is closed, the
// goroutine ends with the read that it is in.
func readLines(in io.Reader, done <-chan struct{}) <-chan line {
	lines := make(chan line)
	go func() {
		defer close(lines)
		r := bufio.NewReaderSize(in, maxLine+1)
		l := line{number: 1, whole: true}
		for first := true; ; first = false {
			text, err := r.ReadSlice('\n')
			l.last = !errors.Is(err, bufio.ErrBufferFull)
			l.whole = l.whole && l.last
			l.text = bytes.Clone(bytes.TrimSuffix(text, []byte("\n")))
			if first {
				l.text = bytes.TrimPrefix(l.text, []byte("\uFEFF")) // as some editors begin a file
			}
			if len(text) > 0 && !send(lines, l, done) {
				return
			}
			switch {
			case err == nil:
				l = line{number: l.number + 1, whole: true}
			case l.last:
				if !errors.Is(err, io.EOF) {
					send(lines, line{err: fmt.Errorf("reading the input after line %d: %w", l.number-1, err)}, done)
				}
				return
			default:
				l.whole, l.rest = false, true
			}
		}
	}()
	return lines
}

func send(lines chan<- line, l line, done <-chan struct{}) bool {
	select {
	case lines <- l:
		return true
	case <-done:
		return false
	}
}
