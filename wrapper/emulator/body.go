// The bytes of a body: JSON without ambiguity.

package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a body; the document needs three levels.
const maxDepth = 32

// decode reads exactly one JSON value; see [rule.JSON] for what it refuses.
func decode(raw []byte) (any, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, errors.New("the body is empty")
	}
	if !utf8.Valid(raw) {
		return nil, errors.New("the body is not UTF-8")
	}
	if bytes.Contains(raw, []byte(`\u`)) && loneSurrogate.Match(wholeEscapes.ReplaceAll(raw, nil)) {
		return nil, errors.New("the body has half of a surrogate pair, which stands for no character")
	}
	if !json.Valid(raw) {
		err := json.Unmarshal(raw, new(json.RawMessage))
		return nil, fmt.Errorf("the body is not JSON that can be relied on: %w", err)
	}
	r := reader{rest: raw}
	value := r.value(0)
	if r.err != nil {
		return nil, fmt.Errorf("the body is not JSON that can be relied on: %w", r.err)
	}
	return value, nil
}

// The decoder would replace half a pair in silence, and two ids could become the same. A
// backslash that is itself escaped begins no escape.
var (
	wholeEscapes  = regexp.MustCompile(`\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`)
	loneSurrogate = regexp.MustCompile(`\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)
)

// reader reads JSON that encoding/json has found valid, in one pass and without its tokens: what it
// adds is the depth, and keys that come twice.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) value(depth int) any {
	if depth > maxDepth {
		r.fail(fmt.Errorf("it is nested deeper than %d levels", maxDepth))
	}
	switch r.next() {
	case '{':
		object := map[string]any{}
		for r.more('}') {
			key := r.text()
			r.skip() // the colon
			if _, twice := object[key]; twice {
				r.fail(fmt.Errorf("the key %q comes twice", key))
			}
			object[key] = r.value(depth + 1)
		}
		return object
	case '[':
		list := []any{}
		for r.more(']') {
			list = append(list, r.value(depth+1))
		}
		return list
	case '"':
		return r.text()
	case 't', 'f', 'n':
		word := string(r.until(",]} \t\r\n"))
		if word == "null" {
			return nil
		}
		return word == "true"
	default:
		return json.Number(r.until(",]} \t\r\n"))
	}
}

// fail ends the reading: nothing is left.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

// next is the first byte that is no white space; 0 at the end.
func (r *reader) next() byte {
	r.rest = bytes.TrimLeft(r.rest, " \t\r\n")
	if len(r.rest) == 0 {
		return 0
	}
	return r.rest[0]
}

// skip passes over one byte, and the white space before it.
func (r *reader) skip() {
	if r.next() != 0 {
		r.rest = r.rest[1:]
	}
}

// more passes over what opens a list or parts its items, and tells whether there is one to read.
func (r *reader) more(end byte) bool {
	if c := r.next(); c == 0 || c == end {
		r.skip()
		return false
	}
	r.skip()
	if c := r.next(); c == end || c == 0 {
		r.skip()
		return false
	}
	return true
}

func (r *reader) until(end string) []byte {
	n := bytes.IndexAny(r.rest, end)
	if n < 0 {
		n = len(r.rest)
	}
	word := r.rest[:n]
	r.rest = r.rest[n:]
	return word
}

// text reads a string.
func (r *reader) text() string {
	if r.next() != '"' {
		return ""
	}
	for i := 1; i < len(r.rest); i++ {
		switch r.rest[i] {
		case '\\':
			i++
		case '"':
			quoted := r.rest[:i+1]
			r.rest = r.rest[i+1:]
			if bytes.IndexByte(quoted, '\\') < 0 {
				return string(quoted[1:i])
			}
			var s string
			_ = json.Unmarshal(quoted, &s) // it is valid
			return s
		}
	}
	return ""
}
