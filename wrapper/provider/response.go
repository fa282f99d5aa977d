// The answer on its way out.

package provider

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// response keeps back what the router answers by itself, in text or HTML: only what
// comes after a route was found, or from fail, goes out.
type response struct {
	http.ResponseWriter
	routed bool
	status int // what was written, or kept back; 0 if nothing was
}

func (res *response) WriteHeader(status int) {
	res.status = status
	if res.routed {
		// Answers are somebody's conversations: for no cache.
		res.Header().Set("Cache-Control", "no-store")
		res.ResponseWriter.WriteHeader(status)
	}
}

func (res *response) Write(p []byte) (int, error) {
	if !res.routed {
		return len(p), nil
	}
	return res.ResponseWriter.Write(p)
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(v)
}

// formatTime spells a time as the guide's examples do: RFC 3339 in UTC, with milliseconds.
// A page has hundreds of times, and [time.Time.AppendFormat] is fast for its own layouts only.
func formatTime(t time.Time) string {
	t = t.UTC()
	b := t.AppendFormat(make([]byte, 0, 32), time.RFC3339)
	b = strconv.AppendInt(b[:len(b)-len("Z")], int64(1000+t.Nanosecond()/1e6), 10)
	b[len(b)-len("1000")] = '.' // in the place of the 1, which kept the zeros in front of the milliseconds
	return string(append(b, 'Z'))
}
