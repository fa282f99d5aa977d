// Reading JSON lines within bounds, without losing a byte of what cannot be used.

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
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

// readLines reads the input in a goroutine of its own, since reading a pipe cannot be interrupted,
// and closes the channel at the end. Once done is closed, the goroutine ends with its current read.
func readLines(in io.Reader, done <-chan struct{}) <-chan line {
	lines := make(chan line)
	go func() {
		defer close(lines)
		r := bufio.NewReaderSize(in, maxLine+1)
		l := line{number: 1, whole: true}
		if err := unfit(r); err != nil {
			send(lines, line{err: err}, done)
			return
		}
		for {
			text, err := r.ReadSlice('\n')
			l.last = !errors.Is(err, bufio.ErrBufferFull)
			l.whole = l.whole && l.last
			l.text = bytes.Clone(bytes.TrimSuffix(text, []byte("\n")))
			if !l.rest {
				l.text = bytes.TrimPrefix(l.text, []byte(byteOrderMark)) // also where files were joined
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

// spansLines reports whether a text begins with JSON that does not end with its first line.
func spansLines(text, first []byte) bool {
	var value json.RawMessage
	return string(first) == "{" || !json.Valid(first) && json.NewDecoder(bytes.NewReader(text)).Decode(&value) == nil && bytes.ContainsRune(value, '\n')
}

// unfit looks at how the input begins, and says what it is if it is no JSON lines at all.
func unfit(r *bufio.Reader) error {
	head, _ := r.Peek(1) // waits for the input; an error comes again when it is read
	if len(head) == 1 {
		head, _ = r.Peek(r.Buffered())
	}
	const refusal = "the input is %s, and --file takes JSON lines, one object a line: %s"
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n")
	first, _, _ := bytes.Cut(head, []byte("\n"))
	first = bytes.TrimRight(first, " \t\r")
	switch {
	case looksLikeUTF16(head, 0), looksLikeUTF16(head, 1):
		return usage(refusal, "UTF-16", "convert it by iconv -f UTF-16 -t UTF-8, or in PowerShell write it with Out-File -Encoding utf8")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte{0x1F, 0x8B}), bytes.IndexByte(head, 0) >= 0:
		return usage(refusal, "a binary or compressed file", "export or unpack it first")
	case bytes.HasPrefix(first, []byte("[")):
		return usage(refusal, "a JSON array", "jq -c '.[]' takes it apart")
	case bytes.HasPrefix(first, []byte("<")):
		return usage(refusal, "XML or HTML", "export JSON")
	case bytes.HasPrefix(first, []byte("{")) && spansLines(head, first):
		return usage(refusal, "JSON spread over several lines", "jq -c . joins them")
	case !bytes.HasPrefix(first, []byte("{")) && (bytes.Count(first, []byte(",")) > 1 || bytes.Count(first, []byte(";")) > 1 || bytes.Count(first, []byte("\t")) > 1):
		return usage(refusal, "a table, such as CSV", "export JSON, or convert each row to an object")
	default:
		return nil
	}
}

func send(lines chan<- line, l line, done <-chan struct{}) bool {
	select {
	case lines <- l:
		return true
	case <-done:
		return false
	}
}
