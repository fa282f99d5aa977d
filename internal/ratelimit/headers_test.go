package ratelimit

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name              string
		status            int
		retryAfter, reset string
		want              time.Duration
		date              string
	}{
		{"reset in seconds", 429, "", "2", 2 * time.Second, ""},
		{"a fraction", 429, "", "1.5", 1500 * time.Millisecond, ""},
		{"less than a second", 429, "0.5", "2", 500 * time.Millisecond, ""},
		{"retry-after first", 429, "3", "2", 3 * time.Second, ""},
		{"retry-after as a date", 429, "Sun, 01 Mar 2026 08:00:07 GMT", "2", 7 * time.Second, ""},
		{"a date that is past", 429, "Sun, 01 Mar 2026 07:00:00 GMT", "2", 2 * time.Second, ""},
		{"no number", 429, "soon", "2", 2 * time.Second, ""},
		{"negative", 429, "-1", "-2", 0, ""},
		{"a point in time", 429, "", "1767225600", 0, ""},
		{"infinite", 429, "Inf", "NaN", 0, ""},
		{"spaces", 429, " 4 ", "", 4 * time.Second, ""},
		{"503 may tell", 503, "5", "", 5 * time.Second, ""},
		{"403 may tell", 403, "5", "2", 5 * time.Second, ""},
		{"403 by its reset does not", 403, "", "2", 0, ""},
		{"a good answer's reset means nothing", 200, "", "2", 0, ""},
		{"none", 429, "", "", 0, ""},
		{"a date by the answer's clock, which is late", 429, "Sun, 01 Mar 2026 07:00:10 GMT", "2", 10 * time.Second, "Sun, 01 Mar 2026 07:00:00 GMT"},
		{"a date by the answer's clock, which is early", 503, "Sun, 01 Mar 2026 09:00:10 GMT", "", 10 * time.Second, "Sun, 01 Mar 2026 09:00:00 GMT"},
		{"a date that is past by the answer's clock", 429, "Sun, 01 Mar 2026 08:00:07 GMT", "2", 2 * time.Second, "Sun, 01 Mar 2026 08:00:08 GMT"},
		{"an answer's date that is none", 429, "Sun, 01 Mar 2026 08:00:07 GMT", "", 7 * time.Second, "yesterday"},
	} {
		h := http.Header{}
		if c.retryAfter != "" {
			h.Set("Retry-After", c.retryAfter)
		}
		if c.reset != "" {
			h.Set("x-ratelimit-reset", c.reset)
		}
		if c.date != "" {
			h.Set("Date", c.date)
		}
		if got := RetryAfter(c.status, h, now); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// No header, however odd, makes a limiter wait for ever, allow everything or panic.
func FuzzHeaders(f *testing.F) {
	f.Add("80", "2", "", "30000", 429)
	f.Add("80", "1767225600", "", "", 429)
	f.Add("-1", "NaN", "-Inf", "-7", 429)
	f.Add("0", "1e300", "Sun, 01 Mar 2026 08:00:07 GMT", "0", 503)
	f.Add("9223372036854775808", "0x2p3", "172800", "1", 200)
	f.Add("", "\x00", "１", "10", 403)
	f.Fuzz(func(t *testing.T, limit, reset, retryAfter, left string, status int) {
		h := http.Header{headerLimit: {limit}, headerReset: {reset}, headerRetryAfter: {retryAfter}, headerDailyLeft: {left}}
		if wait := RetryAfter(status, h, time.Now()); wait < 0 || wait > 48*time.Hour {
			t.Fatalf("RetryAfter = %v", wait)
		}
		l := New(Config{})
		slot, err := l.Wait(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		slot.Done(Answer{Status: status, Header: h, NotFromAPI: true, Key: "m"})
		s := l.State()
		switch {
		case s.Limit < 1 || s.Limit > MaxLimit:
			t.Errorf("limit %d", s.Limit)
		case time.Until(s.HeldUntil) > lastProbe+Window:
			t.Errorf("held for %v", time.Until(s.HeldUntil))
		case time.Until(s.NextProbe) > lastProbe+Window:
			t.Errorf("refuses for %v", time.Until(s.NextProbe))
		case s.InFlight != 0 || s.InFlightLimit < 1 || s.DailyTokens < -1:
			t.Errorf("%+v", s)
		}
	})
}
