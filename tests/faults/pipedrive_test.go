// Pipedrive's side, and what it counts.

package faults

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pdchannels/pdchannels/internal/pipenet"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipedrive is Pipedrive's side of the wire. It does what its plan says, and remembers.
type pipedrive struct {
	plan   plan
	travel func() time.Duration // how long a request or an answer is on its way; nil: no time
	lax    bool                 // a channel may be registered twice, so that it would be seen

	mu      sync.Mutex
	seen    []*request
	applied map[string]int      // how often, by operation and id
	history map[string][]string // the states of a message, in the order they were applied
}

// A plan decides what becomes of each connection and of each request. Of the latter it is asked
// when the headers have come; it may read the body.
type plan interface {
	connects() step
	answers(*request) step
}

// step is one exchange, and where it breaks.
type step struct {
	breaks  point
	applied bool   // though it breaks, or the answer says something else
	reset   bool   // it ends with an RST, where there is TCP
	answer  answer // which is written as far as it gets
}

// answer is what Pipedrive says; with status 0 what it would say if nothing were wrong.
type answer struct {
	status  int
	header  string        // lines that end in \r\n
	body    string        // a page if it begins with <
	retryAt time.Duration // a Retry-After as the date in so long; 0: none
}

// point is where an exchange breaks.
type point int

const (
	whole          point = iota // it does not
	refused                     // nobody listens
	accepted                    // closed as soon as it is accepted
	headersRead                 // closed when the headers of the request have come
	requestRead                 // closed when all of it has come
	halfHeaders                 // closed in the headers of the answer
	midBody                     // closed in its body, of which the length was told
	midBodyOpen                 // … or not, so that the end looks like one
	midBodyChunked              // … or in chunks
	silent                      // nothing follows the request, and nothing is closed
	silentInBody                // nothing follows half an answer, and nothing is closed
	points
	afterwards point = iota // closed after the answer, though that lets expect more
)

// request is one that came.
type request struct {
	operation, id string
	conversation  string // of a message
	status        string // of a message
	token         string
	at            time.Time
	wire
}

func (r *request) key() string { return r.operation + " " + r.id }

// note remembers a request that has come.
func (p *pipedrive) note(r *request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.at = time.Now()
	p.seen = append(p.seen, r)
}

// outcome is what a Pipedrive where nothing is wrong would answer. The request takes effect if
// apply is set. An answer that will not arrive is always of a success.
func (p *pipedrive) outcome(r *request, apply, arrives bool) answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.applied == nil {
		p.applied, p.history = map[string]int{}, map[string][]string{}
	}
	again := p.applied[r.key()] > 0 && arrives
	switch {
	case r.operation == "receiveMessage":
		if apply {
			p.history[r.id] = append(p.history[r.id], r.status)
		}
	case again && r.operation == "addChannel" && !p.lax:
		return answer{status: http.StatusConflict, body: envelope("CHANNEL_ALREADY_EXISTS")}
	case again && r.operation != "addChannel":
		return answer{status: http.StatusNotFound, body: envelope("NOT_FOUND")}
	}
	if apply && (r.operation == "receiveMessage" || p.lax || p.applied[r.key()] == 0) {
		p.applied[r.key()]++
	}
	data := ""
	switch r.operation {
	case "receiveMessage":
		data = fmt.Sprintf(`,"data":{"id":%q,"conversation_id":%q,"status":%q,"created_at":"2026-03-01T07:58:00.000Z"}`, r.id, r.conversation, r.status)
	case "addChannel":
		data = fmt.Sprintf(`,"data":{"id":"of-pipedrive","provider_channel_id":%q,"created_at":"2026-03-01 07:58:00"}`, r.id)
	}
	return answer{status: http.StatusOK, body: `{"success":true` + data + `}`}
}

func envelope(code string) string {
	return `{"success":false,"error":"It is refused.","error_info":"","additional_data":{"code":"` + code + `"}}`
}

// requests returns those that came.
func (p *pipedrive) requests() []*request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*request(nil), p.seen...)
}

func (p *pipedrive) appliedTo(operation, id string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.applied[operation+" "+id]
}

// piped returns a transport whose connections are pipes to p, for virtual time. It is
// closed when the test ends.
func (p *pipedrive) piped(t testing.TB) *http.Transport {
	t.Helper()
	transport := &http.Transport{
		MaxIdleConnsPerHost: 64,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			s := p.plan.connects()
			if s.breaks == refused {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			}
			serve := p.serve
			if s.breaks == accepted {
				serve = func(conn net.Conn) { _ = conn.Close() }
			}
			return pipenet.Dial(serve)(ctx, network, addr)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// base is where a piped Pipedrive is.
const base = "http://127.0.0.1/v1"

// newClient returns a client of p over pipes.
func (p *pipedrive) newClient(t testing.TB, credential channels.Credential, opts ...channels.Option) *channels.Client {
	t.Helper()
	return newClient(t, credential, append([]channels.Option{
		channels.WithBaseURL(base), channels.WithHTTPClient(&http.Client{Transport: p.piped(t)}),
	}, opts...)...)
}

func newClient(t testing.TB, credential channels.Credential, opts ...channels.Option) *channels.Client {
	t.Helper()
	quiet := channels.WithLogger(slog.New(slog.DiscardHandler)) // unless an option wants to look
	client, err := channels.NewClient(credential, append([]channels.Option{quiet}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
