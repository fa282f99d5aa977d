package secret

// This file lists what a credential is searched as: itself, in base64, and in hexadecimal.

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
)

// short is the length below which a secret is no more than a word, or part of one.
const short = 4

// A spelling is a text to search for, without what [isSkipped].
type spelling struct {
	text   string
	short  bool // counts only as a word of its own
	base64 bool // the characters around it belong to it
}

func spell(secrets []string) []spelling {
	var all []spelling
	for _, secret := range secrets {
		plain := spelling{text: skeleton(secret)}
		plain.short = len(plain.text) < short
		if plain.text != "" {
			all = append(all, plain)
		}
		if plain.short {
			continue
		}
		all = append(all, spelling{text: hex.EncodeToString([]byte(secret))})
		all = appendBase64(all, secret)
		if escaped := url.QueryEscape(secret); escaped != secret { // so in the basic auth of OAuth
			all = appendBase64(all, escaped)
		}
	}
	return all
}

// appendBase64 appends the ways in which base64 may spell what holds a secret: whatever is before it,
// such as a client id and a colon, shifts it by 0 to 2 bytes.
func appendBase64(to []spelling, secret string) []spelling {
	for shift := range 3 {
		whole := append(make([]byte, shift), secret...)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			// The characters at both ends may depend on bytes that are not the secret's.
			encoded := skeleton(encoding.EncodeToString(whole)[(shift*8+5)/6 : len(whole)*8/6])
			if len(encoded) >= short && encoded != to[len(to)-1].text {
				to = append(to, spelling{text: encoded, base64: true})
			}
		}
	}
	return to
}

// widen returns all of the base64 that the spelling was found in.
func (p *spelling) widen(text string, s span) span {
	if p.base64 {
		for s.start > 0 && isBase64(text[s.start-1]) {
			s.start--
		}
		for s.end < len(text) && isBase64(text[s.end]) {
			s.end++
		}
	}
	return s
}

func isBase64(b byte) bool { return isWord(rune(b)) || strings.IndexByte("+/-_=", b) >= 0 }

// skeleton is what of a text is compared.
func skeleton(text string) string {
	return strings.Map(func(r rune) rune {
		if isSkipped(r) {
			return -1
		}
		return fold(r)
	}, text)
}
