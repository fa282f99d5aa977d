package secret

// This file lists what a credential is searched as: itself, in base64, and in hexadecimal.

import (
	"encoding/base64"
	"encoding/hex"
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
		// What stands before it, such as a client id and a colon, shifts base64 by 0 to 2 bytes.
		for shift := range 3 {
			whole := append(make([]byte, shift), secret...)
			for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				// The characters at both ends may depend on bytes that are not the secret's.
				encoded := skeleton(encoding.EncodeToString(whole)[(shift*8+5)/6 : len(whole)*8/6])
				if len(encoded) >= short && encoded != all[len(all)-1].text {
					all = append(all, spelling{text: encoded, base64: true})
				}
			}
		}
	}
	return all
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
