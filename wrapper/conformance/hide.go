// Credentials stay out of the report, even if an app repeats them.

package conformance

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"unicode/utf8"
)

const redacted = "[redacted]"

// shortest is below the length of any real secret. What is shorter, as in a trial on a laptop, is
// not hidden: it would turn up in the middle of words.
const shortest = 8

// hider takes the credentials out of what an app answers.
type hider struct{ known *strings.Replacer }

// newHider hides the secret in every spelling in which an app may repeat it.
func newHider(id, secret string) hider {
	var pairs []string
	hide := func(text string) {
		if len(text) >= shortest {
			pairs = append(pairs, text, redacted)
		}
	}
	// One of the impostors carries the secret without its last character.
	for _, s := range []string{secret, secret[:len(secret)-1]} {
		encoded, _ := json.Marshal(s) // a string is always encoded
		for _, spelt := range []string{s, string(encoded[1 : len(encoded)-1]), url.QueryEscape(s), url.PathEscape(s), html.EscapeString(s)} {
			hide(spelt)
		}
		for _, before := range []string{id + ":", wrongCredential + ":", ":", ""} {
			// Whatever follows, base64 is the same up to a multiple of three bytes.
			whole := []byte(before + s)
			hide(base64.StdEncoding.EncodeToString(whole))
			hide(base64.StdEncoding.EncodeToString(whole[:len(whole)/3*3]))
		}
	}
	return hider{strings.NewReplacer(pairs...)}
}

func (h hider) text(s string) string { return h.known.Replace(s) }

// excerpt is the beginning of a body, in whole characters.
func (h hider) excerpt(body []byte) string {
	s := strings.ToValidUTF8(h.text(string(body)), string(utf8.RuneError))
	if len(s) <= maxExcerpt {
		return s
	}
	return strings.ToValidUTF8(s[:maxExcerpt], "") + "…"
}
