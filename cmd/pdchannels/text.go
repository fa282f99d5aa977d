// Text as people's editors, shells and clipboards leave it: understood, or refused with a reason.

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const byteOrderMark = "\uFEFF"

// decodeText turns the content of a file into UTF-8 without a byte order mark. It names the
// encoding if that was another one.
func decodeText(data []byte) (text, encoding string, err error) {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE, 0, 0}), bytes.HasPrefix(data, []byte{0, 0, 0xFE, 0xFF}):
		return "", "", errors.New("it is UTF-32: save it as UTF-8")
	case bytes.HasPrefix(data, []byte(byteOrderMark)):
		encoding, data = "UTF-8 with a byte order mark", data[len(byteOrderMark):]
		fallthrough
	default:
		if !utf8.Valid(data) {
			return "", "", errors.New("it is not UTF-8: save it as UTF-8")
		}
		return string(data), encoding, nil
	case looksLikeUTF16(data, 1):
	case looksLikeUTF16(data, 0):
		order = binary.BigEndian
	}
	if len(data)%2 != 0 {
		return "", "", errors.New("it is UTF-16 that breaks off: save it as UTF-8")
	}
	var b strings.Builder
	for i := 0; i < len(data); i += 2 {
		r := rune(order.Uint16(data[i:]))
		if utf16.IsSurrogate(r) {
			if i += 2; i < len(data) {
				r = utf16.DecodeRune(r, rune(order.Uint16(data[i:])))
			}
			if r == utf8.RuneError || utf16.IsSurrogate(r) {
				return "", "", errors.New("it is UTF-16 with half a character in it: save it as UTF-8")
			}
		}
		b.WriteRune(r)
	}
	return strings.TrimPrefix(b.String(), byteOrderMark), "UTF-16", nil
}

// looksLikeUTF16 tells UTF-16 by its byte order mark, or by a first character below U+0100:
// high is where in a pair the high byte stands.
func looksLikeUTF16(data []byte, high int) bool {
	return len(data) > 1 && (data[high] == 0xFE && data[1-high] == 0xFF || data[high] == 0 && data[1-high] != 0)
}

// unwrap takes off what copying leaves around a value: a byte order mark, blanks, line ends, and a pair of quotes.
func unwrap(text string) string {
	text = strings.TrimSpace(strings.Trim(text, byteOrderMark))
	for _, quote := range []string{`"`, `'`} {
		if inner, ok := strings.CutPrefix(text, quote); ok && strings.HasSuffix(inner, quote) {
			return strings.TrimSpace(strings.TrimSuffix(inner, quote))
		}
	}
	return text
}

var (
	scheme     = regexp.MustCompile(`(?i)^(?:authorization:\s*)?bearer(?:\s+|$)`)
	assignment = regexp.MustCompile(`^(?:export\s+|set\s+|\$env:)?PIPEDRIVE_\w+\s*=`)
)

// bareSecret finds the secret in what is stored as one. The error does not show it.
func bareSecret(text string) (string, error) {
	text = unwrap(text)
	text = unwrap(scheme.ReplaceAllString(text, ""))
	switch {
	case text == "":
		return "", errors.New("it is empty")
	case strings.ContainsAny(text, "\r\n"):
		return "", errors.New("it has several lines, and a secret has one")
	case assignment.MatchString(text):
		return "", errors.New("it names a variable: only the value belongs there")
	case strings.HasPrefix(text, "{"):
		return "", errors.New("it is JSON: only the value of access_token belongs there")
	}
	for _, r := range text {
		if r <= ' ' || r > '~' {
			return "", errors.New("it has a character that no secret has: " + strconv.QuoteRuneToASCII(r))
		}
	}
	return text, nil
}

// halfCharacter finds in JSON the escape of half a surrogate pair, which encoding/json replaces
// without a word, so that different ids become one.
func halfCharacter(json []byte) (escape string, found bool) {
	for i := 0; i < len(json); i++ {
		if json[i] != '\\' {
			continue
		}
		first := surrogate(json[i:])
		if first == 0 {
			i++ // past what is escaped, which may be a backslash
			continue
		}
		if second := surrogate(json[i+len(`\u1234`):]); utf16.DecodeRune(first, second) == utf8.RuneError {
			return string(json[i : i+len(`\u1234`)]), true
		}
		i += len(`\u1234\u1234`) - 1
	}
	return "", false
}

// surrogate is the surrogate whose escape json begins with, or 0.
func surrogate(json []byte) rune {
	if len(json) < len(`\u1234`) || json[0] != '\\' || json[1] != 'u' {
		return 0
	}
	n, err := strconv.ParseUint(string(json[2:6]), 16, 16)
	if r := rune(n); err == nil && utf16.IsSurrogate(r) {
		return r
	}
	return 0
}
