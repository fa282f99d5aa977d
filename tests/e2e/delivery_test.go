//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// ends are the signals that end a command in order.
var ends = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// conversation is JSON lines: messages m-from to m-to of one conversation, which are delivered
// one after the other.
func conversation(from, to int) string { return conversations(1, from, to) }

// conversations is JSON lines: messages m-from to m-to, in turn of so many conversations.
func conversations(many, from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, `{"id":"m-%d","channel_id":"shop-1","conversation_id":"c-%d","sender_id":"nils","message":"Hi","status":"sent","created_at":"2026-03-01 07:58"}`+"\n", i, i%many)
	}
	return b.String()
}

// slow is a server that stops at each message that it was told to.
type slow struct {
	env      []string
	arrived  chan string   // gets the id of a message that it stopped at
	released chan struct{} // lets it go on

	mu  sync.Mutex
	got []string
}

// startSlow starts a server that stops at the messages with these ids, and refuses those that
// refuse says.
func startSlow(t *testing.T, refuse func(id string) bool, stopAt ...string) *slow {
	t.Helper()
	s := &slow{arrived: make(chan string), released: make(chan struct{})}
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ ID string }
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Errorf("a message that is no JSON: %v", err)
		}
		for _, id := range stopAt {
			if id == m.ID {
				select {
				case s.arrived <- id:
					select {
					case <-s.released:
					case <-over:
					}
				case <-over:
				}
			}
		}
		w.Header().Set("Content-Type", "application/json")
		if refuse(m.ID) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"success":false,"error":"no","error_info":"","additional_data":{"code":"INVALID_RECEIVE_MESSAGE_PAYLOAD"}}`)
			return
		}
		s.mu.Lock()
		s.got = append(s.got, m.ID)
		s.mu.Unlock()
		_, _ = fmt.Fprintf(w, `{"success":true,"data":{"id":%q}}`, m.ID)
	}))
	t.Cleanup(func() {
		close(over)
		server.Close()
	})
	s.env = []string{"PIPEDRIVE_BASE_URL=" + server.URL + "/v1", "PIPEDRIVE_ACCESS_TOKEN=token"}
	return s
}

func nothing(string) bool { return false }

// received is what arrived, as "m-1 m-2".
func (s *slow) received() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.got, " ")
}

func ids(from, to int) string {
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf("m-%d", i))
	}
	return strings.Join(all, " ")
}

func inFile(t *testing.T, text string) (input, kept string) {
	t.Helper()
	input = filepath.Join(t.TempDir(), "in.jsonl")
	if err := os.WriteFile(input, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return input, filepath.Join(filepath.Dir(input), "in.undelivered.jsonl")
}

func contents(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestASignalInADeliveryLosesNothing(t *testing.T) {
	t.Parallel()
	for _, end := range ends {
		t.Run(end.String(), func(t *testing.T) {
			t.Parallel()
			s := startSlow(t, nothing, "m-20")
			input, kept := inFile(t, conversation(1, 50))
			p := start(t, s.env, "message", "receive", "--file", input)
			<-s.arrived
			p.signal(end)
			p.waitFor("Interrupted: finishing messages in flight")
			s.released <- struct{}{}
			p.end().wants(t, 3, "20 of 50 messages delivered", "")
			if got := s.received(); got != ids(1, 20) {
				t.Errorf("received %s", got)
			}
			if got := contents(t, kept); got != conversation(21, 50) {
				t.Errorf("kept:\n%s", got)
			}

			// Fed in again, the rest arrives: everything has arrived once, and in order.
			pdchannels(t, s.env, "message", "receive", "--file", kept).wants(t, 0, "30 of 30 messages delivered", "")
			if got := s.received(); got != ids(1, 50) {
				t.Errorf("received %s", got)
			}
		})
	}
}

// Of conversations that are delivered side by side nobody knows how far each has come, but each
// message is either received or kept, and in its order.
func TestASignalInManyConversationsLosesNothing(t *testing.T) {
	t.Parallel()
	const many, last = 7, 60
	s := startSlow(t, nothing, "m-20")
	input, kept := inFile(t, conversations(many, 1, last))
	p := start(t, s.env, "message", "receive", "--file", input, "--json")
	<-s.arrived
	p.signal(os.Interrupt)
	p.waitFor("Interrupted")
	s.released <- struct{}{}
	p.end().wants(t, 3, `"stopped":"interrupted"`, "")

	received, all := strings.Fields(s.received()), strings.Lines(conversations(many, 1, last))
	var left strings.Builder
	for line := range all {
		var m struct{ ID string }
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(received, m.ID) {
			left.WriteString(line)
		}
	}
	if got := contents(t, kept); got != left.String() || len(received) < 3 || len(received) == last {
		t.Errorf("%d are received, kept:\n%swant:\n%s", len(received), got, left.String())
	}

	pdchannels(t, s.env, "message", "receive", "--file", kept).wants(t, 0, "messages delivered", "")
	var next [many]int // the message of each conversation that comes next
	for i := range next {
		next[i] = (i-1+many)%many + 1
	}
	for id := range strings.FieldsSeq(s.received()) {
		var n int
		if _, err := fmt.Sscanf(id, "m-%d", &n); err != nil || n != next[n%many] {
			t.Fatalf("%s arrived, want m-%d of its conversation; all: %s", id, next[n%many], s.received())
		}
		next[n%many] += many
	}
	if got := len(strings.Fields(s.received())); got != last {
		t.Errorf("%d messages arrived, want each once", got)
	}
}

func TestASignalWhileAPipeBringsMessages(t *testing.T) {
	t.Parallel()
	s := startSlow(t, nothing, "m-5")
	p := start(t, s.env, "message", "receive", "--file", "-", "--json")
	if _, err := io.WriteString(p.stdin, conversation(1, 8)); err != nil {
		t.Fatal(err)
	}
	<-s.arrived
	p.signal(os.Interrupt)
	p.waitFor("Interrupted")
	if _, err := io.WriteString(p.stdin, conversation(9, 12)); err != nil { // the producer has not noticed yet
		t.Fatal(err)
	}
	s.released <- struct{}{}
	p.end().wants(t, 3, `"untried":7`, "")
	if got := s.received(); got != ids(1, 5) {
		t.Errorf("received %s", got)
	}
	if got := contents(t, filepath.Join(p.cmd.Dir, "stdin.undelivered.jsonl")); got != conversation(6, 12) {
		t.Errorf("kept:\n%s", got)
	}
}

func TestASecondSignalEndsADeliveryAtOnce(t *testing.T) {
	t.Parallel()
	s := startSlow(t, func(id string) bool { return id == "m-1" }, "m-3")
	input, kept := inFile(t, conversations(3, 1, 9))
	p := start(t, s.env, "message", "receive", "--file", input)
	p.waitFor("message m-1")
	<-s.arrived
	p.signal(os.Interrupt)
	p.waitFor("Ctrl-C again ends at once")
	ended, over := make(chan struct{}), make(chan struct{})
	go func() { // as somebody would press it: until it ends
		defer close(over)
		for {
			select {
			case <-ended:
				return
			default:
				_ = p.cmd.Process.Signal(os.Interrupt)
			}
		}
	}()
	r := p.end()
	close(ended)
	<-over
	if r.code != -1 {
		t.Errorf("the process ended by itself: %+v", r)
	}
	if got := contents(t, kept); got != conversations(3, 1, 1) { // what was refused before is kept all the same
		t.Errorf("kept:\n%s", got)
	}
}

func TestAReaderThatGoesAwayLosesNothing(t *testing.T) {
	t.Parallel()
	s := startSlow(t, func(string) bool { return true }, "m-2")
	input, kept := inFile(t, conversations(3, 1, 9))
	p := start(t, s.env, "message", "receive", "--file", input)
	<-s.arrived
	p.waitFor("message m-1")
	// As head does after the first line: writing to stdout or stderr fails from now on.
	for _, pipe := range p.pipes {
		if err := pipe.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s.released <- struct{}{}
	if err := p.cmd.Wait(); err == nil || p.cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("the process ended with %v", err)
	}
	if got := contents(t, kept); got != conversations(3, 1, 9) {
		t.Errorf("kept:\n%s", got)
	}
}
