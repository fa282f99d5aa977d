// Credentials stay out of the report, even if an app repeats them.

package conformance

import (
	"strings"
	"unicode/utf8"

	"github.com/pdchannels/pdchannels/internal/secret"
)

// hider takes the client secret out of what an app answers, in whatever spelling.
type hider struct{ secret string }

func (h hider) text(s string) string {
	// One of the impostors sends the secret without its last character.
	return secret.Redact(s, h.secret, h.secret[:max(len(h.secret)-1, 0)])
}

// excerpt is the beginning of a body, in whole characters.
func (h hider) excerpt(body []byte) string {
	const most = 4 * maxExcerpt
	s := strings.ToValidUTF8(h.text(string(body[:min(len(body), most)])), string(utf8.RuneError))
	if len(s) <= maxExcerpt && len(body) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:min(len(s), maxExcerpt)], "") + "…"
}
