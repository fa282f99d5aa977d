// The pages and the control beside a large inbox.

package emulator_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// largeFile is a file for Config.Data with 100,000 messages in 10,000 conversations.
func largeFile(tb testing.TB) string {
	tb.Helper()
	var b bytes.Buffer
	n := 0
	line := func(format string, args ...any) {
		n++
		fmt.Fprintf(&b, `{"number":%d,"time":"2026-03-01T07:58:00Z",`, n)
		fmt.Fprintf(&b, format+"}\n", args...)
	}
	line(`"kind":"channel","channel":{"id":"c1","pipedrive_id":"x","name":"n","provider_type":"other","template_support":false,"user_id":1,"created_at":"2026-03-01T00:00:00Z"}`)
	for v := range 10_000 {
		line(`"kind":"conversation","conversation":{"channel_id":"c1","id":"v%d","participants":[{"id":"p%d","name":"Person %d","role":"end_user"}]}`, v, v, v)
	}
	for m := range 100_000 {
		line(`"kind":"message","message":{"channel_id":"c1","conversation_id":"v%d","id":"m%d","sender_id":"p%d","message":"Is the blue one number %d in stock, and can I come by today?","status":"sent","created_at":"2026-03-%02dT07:58:00Z","origin":"received","number":%d}`,
			m%10_000, m, m%10_000, m, 1+m%28, n+1)
	}
	file := filepath.Join(tb.TempDir(), "data.jsonl")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

func BenchmarkLargeInbox(b *testing.B) {
	cfg := emulator.Config{Data: largeFile(b)}
	e, err := emulator.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.Logf("the heap has %d MiB", m.HeapAlloc>>20)
	for _, target := range []string{"/", "/?q=number+99999", "/?in=c1&c=v77", "/inspector", "/_emulator/conversations", "/_emulator/messages?text=99999"} {
		b.Run(target, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				if e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+target, http.NoBody)); w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
	e.Close()
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			e, err := emulator.New(cfg)
			if err != nil {
				b.Fatal(err)
			}
			e.Close()
		}
	})
}
