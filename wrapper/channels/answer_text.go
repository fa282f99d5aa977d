package channels

import (
	"bytes"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// scrubbed replaces the secret of the request where an answer echoes it.
func scrubbed(text, secret string) string {
	if secret == "" {
		return text
	}
	return strings.ReplaceAll(text, secret, redacted)
}

// clean makes text from elsewhere fit for a log line or a terminal: no control characters,
// valid UTF-8, at most limit bytes.
func clean(text string, limit int) string {
	if len(text) > 4*limit { // spare the work on what is cut off anyway
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
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= limit {
		return text
	}
	cut := limit - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

func looksLikeHTML(resp *http.Response, body []byte) bool {
	if mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); mediaType == "text/html" {
		return true
	}
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// htmlTitle returns the title of a page, or else how it begins, in quotes.
func htmlTitle(body []byte) string {
	text := string(body[:min(len(body), 4<<10)])
	lower := strings.ToLower(text) // same length for the ASCII that tags are made of
	if len(lower) == len(text) {
		if i := strings.Index(lower, "<title>"); i >= 0 {
			i += len("<title>")
			if n := strings.Index(lower[i:], "</title>"); n >= 0 {
				text = text[i : i+n]
			}
		}
	}
	return strconv.Quote(clean(text, 120))
}

// redirectTarget names the host of a redirect, without its path, where tokens may stand.
func redirectTarget(resp *http.Response) string {
	location, err := resp.Location()
	if err != nil {
		return "nowhere"
	}
	return strconv.Quote(clean(location.Scheme+"://"+location.Host, 200))
}

// retryAfter returns how long a limit lasts: Retry-After if it is there, which is not
// documented, or else x-ratelimit-reset, of which no unit is documented and public clients
// see seconds. A value beyond two days is none: no limit lasts as long, and a point in
// time read as seconds would. The reset stands on good answers too, where it means nothing.
func retryAfter(resp *http.Response, now time.Time) time.Duration {
	const longest = 48 * time.Hour
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	for _, name := range []string{"Retry-After", "X-Ratelimit-Reset"} {
		text := strings.TrimSpace(resp.Header.Get(name))
		var wait time.Duration
		if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds <= longest.Seconds() {
			wait = time.Duration(seconds * float64(time.Second))
		} else if at, err := http.ParseTime(text); err == nil {
			wait = at.Sub(now)
		}
		if wait > 0 && wait <= longest {
			return wait
		}
	}
	return 0
}
