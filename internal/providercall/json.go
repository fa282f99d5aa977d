// JSON without a tree: an answer is looked at in place, so that judging it takes no memory
// of its own, whatever the app sends.

package providercall

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

// maxElements bounds the elements of all lists of an answer together. Two bytes of JSON become
// some 150 bytes of a decoded element, so the bound on bytes alone bounds too little.
//
// Our choice: a page of 30 conversations of 30 messages has some 3,000.
const maxElements = 50_000

// elements counts the elements of all lists in a text, or more if the text is not JSON.
func elements(text []byte) (n int) {
	var lists []bool // for each open bracket, whether it is a list's
	for i := 0; i < len(text) && len(lists) <= maxNesting; i++ {
		switch text[i] {
		case '"':
			i = endOfString(text, i) - 1
		case '[', '{':
			lists = append(lists, text[i] == '[')
			if text[i] == '[' {
				n++
			}
		case ']', '}':
			lists = lists[:max(len(lists)-1, 0)]
		case ',':
			if len(lists) > 0 && lists[len(lists)-1] {
				n++
			}
		}
	}
	return n
}

// maxNesting is as deep as encoding/json goes; what is nested deeper is no JSON to it.
const maxNesting = 10_000

// members yields the members of an object with their names, and the elements of a list without.
// The text is valid JSON without blanks around it.
func members(text []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for i := skipSpace(text, 1); text[i] != '}' && text[i] != ']'; {
			var name []byte
			if text[0] == '{' {
				end := endOfString(text, i)
				name = unquote(text[i:end])
				i = skipSpace(text, skipSpace(text, end)+1)
			}
			end := endOfValue(text, i)
			if !yield(name, text[i:end]) {
				return
			}
			if i = skipSpace(text, end); text[i] == ',' {
				i = skipSpace(text, i+1)
			}
		}
	}
}

// unquote reads a name. One that is longer than any in the document reads as empty.
func unquote(text []byte) []byte {
	switch {
	case len(text) > maxName:
		return nil
	case bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text):
		return text[1 : len(text)-1]
	}
	var name string
	_ = json.Unmarshal(text, &name) // it is valid JSON
	return []byte(name)
}

// maxName is more than the longest name in the document takes, with each of its characters escaped.
const maxName = 200

func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// endOfString is where the string ends that begins at i.
func endOfString(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(text))
}

// endOfValue is where the value ends that begins at i.
func endOfValue(text []byte, i int) int {
	switch text[i] {
	case '"':
		return endOfString(text, i)
	case '{', '[':
		for depth := 0; i < len(text); i++ {
			switch text[i] {
			case '"':
				i = endOfString(text, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
		return i
	}
	if n := bytes.IndexAny(text[i:], ",]} \t\n\r"); n >= 0 {
		return i + n
	}
	return len(text)
}
