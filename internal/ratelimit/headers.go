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
	headerRemaining  = "X-Ratelimit-Remaining"
	headerReset      = "X-Ratelimit-Reset"
	headerRetryAfter = "Retry-After"
	headerDailyLeft  = "X-Daily-Ratelimit-Token-Remaining" // seen, not documented
	headerDailyCalls = "X-Daily-Requests-Left"             // documented, with API tokens and for POST and PUT only

	unknown = -1 // of a count that no header tells
)

// RetryAfter returns how long a limit lasts, or 0 if the answer does not tell. It reads Retry-After,
// which is not documented, or else x-ratelimit-reset, whose unit is not documented; public
// clients see seconds. A value beyond two days is ignored: no limit lasts as long, but a point in
// time read as seconds would. Good answers carry the reset too, where it means nothing: it is read of 429 and
// 503 only, and Retry-After of these and of 403. A Retry-After that is a date is compared with the answer's own Date, since the two clocks
// may differ; now is used where there is none.
func RetryAfter(status int, h http.Header, now time.Time) time.Duration {
	const longest = 48 * time.Hour
	keys := []string{headerRetryAfter, headerReset}
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
	case http.StatusForbidden:
		keys = keys[:1]
	default:
		return 0
	}
	if date, err := http.ParseTime(value(h, "Date")); err == nil {
		now = date
	}
	for _, key := range keys {
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

// dailyLeft reads how many tokens of the daily budget are left; unknown if that is not told. What is told
// may also be how many requests are left: of these only none and some mean the same as of tokens.
func dailyLeft(h http.Header) (tokens int, told bool) {
	tokens = count(h, headerDailyLeft)
	calls := count(h, headerDailyCalls)
	if tokens == unknown && calls == 0 {
		tokens = 0
	}
	return tokens, tokens != unknown || calls != unknown
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
