package wire_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/internal/wire"
)

func ExampleMinute() {
	t := time.Date(2026, 3, 1, 8, 58, 59, 0, time.FixedZone("CET", 3600))
	b, err := json.Marshal(wire.Minute{Time: t})
	fmt.Println(string(b), err)
	// Output: "2026-03-01 07:58" <nil>
}

func TestEverySpellingIsRead(t *testing.T) {
	t.Parallel()
	want := time.Date(2022, 3, 1, 7, 58, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2022-03-01 07:58":               want,
		"2022-03-01 07:58:35":            want.Add(35 * time.Second),
		"2022-03-01T07:58:35Z":           want.Add(35 * time.Second),
		"2022-03-01T07:58:35.449Z":       want.Add(35449 * time.Millisecond),
		"2022-03-01T09:58:35.449+02:00":  want.Add(35449 * time.Millisecond),
		"2022-02-28T23:58:35.4490-08:00": want.Add(35449 * time.Millisecond),
		"2022-03-01T07:58":               want,
		"2022-03-01T07:58:35":            want.Add(35 * time.Second),
		"2022-03-01T07:58:35.449":        want.Add(35449 * time.Millisecond),
		"2022-03-01 07:58:35.449":        want.Add(35449 * time.Millisecond),
		"2022-03-01 07:58:35Z":           want.Add(35 * time.Second),
		"2022-03-01 09:58+02:00":         want,
		"2022-03-01T07:58Z":              want,
	} {
		got, err := wire.ParseTime(text)
		if err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", " ", "2022-03-01", "2022-03-01 ", "2022-13-01 07:58", "2022-02-30 07:58", "2022-03-01 24:00",
		"2022-03-01 07:58 ", "2022-03-01T07:58:", "2022-03-01_07:58:35", "2022-03-01T07:58:35+", "2022-03-01T07:58:35 CET", "yesterday", "1646121515", "0000-00-00 00:00:00",
	} {
		if got, err := wire.ParseTime(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

// A time that cannot be read does not fail the message that it came with.
func TestAnUnreadableTimeIsKept(t *testing.T) {
	t.Parallel()
	for text, unreadable := range map[string]string{
		`null`: "", `""`: "", `"yesterday"`: `"yesterday"`, `7`: `7`, `{"a":1}`: `{"a":1}`, `[]`: `[]`, `true`: `true`, `"`: "",
	} {
		got := wire.Time{Time: time.Now(), Unreadable: "stale"}
		if err := json.Unmarshal([]byte(text), &got); (err != nil) != (text == `"`) {
			t.Errorf("%s: %v", text, err)
		} else if err == nil && (!got.IsZero() || got.Unreadable != unreadable) {
			t.Errorf("%s: got %+v, want the zero time and %q", text, got, unreadable)
		}
	}
}

var minute = regexp.MustCompile(`^"\d{4}-\d{2}-\d{2} \d{2}:\d{2}"$`)

// What is written is the minute of the time, and is read again as just that.
func FuzzMinute(f *testing.F) {
	f.Add(int64(0), 0)
	f.Add(int64(1646121515), 3600)
	f.Add(int64(-62135596800), -12*3600) // year 1
	f.Add(int64(253402300799), 14*3600)  // year 9999
	f.Fuzz(func(t *testing.T, seconds int64, offset int) {
		at := time.Unix(seconds, 999).In(time.FixedZone("", offset%86400))
		if year := at.UTC().Year(); year < 1 || year > 9999 {
			return // which the wrapper refuses
		}
		b, err := json.Marshal(wire.Minute{Time: at})
		if err != nil || !minute.Match(b) {
			t.Fatalf("%v: got %s, %v", at, b, err)
		}
		var back wire.Minute
		if err := json.Unmarshal(b, &back); err != nil || !back.Equal(at.UTC().Truncate(time.Minute)) {
			t.Fatalf("%v: %s was read as %v, %v", at, b, back, err)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, text := range []string{"2022-03-01 07:58", "2022-03-01 07:58:35", "2022-03-01T07:58:35.449Z", "2022-03-01T09:58:35+02:00", "0000-00-00 00:00:00", "", "2022-03-01 é"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := wire.ParseTime(text)
		if err != nil {
			return
		}
		again, err := wire.ParseTime(at.Format(time.RFC3339Nano))
		if year := at.Year(); (err != nil || !again.Equal(at)) && year >= 0 && year <= 9999 {
			t.Fatalf("%q was read as %v, and that as %v, %v", text, at, again, err)
		}
		var wrapped wire.Time
		quoted, _ := json.Marshal(text)
		if err := json.Unmarshal(quoted, &wrapped); err != nil || !wrapped.Equal(at) {
			t.Fatalf("%q in JSON was read as %+v, %v, want %v", text, wrapped, err, at)
		}
	})
}
