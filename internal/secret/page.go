package secret

// This file describes answers that are not the API's: pages and redirects.

import (
	"bytes"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// IsHTML reports whether an answer is an HTML page, by its Content-Type or its first character.
func IsHTML(h http.Header, body []byte) bool {
	if mediaType, _, _ := mime.ParseMediaType(h.Get("Content-Type")); mediaType == "text/html" {
		return true
	}
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// Page says what an HTML page means, and quotes its title or else its start.
func Page(body []byte, secret string) string {
	text := string(body[:min(len(body), 16<<10)])
	lower := strings.ToLower(text)
	if i := strings.Index(lower, "<title>"); i >= 0 && len(lower) == len(text) { // of the same length unless exotic
		i += len("<title>")
		if n := strings.Index(lower[i:], "</title>"); n >= 0 {
			text = text[i : i+n]
		}
	}
	return "an HTML page, so something on the way answered and not the API: " + strconv.Quote(Clean(text, secret, 120))
}

// RedirectTarget returns the quoted origin that an answer redirects to. It leaves out the path,
// which may hold a token.
func RedirectTarget(resp *http.Response, secret string) string {
	location, err := resp.Location()
	if err != nil {
		return "a place that cannot be read"
	}
	return strconv.Quote(Clean(location.Scheme+"://"+location.Host, secret, 200))
}
