// Package events is the one mechanism behind the emulator's memory: every change is an event with
// a number. A [Log] numbers them, keeps the latest for those who follow, and wakes them.
package events

import (
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
)

// Event is one change; its document is spec/emulator.yaml.
type Event = emulatorserver.Event

// What is kept for those who follow: a reader that is further behind meets a gap. At 1,000 messages
// a second, which are 2,000 events, it has half a minute.
const (
	keptEvents = 1 << 16
	keptBytes  = 32 << 20
)

// Log numbers events and keeps the latest. It is safe for use by several goroutines.
type Log struct {
	clock func() time.Time

	mu      sync.Mutex
	file    *File // nil: nothing is written
	ring    []kept
	first   int // index of the oldest in ring
	count   int
	bytes   int
	last    int64
	changed chan struct{} // closed at the next event; nil while nobody waits
}

type kept struct {
	event Event
	size  int
}

// New returns a log that stamps events by clock.
func New(clock func() time.Time) *Log {
	return &Log{clock: clock, ring: make([]kept, 1024)}
}

// Append gives an event its number and time, writes it if there is a file and its kind is kept, and
// tells those who follow. If it cannot be written, nothing has happened. size is about how many bytes the event holds on to.
func (l *Log) Append(e Event, size int) (Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Number, e.Time = l.last+1, l.clock().UTC()
	if e.Message != nil {
		e.Message.Number = e.Number
	}
	if l.file != nil && Kept(e.Kind) {
		if err := l.file.write(e); err != nil {
			return e, err
		}
	}
	l.last = e.Number
	l.keep(kept{e, size})
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	return e, nil
}

// Continue goes on after the event with this number, and writes what is kept into file, unless that is nil.
func (l *Log) Continue(last int64, file *File) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last, l.file = max(l.last, last), file
}

// Wait returns when all events before are as safe as the file was opened to make them.
func (l *Log) Wait() error {
	if l.file == nil {
		return nil
	}
	return l.file.Wait()
}

// keep puts an event into the ring, which grows up to its bound; the oldest make room.
func (l *Log) keep(k kept) {
	for l.count > 0 && (l.count == keptEvents || l.bytes+k.size > keptBytes) {
		l.bytes -= l.ring[l.first].size
		l.ring[l.first] = kept{}
		l.first = (l.first + 1) % len(l.ring)
		l.count--
	}
	if l.count == len(l.ring) {
		grown := make([]kept, min(2*len(l.ring), keptEvents))
		copy(grown[copy(grown, l.ring[l.first:]):], l.ring[:l.first])
		l.ring, l.first = grown, 0
	}
	l.ring[(l.first+l.count)%len(l.ring)] = k
	l.count++
	l.bytes += k.size
}

// Since returns up to most events after a number, and whether there were others that are no longer kept.
func (l *Log) Since(number int64, most int) (events []Event, gap bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := l.last - int64(l.count) + 1
	if number > l.last { // of a life before this one
		return nil, true
	}
	gap = number+1 < oldest
	start := max(number+1, oldest)
	for i := start; i <= l.last && len(events) < most; i++ {
		events = append(events, l.ring[(l.first+int(i-oldest))%len(l.ring)].event)
	}
	return events, gap
}

// Last is the number of the latest event.
func (l *Log) Last() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Changed returns a channel that is closed when there is an event after the number; it may be closed already.
func (l *Log) Changed(after int64) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last > after {
		done := make(chan struct{})
		close(done)
		return done
	}
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}

// Kept tells whether events of a kind make up the state. The others are told, and not kept.
func Kept(kind emulatorserver.EventKind) bool {
	switch kind {
	case emulatorserver.EventKindExchange, emulatorserver.EventKindFault, emulatorserver.EventKindLimits,
		emulatorserver.EventKindProfile, emulatorserver.EventKindReset, emulatorserver.EventKindGap:
		return false
	default:
		return true
	}
}
