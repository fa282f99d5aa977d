// Package field says of the fields of a request what cannot be right about them. Each check
// returns the problem, fit to follow the field's name, or nothing.
package field

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ID refuses, beside what no text may be, the two ids that would change a path: a server
// resolves DELETE …/conversations/.. to the channel. Every id becomes part of a path sooner or
// later, if only when Pipedrive asks the app for it.
func ID(id string) string {
	if id == "." || id == ".." {
		return fmt.Sprintf("is %q, which would change the path of the request", id)
	}
	if strings.ContainsFunc(id, unicode.IsControl) {
		return "has a control character"
	}
	if strings.Contains(id, "\uFEFF") { // nobody sees it, and with it the id is another one
		return "has a byte order mark"
	}
	return Required(id)
}

// Required refuses a text that says nothing.
func Required(text string) string {
	if strings.TrimSpace(text) == "" {
		return "is missing"
	}
	return Text(text)
}

// Text refuses what JSON cannot carry: the encoder would replace it in silence.
func Text(text string) string {
	if !utf8.ValidString(text) {
		return "is not valid UTF-8"
	}
	return ""
}

// Time refuses a year that YYYY-MM-DD cannot tell. The zero time is missing.
func Time(t time.Time) string {
	if t.IsZero() {
		return "is missing"
	}
	if year := t.UTC().Year(); year < 1 || year > 9999 {
		return fmt.Sprintf("is in the year %d, which YYYY-MM-DD cannot tell", year)
	}
	return ""
}

// URL refuses what is no absolute http or https URL.
func URL(text string) string {
	if text == "" {
		return "is missing"
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return "is not an absolute http or https URL"
	}
	return Text(text)
}

// MediaType refuses what is no mime type, with or without parameters.
func MediaType(text string) string {
	media, _, _ := strings.Cut(text, ";")
	kind, sub, _ := strings.Cut(media, "/")
	if kind == "" || sub == "" || strings.Contains(strings.TrimSpace(media), " ") || strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Sprintf("is %q, which is no mime type such as image/png", text)
	}
	return Text(text)
}
