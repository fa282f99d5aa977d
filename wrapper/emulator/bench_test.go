// What a receiveMessage costs at the emulator.

package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func BenchmarkReceiveMessage(b *testing.B) {
	e, err := emulator.New(emulator.Config{BurstLimit: 1 << 30, DailyBudget: 1 << 50})
	if err != nil {
		b.Fatal(err)
	}
	ask := func(target, body string) int {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/v1"+target, strings.NewReader(body))
		r.Header.Set("X-Api-Token", e.APIToken())
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w.Code
	}
	ask("/channels", channel())
	body := message("id", "ID", "message", strings.Repeat("Is the blue one in stock? ", 4), "attachments", []any{
		map[string]any{"id": "a1", "type": "image/png", "url": "https://m.example/1", "name": nil, "size": 600.5, "preview_url": nil},
	})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if status := ask("/channels/messages/receive", strings.Replace(body, "ID", strconv.Itoa(i%50_000), 1)); status != http.StatusOK {
			b.Fatal(status)
		}
	}
}
