// What the pages say in words: times, sizes, names, links.

package pages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// functions are what templates call. None of them makes markup: html/template escapes all they return.
func functions(c Config) template.FuncMap {
	return template.FuncMap{
		"at":      func(path string) string { return c.Prefix + path },
		"events":  func() string { return c.Events },
		"query":   query,
		"clock":   func(t time.Time) string { return t.UTC().Format("15:04") },
		"seconds": func(t time.Time) string { return t.UTC().Format("15:04:05") },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"when":    when,
		"day":     day,
		"newDay":  newDay,
		"turn":    func(messages []Message, i int) bool { return i == 0 || messages[i].Ours != messages[i-1].Ours },
		"took":    took,
		"left":    left,
		"size":    size,
		"kind":    kind,
		"picture": func(mediaType string) bool { return pictures[mediaType] },
		"long":    func(text string) bool { return utf8.RuneCountInString(text) > clipAt },
		"count":   func(text string) int { return utf8.RuneCountInString(text) },
		"short":   func(text string) string { return shorten(text, 120) },
		"lines":   pretty,
		"link":    safeLink,
		"lower":   strings.ToLower,
		"percent": percent,
		"bad":     func(status int) bool { return status >= 400 },
		"add":     func(a, b int) int { return a + b },
		"upTo":    func(a, b int) int { return min(a, b) },
	}
}

const clipAt = 600 // characters of a message before it is clipped

// Label is the name to call a conversation by.
func (r Row) Label() string {
	switch {
	case r.Name != "":
		return r.Name
	case r.CustomerID != "":
		return r.CustomerID
	default:
		return r.ConversationID
	}
}

// Initials stand in for a picture: the first letters of the first and last word, or what a number begins with.
func (r Row) Initials() string {
	if r.Name == "" {
		return "?"
	}
	words := strings.FieldsFunc(r.Name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsMark(c) })
	if len(words) == 0 {
		return shorten(r.Name, 3)
	}
	first := firstLetter(words[0])
	if len(words) == 1 || unicode.In([]rune(first)[0], unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
		return first
	}
	return first + firstLetter(words[len(words)-1])
}

func firstLetter(word string) string {
	r, _ := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(r))
}

// Hue is one of six colours, always the same for one conversation.
func (r Row) Hue() string {
	sum := 0
	for _, b := range []byte(r.ConversationID) {
		sum = (sum*31 + int(b)) % 6
	}
	return fmt.Sprintf("h%d", sum+1)
}

// Word is the status in a word, for people.
func (m Message) Word() string {
	if m.Status == "" {
		return "waiting for the app's confirmation"
	}
	return m.Status
}

// Icon names the picture of the status.
func (m Message) Icon() string {
	switch m.Status {
	case "sent":
		return "i-sent"
	case "delivered", "read":
		return "i-double"
	case "failed":
		return "i-alert"
	default:
		return "i-clock"
	}
}

// Label is what to call an attachment.
func (a Attachment) Label() string {
	if a.Name != "" {
		return a.Name
	}
	return a.ID
}

// Shown reports whether an attachment is drawn in place.
func (a Attachment) Shown() bool { return a.Here && pictures[a.Type] }

// Badge is the class of a verdict.
func (v Verdict) Badge() string {
	switch v {
	case Refused, Broken:
		return "bad"
	case Lenient:
		return "lenient"
	case Fault:
		return "fault"
	default:
		return "wait"
	}
}

// Class is the class of a provenance.
func (p Provenance) Class() string {
	if p == OurChoice {
		return "ours"
	}
	return string(p)
}

// query returns a query with some parameters, given in pairs; empty ones are left out.
func query(pairs ...any) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if v := fmt.Sprint(pairs[i+1]); v != "" && v != "0" {
			q.Set(fmt.Sprint(pairs[i]), v)
		}
	}
	return "?" + q.Encode()
}

// when is short for a list: the time of today, the weekday of this week, else the date.
func when(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	switch {
	case t.IsZero():
		return ""
	case sameDay(t, now):
		return t.Format("15:04")
	case now.Sub(t) < 6*24*time.Hour && t.Before(now):
		return t.Format("Mon")
	case t.Year() == now.Year():
		return t.Format("2 Jan")
	default:
		return t.Format("2 Jan 2006")
	}
}

func day(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	switch {
	case sameDay(t, now):
		return "Today"
	case sameDay(t, now.AddDate(0, 0, -1)):
		return "Yesterday"
	case t.Year() == now.Year():
		return t.Format("Monday, 2 January")
	default:
		return t.Format("2 January 2006")
	}
}

func sameDay(a, b time.Time) bool { return a.Format(time.DateOnly) == b.Format(time.DateOnly) }

func newDay(messages []Message, i int) bool {
	return i == 0 || !sameDay(messages[i].At.UTC(), messages[i-1].At.UTC())
}

// took is a duration with two digits or so.
func took(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	default:
		return d.Round(time.Second).String()
	}
}

// left is how long it is until then, in words; empty if it is over.
func left(then, now time.Time) string {
	switch d := then.Sub(now); {
	case d <= 0:
		return ""
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}

func size(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%d KB", (n+1<<9)>>10)
	default:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
}

// kind is a media type in a word: application/pdf is PDF.
func kind(mediaType string) string {
	_, sub, _ := strings.Cut(mediaType, "/")
	sub, _, _ = strings.Cut(sub, ";")
	if sub == "plain" {
		return "Text"
	}
	if i := strings.LastIndexAny(sub, ".+-"); i >= 0 && i < len(sub)-1 {
		sub = sub[i+1:]
	}
	return strings.ToUpper(sub)
}

func percent(part, whole time.Duration) int {
	if whole <= 0 {
		return 0
	}
	return int(100 * min(max(part, 0), whole) / whole)
}

// shorten cuts a text to some characters, at the end of its first line at the latest.
func shorten(text string, most int) string {
	text, _, more := strings.Cut(strings.TrimSpace(text), "\n")
	if utf8.RuneCountInString(text) <= most {
		if more {
			return text + " …"
		}
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

// safeLink returns a link that may be followed, or nothing.
func safeLink(text string) string {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return ""
	}
	return text
}

// pretty returns the lines of a body, laid out if it is JSON.
func pretty(body string) []string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(body), "", "  ") == nil {
		body = out.String()
	}
	return strings.Split(strings.TrimRight(body, "\n"), "\n")
}
