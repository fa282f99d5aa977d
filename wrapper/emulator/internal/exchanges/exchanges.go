// Package exchanges keeps the latest requests and answers between the app and the emulator, in
// both directions, with what caused each and what was decided.
package exchanges

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/events"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
)

// How much is kept.
const (
	keptExchanges = 2000
	keptBytes     = 32 << 20
	keptBody      = 64 << 10 // of one body
	keepingOne    = 2 << 10
)

// Exchange is a request and its answer. The one who carries it out fills it in; after [Log.Finish] nobody changes it.
type Exchange struct {
	Number, Cause int64
	Direction     emulatorserver.Direction
	Time          time.Time
	Duration      time.Duration
	Operation     string
	About         string
	Conversation  string
	Method, URL   string
	Status        int
	Code, Reason  string
	Verdict       emulatorserver.Verdict // empty until it is finished, unless it is known before
	StoppedAt     string
	Rules         []rule.Rule
	Findings      []emulatorserver.Finding
	Fault         int64
	UserID        int64
	Cost          int
	Request       Message
	Response      Message

	event   int64     // its number among the events
	started time.Time // by the machine's clock
}

// Message is one side of an exchange.
type Message struct {
	Header http.Header
	Body   []byte // its beginning
	Size   int
}

// Keep takes the beginning of a body.
func (m *Message) Keep(body []byte) {
	m.Size = len(body)
	if len(body) > keptBody {
		body = append([]byte(nil), body[:keptBody]...)
	}
	m.Body = body
}

// Write keeps the beginning of what is written piece by piece.
func (m *Message) Write(p []byte) (int, error) {
	if room := keptBody - len(m.Body); room > 0 {
		m.Body = append(m.Body, p[:min(room, len(p))]...)
	}
	m.Size += len(p)
	return len(p), nil
}

// Decided notes which rules answered.
func (x *Exchange) Decided(rules ...rule.Rule) { x.Rules = append(x.Rules, rules...) }

// Stopped notes which check refused it, and by which rules.
func (x *Exchange) Stopped(at string, rules ...rule.Rule) {
	x.StoppedAt = at
	x.Decided(rules...)
}

// Found notes what the documents say against it.
func (x *Exchange) Found(where, reason string, refused bool) {
	x.Findings = append(x.Findings, emulatorserver.Finding{Where: clip(where), Reason: clip(reason), Refused: refused})
}

// clip bounds a text that may come from a request, and lets go of the request.
func clip(text string) string {
	const most = 300
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(strings.Clone(text[:most]), "") + "…"
}

// Log keeps the latest exchanges. It is safe for use by several goroutines.
type Log struct {
	events *events.Log
	clock  func() time.Time
	number atomic.Int64

	mu       sync.Mutex
	ring     []*Exchange // in the order in which they ended, from first on
	first    int
	byNumber map[int64]*Exchange
	bytes    int
	dropped  int64 // that made room
}

// New returns a log that tells of each exchange in events.
func New(log *events.Log, clock func() time.Time) *Log {
	return &Log{events: log, clock: clock, byNumber: map[int64]*Exchange{}}
}

// Begin starts an exchange.
func (l *Log) Begin(direction emulatorserver.Direction, cause int64) *Exchange {
	return &Exchange{Number: l.number.Add(1), Cause: cause, Direction: direction, Time: l.clock(), started: time.Now()}
}

// Finish keeps an exchange that is over, and tells of it.
func (l *Log) Finish(x *Exchange) {
	x.Duration = time.Since(x.started)
	if x.Verdict == "" {
		x.Verdict = x.judge()
	}
	x.About, x.Conversation, x.Code, x.Reason = clip(x.About), clip(x.Conversation), clip(x.Code), clip(x.Reason)
	summary := x.View(false)
	l.mu.Lock()
	defer l.mu.Unlock()
	// What is only told cannot fail to be written.
	e, _ := l.events.Append(events.Event{Kind: emulatorserver.EventKindExchange, Exchange: &summary, Cause: x.Cause}, keepingOne/2)
	x.event = e.Number
	l.ring = append(l.ring, x)
	l.byNumber[x.Number] = x
	l.bytes += x.size()
	for len(l.ring)-l.first > keptExchanges || l.bytes > keptBytes && len(l.ring)-l.first > 1 {
		old := l.ring[l.first]
		l.ring[l.first] = nil
		l.first++
		l.bytes -= old.size()
		delete(l.byNumber, old.Number)
		l.dropped++
	}
	if l.first > keptExchanges {
		l.ring = append([]*Exchange(nil), l.ring[l.first:]...)
		l.first = 0
	}
}

func (x *Exchange) size() int {
	return keepingOne + len(x.URL) + x.Request.weight() + x.Response.weight()
}

func (m *Message) weight() int {
	size := len(m.Body)
	for name, values := range m.Header {
		size += len(name)
		for _, value := range values {
			size += len(value)
		}
	}
	return size
}

// judge is the verdict that follows from status and findings.
func (x *Exchange) judge() emulatorserver.Verdict {
	out := x.Direction == emulatorserver.Out
	switch {
	case x.Fault != 0:
		return emulatorserver.VerdictFault
	case out && (x.Status < 200 || x.Status > 299):
		return emulatorserver.VerdictFailed
	case out && len(x.Findings) > 0:
		return emulatorserver.VerdictViolation
	case x.Status >= http.StatusInternalServerError:
		return emulatorserver.VerdictFailed
	case x.Status >= http.StatusBadRequest:
		return emulatorserver.VerdictRefused
	case len(x.Findings) > 0:
		return emulatorserver.VerdictLenient
	default:
		return emulatorserver.VerdictOk
	}
}

// Reset forgets all exchanges.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.first, l.bytes = nil, 0, 0
	clear(l.byNumber)
}

// Dropped is how many have made room for others.
func (l *Log) Dropped() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}
