// Package secret makes text that a server sent fit for an error, a log line or a
// terminal: short, printable, and without the secret that the request carried.
package secret

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Redacted stands where a secret stood.
const Redacted = "[redacted]"

// Clean returns the text without the secret of the request, which an answer may echo,
// without control characters, valid UTF-8, and at most limit bytes. An empty secret is none.
func Clean(text, secret string, limit int) string {
	text = redact(text, secret) // first: what is cut in half is not found
	if len(text) > 4*limit {    // spare the work on what is cut off anyway
		text = text[:4*limit]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.Is(unicode.Cf, r): // Cf: text that runs backwards
			return -1
		case unicode.IsControl(r):
			return ' '
		default:
			return r
		}
	}, text)
	text = redact(strings.Join(strings.Fields(text), " "), secret) // again: it may have been hidden between what is gone now
	if len(text) <= limit {
		return text
	}
	cut := limit - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// redact takes out the secret as it is and as JSON and URLs may spell it, and also its
// beginning where the text ends in the middle of it.
func redact(text, secret string) string {
	if secret == "" {
		return text
	}
	for _, spelling := range []string{secret, strings.ReplaceAll(secret, "/", `\/`), url.QueryEscape(secret), url.PathEscape(secret)} {
		text = strings.ReplaceAll(text, spelling, Redacted)
	}
	const telling = 6
	for n := len(secret) - 1; n >= telling; n-- {
		if head, found := strings.CutSuffix(text, secret[:n]); found {
			return head + Redacted
		}
	}
	return text
}

// IsHTML tells whether an answer is a page, by what it says it is or how it begins.
func IsHTML(h http.Header, body []byte) bool {
	if mediaType, _, _ := mime.ParseMediaType(h.Get("Content-Type")); mediaType == "text/html" {
		return true
	}
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// Page says what an HTML page means, with its title or how it begins.
func Page(body []byte, secret string) string {
	text := string(body)
	lower := strings.ToLower(text)
	if i := strings.Index(lower, "<title>"); i >= 0 && len(lower) == len(text) { // of the same length unless exotic
		i += len("<title>")
		if n := strings.Index(lower[i:], "</title>"); n >= 0 {
			text = text[i : i+n]
		}
	}
	return "an HTML page, so something on the way answered and not the API: " + strconv.Quote(Clean(text, secret, 120))
}

// RedirectTarget names the host that an answer points to, without the path, where tokens may stand.
func RedirectTarget(resp *http.Response, secret string) string {
	location, err := resp.Location()
	if err != nil {
		return "a place that cannot be read"
	}
	return strconv.Quote(Clean(location.Scheme+"://"+location.Host, secret, 200))
}
