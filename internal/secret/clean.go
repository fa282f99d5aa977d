package secret

// This file makes text of a server fit for an error, a log line or a terminal.

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Withheld replaces a whole text that cannot be shown without its credential.
const Withheld = "[withheld: it repeats a credential]"

// Clean returns text on one line of at most limit bytes, as valid UTF-8 without control,
// bidirectional or invisible characters, and without the secret; see [Redact]. It reads no more
// than four times limit of the text. An empty secret is none.
func Clean(text, secret string, limit int) string {
	if len(text) > 4*limit {
		text = text[:4*limit]
	}
	text = Redact(printable(text), secret)
	if len(text) <= limit {
		return text
	}
	cut := limit - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:max(cut, 0)] + "…"
}

// Redact replaces each secret in text by [Redacted], however it is spelled: by escapes of JSON,
// URLs and HTML, partly or several times over, in either case, in base64 or hexadecimal, alone or
// within basic auth, and broken by spaces or control characters. The start of a secret that the
// text ends in is replaced as well. Secrets are ASCII, as header values are.
//
// A secret of up to three letters would turn up within words everywhere. So it is looked for
// only where it stands by itself, and the answer is then [Withheld], since [Redacted] in
// place of "a" gives it away. The same replaces a text of so many nested escapes that the
// search, which is bounded, does not finish.
func Redact(text string, secrets ...string) string {
	spellings := spell(secrets)
	found, ok := find(text, spellings)
	if !ok || slices.ContainsFunc(secrets, func(s string) bool { return s != "" && skeleton(s) == "" && strings.Contains(text, s) }) {
		return Withheld
	}
	if len(found) == 0 {
		return text
	}
	slices.SortFunc(found, func(a, b span) int { return a.start - b.start })
	var clean strings.Builder
	shown := 0 // everything before it has been written or replaced
	for _, s := range found {
		if s.start > shown || shown == 0 {
			clean.WriteString(text[shown:max(s.start, shown)] + Redacted)
		}
		shown = max(shown, s.end)
	}
	clean.WriteString(text[shown:])
	// What stood on both sides of a secret, and Redacted itself, may spell another.
	if again, ok := find(clean.String(), spellings); !ok || len(again) > 0 {
		return Withheld
	}
	return clean.String()
}

// printable returns text on one line, with nothing in it that moves the cursor, changes the
// direction of the text or is not seen.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case r == utf8.RuneError, !unicode.IsGraphic(r):
			return -1
		default:
			return r
		}
	}, text)
	return strings.Join(strings.Fields(text), " ")
}
