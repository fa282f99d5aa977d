package secret

// This file finds a credential in whatever spelling. At each position of the text it knows
// the characters that decoding can yield there: the one that stands there, and those of the
// escapes that begin there. A credential is found by following these from one to the next, so
// that no order of decoding needs to be guessed.

import (
	"html"
	"iter"
	"strings"
	"unicode/utf8"
)

const (
	// maxWork bounds the steps of one search. Ordinary text takes about one a byte.
	maxWork = 1 << 20
	// maxEntity bounds the name of an HTML entity; the longest has 33 letters.
	maxEntity = 40
)

// A span is a part of the text, of which end is the first position that is not in it.
type span struct{ start, end int }

// A char is what decoding yields for the text up to end.
type char struct {
	value rune
	end   int
}

type search struct {
	text    string
	escaped map[int][]char // by where an escape begins, for all ways to read it
	work    int
}

// find returns the spans of all spellings, in no order. It reports false if it gave up, or if one
// was found in whose place nothing can be shown.
func find(text string, spellings []spelling) (found []span, ok bool) {
	s := &search{text: text, escaped: map[int][]char{}}
	for i := len(text) - 1; i >= 0; i-- { // backwards: an escape may be made of escapes
		if startsEscape(rune(text[i])) {
			s.decode(i)
		}
	}
	// A match is a spelling that has been followed so far.
	type match struct{ spelling, matched, start int }
	at := map[int][]match{} // by the position that each has reached
	var begins [256]bool    // whether a spelling begins with this byte
	for _, p := range spellings {
		begins[p.text[0]], begins[strings.ToUpper(p.text)[0]] = true, true
	}
	apart := make([]bool, len(text)+1) // whether a word may begin here
	apart[0] = true
	for i := range len(text) {
		reached := at[i]
		if b := rune(text[i]); len(reached) == 0 && !startsEscape(b) && !begins[text[i]] {
			apart[i+1] = apart[i+1] || !isWord(b)
			continue // most bytes
		}
		delete(at, i)
		for c := range s.at(i) {
			if !isWord(c.value) {
				apart[c.end] = true
			}
			if isSkipped(c.value) {
				at[c.end] = append(at[c.end], reached...)
				continue
			}
			step := func(m match) (shown bool) {
				s.work++
				p := &spellings[m.spelling]
				switch {
				case rune(p.text[m.matched]) != fold(c.value):
				case m.matched+1 < len(p.text):
					at[c.end] = append(at[c.end], match{m.spelling, m.matched + 1, m.start})
				case !p.short:
					found = append(found, p.widen(text, span{m.start, c.end}))
				default:
					return !apart[m.start] || !s.endsWord(c.end)
				}
				return true
			}
			for _, m := range reached {
				if !step(m) {
					return nil, false
				}
			}
			for n := range spellings {
				if !step(match{n, 0, i}) {
					return nil, false
				}
			}
		}
		if s.work > maxWork {
			return nil, false
		}
	}
	for _, m := range at[len(text)] { // cut off within a secret
		if p := &spellings[m.spelling]; !p.short && m.matched >= min(8, (3*len(p.text)+3)/4) {
			found = append(found, p.widen(text, span{m.start, len(text)}))
		}
	}
	return found, true
}

// at yields what decoding can yield at a position.
func (s *search) at(i int) iter.Seq[char] {
	return func(yield func(char) bool) {
		if s.work++; i >= len(s.text) || s.work > maxWork || !yield(char{rune(s.text[i]), i + 1}) {
			return
		}
		for _, c := range s.escaped[i] {
			if !yield(c) {
				return
			}
		}
	}
}

// decode notes what escapes begin at a position.
func (s *search) decode(i int) {
	s.escaped[i] = s.escapes(nil, char{rune(s.text[i]), i + 1})
	for n := 0; n < len(s.escaped[i]) && s.work <= maxWork; n++ { // %2541 is %41, which is A
		s.escaped[i] = s.escapes(s.escaped[i], s.escaped[i][n])
	}
}

// escapes appends what the escapes that begin with the character c decode to.
func (s *search) escapes(to []char, c char) []char {
	switch c.value {
	case '%':
		to = s.hex(to, char{0, c.end}, 2)
	case '&':
		return s.entity(to, "&", c.end)
	case '\\':
	default:
		return to
	}
	for next := range s.at(c.end) {
		switch next.value {
		case 'u':
			to = s.hex(to, char{0, next.end}, 4)
		case 'x':
			to = s.hex(to, char{0, next.end}, 2)
		}
	}
	return to
}

// hex appends the values of so many hexadecimal digits after those that sum holds.
func (s *search) hex(to []char, sum char, digits int) []char {
	if digits == 0 {
		return append(to, sum)
	}
	for c := range s.at(sum.end) {
		switch r := fold(c.value); {
		case r >= '0' && r <= '9':
			to = s.hex(to, char{sum.value<<4 | (r - '0'), c.end}, digits-1)
		case r >= 'a' && r <= 'f':
			to = s.hex(to, char{sum.value<<4 | (r - 'a' + 10), c.end}, digits-1)
		}
	}
	return to
}

// entity appends the values of an HTML entity that begins with name and goes on at i. A
// numeric one may end anywhere, and some named ones need no semicolon.
func (s *search) entity(to []char, name string, i int) []char {
	for c := range s.at(i) {
		if c.value != '#' && c.value != ';' && !isWord(c.value) || len(name) > maxEntity {
			continue
		}
		longer := name + string(c.value)
		if leading := strings.TrimRight(longer, "0"); leading == "&#" || leading == "&#x" || leading == "&#X" {
			longer = leading // zeros before a number, however many
		}
		decoded := html.UnescapeString(longer)
		if r, size := utf8.DecodeRuneInString(decoded); decoded != longer && size == len(decoded) {
			to = append(to, char{r, c.end})
		}
		if c.value != ';' {
			to = s.entity(to, longer, c.end)
		}
	}
	return to
}

// endsWord reports whether a word may end before i.
func (s *search) endsWord(i int) bool {
	for c := range s.at(i) {
		if !isWord(c.value) {
			return true
		}
	}
	return i == len(s.text)
}

func startsEscape(r rune) bool { return r == '%' || r == '\\' || r == '&' }

// isSkipped reports whether a character is passed over in text and secret alike: what is not
// seen, what URLs read as a space, and what escapes itself.
func isSkipped(r rune) bool { return r <= ' ' || r >= 0x7f || r == '+' || r == '\\' }

func isWord(r rune) bool { return r >= '0' && r <= '9' || fold(r) >= 'a' && fold(r) <= 'z' }

func fold(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}
