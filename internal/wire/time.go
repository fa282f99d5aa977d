// Package wire has the API's spellings of time, for the generated client.
//
// A request carries UTC minutes, and a [Minute] writes nothing else. Answers have been
// published in several spellings, and a [Time] reads them all.
package wire

import (
	"encoding/json"
	"strings"
	"time"
)

const minuteLayout = "2006-01-02 15:04"

// Minute is a time in a request, spelled `YYYY-MM-DD HH:MM` in UTC whatever the zone
// of the value; seconds are cut, not rounded.
type Minute struct{ time.Time }

// MarshalJSON writes the minute.
func (m Minute) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, len(minuteLayout)+2)
	b = append(b, '"')
	b = m.UTC().AppendFormat(b, minuteLayout)
	return append(b, '"'), nil
}

// UnmarshalJSON reads what MarshalJSON writes, and the other spellings of [ParseTime].
func (m *Minute) UnmarshalJSON(b []byte) error {
	var t Time
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	m.Time = t.Time
	return nil
}

// Time is a time in an answer.
//
// Decoding never fails, since an accepted message must not become a failure by a time that cannot be
// read: it leaves the zero time, and keeps what was there in Unreadable.
type Time struct {
	time.Time
	Unreadable string // the JSON that is no time; empty if Time was read, or was null or ""
}

// UnmarshalJSON reads any spelling of [ParseTime]; null and "" are the zero time.
func (t *Time) UnmarshalJSON(b []byte) error {
	*t = Time{}
	if string(b) == "null" || string(b) == `""` {
		return nil
	}
	text := b
	if len(b) >= 2 && b[0] == '"' {
		text = b[1 : len(b)-1]
	}
	parsed, err := ParseTime(string(text))
	if err != nil {
		t.Unreadable = string(b)
		return nil //nolint:nilerr // kept in Unreadable instead, see the type
	}
	t.Time = parsed
	return nil
}

// MarshalJSON writes the time as answers of receiveMessage spell it: RFC 3339 with milliseconds.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(t.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
}

// ParseTime reads a date and a time of day, between them a space or a T, with or without seconds and
// fractions of them. Without a zone it is UTC: published are `2006-01-02 15:04`,
// `2006-01-02 15:04:05` and RFC 3339. The result is in UTC.
func ParseTime(s string) (time.Time, error) {
	const date, minute = len("2006-01-02"), len("2006-01-02T15:04")
	layout := time.RFC3339Nano
	if len(s) > minute && s[minute] != ':' || len(s) == minute {
		layout = "2006-01-02T15:04Z07:00"
	}
	if len(s) > date && s[date] == ' ' {
		layout = layout[:date] + " " + layout[date+1:]
	}
	t, err := time.Parse(layout, s)
	if err != nil && len(s) > date && !strings.ContainsAny(s[date:], "Zz+-") {
		t, err = time.Parse(strings.TrimSuffix(layout, "Z07:00"), s)
	}
	if err != nil {
		return time.Time{}, err
	}
	return t.UTC(), nil
}
