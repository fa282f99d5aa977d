//go:build chaos

package chaos_test

// This file is the API, and the judge of what comes to it.

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// step is the nth thing that happens in a conversation: even ones are new messages, odd ones say that the
// message before was read.
func step(conversation string, n int) channels.ReceiveMessageRequest {
	status := channels.StatusSent
	if n%2 == 1 {
		status = channels.StatusRead
	}
	return channels.ReceiveMessageRequest{
		ID: fmt.Sprintf("%s-%d", conversation, n/2), ProviderChannelID: "shop-1", ConversationID: conversation, SenderID: "nils",
		Message: strconv.Itoa(n), Status: status, CreatedAt: time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC),
	}
}

// judge is the API.
type judge struct {
	faults float64 // the part of the requests that fail
	prompt bool    // answers come at once, and arrivals are told

	mu       sync.Mutex
	lines    map[string]*line
	applied  int // steps that came for the first time
	twice    map[string]int
	gaps     []string
	taken    []string // statuses that an older one overwrote
	requests int
	failed   int
	last     map[string]time.Time // the last request of an installation
	longest  map[string]time.Duration
	channels map[string]chan struct{}
}

// arrivals is where it is told that a message of the installation has come.
func (j *judge) arrivals(installation string) chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := j.channels[installation]
	if c == nil {
		c = make(chan struct{}, 16)
		j.channels[installation] = c
	}
	return c
}

// line is what has come of a conversation.
type line struct {
	next     int
	answered map[int]bool // 200 was written
}

func newJudge(t *testing.T, faults float64) (*judge, string) {
	t.Helper()
	j := &judge{faults: faults, lines: map[string]*line{}, twice: map[string]int{}, last: map[string]time.Time{}, longest: map[string]time.Duration{}, channels: map[string]chan struct{}{}}
	server := httptest.NewServer(j)
	t.Cleanup(server.Close)
	return j, server.URL
}

func (j *judge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	var m struct {
		Conversation string `json:"conversation_id"`
		Text         string `json:"message"`
	}
	n := 0
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err == nil {
		n, err = strconv.Atoi(m.Text)
	}
	if err != nil {
		return // cut off: its sender was killed
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-RateLimit-Limit", "100000")
	if j.prompt {
		defer func() { j.arrivals(r.Header.Get("x-api-token")) <- struct{}{} }()
	} else {
		<-time.After(time.Duration(5+rand.IntN(20)) * time.Millisecond)
	}
	fault := rand.Float64()
	if fault < 0.4*j.faults { // nothing has happened
		j.count(func() { j.failed++ })
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	applied := fault >= j.faults
	j.apply(r.Header.Get("x-api-token"), m.Conversation, n, applied)
	switch {
	case applied:
		_, _ = fmt.Fprintf(w, `{"success":true,"data":%s}`, text)
	case fault < 0.7*j.faults:
		j.count(func() { j.failed++ })
		w.WriteHeader(http.StatusBadGateway)
	default:
		j.count(func() { j.failed++ })
		panic(http.ErrAbortHandler) // the answer is lost
	}
}

func (j *judge) count(f func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f()
}

func (j *judge) apply(installation, conversation string, n int, answered bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests++
	now := time.Now()
	if last, ok := j.last[installation]; ok {
		j.longest[installation] = max(j.longest[installation], now.Sub(last))
	}
	j.last[installation] = now
	key := installation + "/" + conversation
	l := j.lines[key]
	if l == nil {
		l = &line{answered: map[int]bool{}}
		j.lines[key] = l
	}
	switch {
	case n == l.next:
		l.next++
		j.applied++
	case n > l.next:
		j.gaps = append(j.gaps, fmt.Sprintf("%s: %d came before %d", key, n, l.next))
		j.applied += n + 1 - l.next
		l.next = n + 1
	default:
		if l.answered[n] {
			j.twice[installation]++
		}
		if n%2 == 0 && l.next > n+1 { // its message has been read
			j.taken = append(j.taken, fmt.Sprintf("%s: sent came after read, step %d", key, n))
		}
	}
	l.answered[n] = l.answered[n] || answered
}

// verdict reports what went wrong. disruptions bounds what may come twice.
func (j *judge) verdict(t *testing.T, want, disruptions int) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	total, most := 0, 0
	for _, n := range j.twice {
		total += n
		most = max(most, n)
	}
	t.Logf("%d of %d delivered, %d requests, %d failed; %d disruptions; %d came twice, at most %d of one installation; %d out of order, %d statuses taken back",
		j.applied, want, j.requests, j.failed, disruptions, total, most, len(j.gaps), len(j.taken))
	if j.applied != want {
		t.Errorf("%d messages are lost", want-j.applied)
	}
	if len(j.gaps) > 0 {
		t.Errorf("%d out of order, such as %s", len(j.gaps), j.gaps[0])
	}
	if len(j.taken) > 0 {
		t.Errorf("%d statuses were taken back, such as %s", len(j.taken), j.taken[0])
	}
	if most > 64*disruptions {
		t.Errorf("%d messages of one installation came twice, after %d disruptions", most, disruptions)
	}
}

// wait waits until all came, or nothing has come for long.
func (j *judge) wait(t *testing.T, want int, patience time.Duration) {
	t.Helper()
	for before, since := -1, time.Now(); ; {
		j.mu.Lock()
		applied := j.applied
		j.mu.Unlock()
		if applied >= want {
			return
		}
		if applied != before {
			before, since = applied, time.Now()
		}
		if time.Since(since) > patience {
			return // verdict tells
		}
		<-time.After(20 * time.Millisecond)
	}
}
