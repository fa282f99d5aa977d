//go:build unix

package bench

import (
	"fmt"
	"iter"
	"runtime"
	"strconv"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// BenchmarkDeliver is a message's share of Client.Deliver, answered from memory. Flat figures mean that
// length costs nothing.
func BenchmarkDeliver(b *testing.B) {
	for _, messages := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(messages), func(b *testing.B) {
			client := newClient(b, "http://127.0.0.1", memory{answerTo(false)}, installed)
			var before, after, middle runtime.MemStats
			heap := 0.0
			runtime.GC()
			runtime.ReadMemStats(&before)
			for b.Loop() {
				delivered := 0
				for d := range client.Deliver(b.Context(), conversations(messages)) {
					if d.Err != nil {
						b.Fatal(d.Err)
					}
					if delivered++; delivered == messages/2 {
						b.StopTimer()
						runtime.GC()
						runtime.ReadMemStats(&middle)
						heap = (float64(middle.HeapAlloc) - float64(before.HeapAlloc)) / 1024
						b.StartTimer()
					}
				}
			}
			runtime.ReadMemStats(&after)
			n := float64(b.N * messages)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/n, "µs/message")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/n, "B/message")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n, "allocs/message")
			b.ReportMetric(heap, "KiB-heap")
		})
	}
}

// conversations are so many messages, of a tenth as many conversations that take turns.
func conversations(messages int) iter.Seq2[channels.ReceiveMessageRequest, error] {
	return func(yield func(channels.ReceiveMessageRequest, error) bool) {
		m := clientMessage(false)
		for i := range messages {
			m.ID = "message-" + strconv.Itoa(i)
			m.ConversationID = "conversation-" + strconv.Itoa(i%(messages/10))
			if !yield(m, nil) {
				return
			}
		}
	}
}
