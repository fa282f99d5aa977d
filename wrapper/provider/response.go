// The answer on its way out.

package provider

import (
	"encoding/json"
	"net/http"
	"time"
)

// response suppresses the router's own answers, in text or HTML: only what is written after a
// route was found, or by fail, goes out.
type response struct {
	http.ResponseWriter
	routed bool
	status int // written or suppressed; 0 if neither
}

func (res *response) WriteHeader(status int) {
	res.status = status
	if res.routed {
		// Answers are private conversations: no cache may keep them.
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
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
