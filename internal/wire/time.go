// Package wire holds the API's spellings of time, as the generated client uses them.
//
// A request carries UTC minutes, and a [Minute] writes nothing else. An answer
// has been published in several spellings, and a [Time] reads them all.
package wire

import (
	"encoding/json"
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
// A message that arrived is not turned into a failure by a time nobody can read:
// decoding never fails, but leaves the zero time and keeps what was there in Unreadable.
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

// ParseTime reads the published spellings of time: `2006-01-02 15:04` and
// `2006-01-02 15:04:05`, both UTC, and RFC 3339. The result is in UTC.
func ParseTime(s string) (time.Time, error) {
	// The length and the separator tell the spelling, so that a good time is parsed once.
	layout := time.RFC3339Nano
	if len(s) > len("2006-01-02") && s[len("2006-01-02")] == ' ' {
		layout = minuteLayout
		if len(s) > len(minuteLayout) {
			layout = time.DateTime
		}
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return time.Time{}, err
	}
	return t.UTC(), nil
}
