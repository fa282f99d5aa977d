package channels

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// clean makes text of an answer fit for an error, a log line or a terminal: without the
// secret of the request, which an answer may echo, without control characters, valid
// UTF-8, and at most limit bytes.
func clean(text, secret string, limit int) string {
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
		text = strings.ReplaceAll(text, spelling, redacted)
	}
	const telling = 6
	for n := len(secret) - 1; n >= telling; n-- {
		if head, found := strings.CutSuffix(text, secret[:n]); found {
			return head + redacted
		}
	}
	return text
}

func looksLikeHTML(resp *http.Response, body []byte) bool {
	if mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); mediaType == "text/html" {
		return true
	}
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// htmlPage says what an HTML page means, with its title or how it begins.
func htmlPage(body []byte, secret string) string {
	text := string(body)
	lower := strings.ToLower(text)
	if i := strings.Index(lower, "<title>"); i >= 0 && len(lower) == len(text) { // of the same length unless exotic
		i += len("<title>")
		if n := strings.Index(lower[i:], "</title>"); n >= 0 {
			text = text[i : i+n]
		}
	}
	return "an HTML page, so something on the way answered and not the API: " + strconv.Quote(clean(text, secret, 120))
}

// redirectTarget names the host of a redirect, without its path, where tokens may stand.
func redirectTarget(resp *http.Response, secret string) string {
	location, err := resp.Location()
	if err != nil {
		return "a place that cannot be read"
	}
	return strconv.Quote(clean(location.Scheme+"://"+location.Host, secret, 200))
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
