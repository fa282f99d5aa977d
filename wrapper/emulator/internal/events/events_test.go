package events_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/events"
)

func TestOldEventsMakeRoom(t *testing.T) {
	t.Parallel()
	log := events.New(time.Now)
	text := strings.Repeat("x", 1<<20)
	for range 100 {
		if _, err := log.Append(events.Event{Kind: emulatorserver.EventKindMessage, Message: &emulatorserver.Message{Message: text}}, len(text)); err != nil {
			t.Fatal(err)
		}
	}
	kept, gap := log.Since(0, 1000)
	if !gap || len(kept) > 32 || len(kept) < 30 || kept[len(kept)-1].Number != 100 {
		t.Errorf("%d events of 1 MiB are kept, gap %t", len(kept), gap)
	}
	for range 1 << 17 {
		_, _ = log.Append(events.Event{Kind: emulatorserver.EventKindExchange}, 0)
	}
	kept, gap = log.Since(0, 1<<20)
	if !gap || len(kept) != 1<<16 {
		t.Errorf("%d events are kept, gap %t", len(kept), gap)
	}
	for i, e := range kept {
		if e.Number != log.Last()-int64(len(kept)-1-i) {
			t.Fatalf("event %d has the number %d", i, e.Number)
		}
	}
	some, gap := log.Since(log.Last()-3, 2)
	if gap || len(some) != 2 || some[0].Number != log.Last()-2 {
		t.Errorf("got %d events, gap %t", len(some), gap)
	}
}

func TestTooManyLinesAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := events.Read(strings.NewReader(strings.Repeat("{}\n", 1_000_001))); err == nil {
		t.Error("more than a million events were read")
	}
}
