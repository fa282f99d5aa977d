package ratelimit

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers are read by the spelling net/http gives their keys, which spares the
// work of http.Header.Get.
const (
	headerLimit      = "X-Ratelimit-Limit"
	headerReset      = "X-Ratelimit-Reset"
	headerRetryAfter = "Retry-After"
	headerDailyLeft  = "X-Daily-Ratelimit-Token-Remaining" // seen, not documented
)

// RetryAfter returns how long a limit lasts, 0 if that is not told: Retry-After if it is
// there, which is not documented, or else x-ratelimit-reset, of which no unit is
// documented and public clients see seconds. A value beyond two days is none: no limit lasts
// as long, and a point in time read as seconds would. The reset stands on good answers
// too, where it means nothing: only 429 and 503 are read.
func RetryAfter(status int, h http.Header, now time.Time) time.Duration {
	const longest = 48 * time.Hour
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0
	}
	for _, key := range [...]string{headerRetryAfter, headerReset} {
		text := value(h, key)
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

// count reads a header that is a whole number, or returns unknown.
func count(h http.Header, key string) int {
	text := value(h, key)
	if text == "" { // most are: an error would have to be allocated
		return unknown
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return unknown
	}
	return int(n)
}

func value(h http.Header, key string) string {
	if v := h[key]; len(v) > 0 {
		return strings.TrimSpace(v[0])
	}
	return ""
}
