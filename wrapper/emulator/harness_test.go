// What the tests share: raw requests, and the document as the judge of every answer.

package emulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pdchannels/pdchannels/spec"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// answer is what came back, its body decoded.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

// code is the code of an error; empty if there is none.
func (a answer) code() string {
	detail, _ := a.body["additional_data"].(map[string]any)
	code, _ := detail["code"].(string)
	return code
}

func (a answer) data() map[string]any {
	data, _ := a.body["data"].(map[string]any)
	return data
}

// api asks one emulator as one user.
type api struct {
	*emulator.Server
	tb     testing.TB
	header http.Header
}

func start(tb testing.TB, cfg emulator.Config) api {
	tb.Helper()
	s := emulator.Start(tb, cfg)
	return api{Server: s, tb: tb}.as(s.Users()[0])
}

// as asks as another user, by access token.
func (a api) as(u emulator.User) api {
	return a.with("Authorization", "Bearer "+u.AccessToken.Reveal())
}

// with asks with another header; no values take it away.
func (a api) with(key string, values ...string) api {
	header := a.header.Clone()
	if header == nil {
		header = http.Header{"Content-Type": {"application/json"}}
	}
	header.Del(key)
	for _, v := range values {
		header.Add(key, v)
	}
	a.header = header
	return a
}

// transport follows no redirect.
var transport = &http.Transport{MaxIdleConnsPerHost: 100}

// do sends a request; target starts at the root of the server. The answer must be an envelope.
func (a api) do(method, target, body string) answer {
	a.tb.Helper()
	req, err := http.NewRequestWithContext(a.tb.Context(), method, a.URL+target, strings.NewReader(body))
	if err != nil {
		a.tb.Fatal(err)
	}
	req.Header = a.header.Clone()
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		a.tb.Fatalf("%s %s: %v", method, target, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		a.tb.Fatalf("%s %s: %v", method, target, err)
	}
	out := answer{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	if resp.Header.Get("Content-Type") != "application/json" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		a.tb.Errorf("%s %s: the answer's headers are %v, want JSON and nosniff", method, target, resp.Header)
	}
	if err := json.Unmarshal(raw, &out.body); err != nil {
		a.tb.Errorf("%s %s: the answer %q is no JSON object: %v", method, target, raw, err)
	}
	return out
}

// operation sends a request for an operation, and holds the answer against the document.
func (a api) operation(id, method, target, body string) answer {
	a.tb.Helper()
	out := a.do(method, "/v1"+target, body)
	if reason := undocumented(id, out.status, out.raw); reason != "" {
		a.tb.Errorf("%s %s: the document does not allow the answer %d %s: %s", method, target, out.status, out.raw, reason)
	}
	return out
}

func (a api) addChannel(body string) answer {
	a.tb.Helper()
	return a.operation("addChannel", "POST", "/channels", body)
}

func (a api) receive(body string) answer {
	a.tb.Helper()
	return a.operation("receiveMessage", "POST", "/channels/messages/receive", body)
}

func (a api) deleteChannel(id string) answer {
	a.tb.Helper()
	return a.operation("deleteChannel", "DELETE", "/channels/"+url.PathEscape(id), "")
}

func (a api) deleteConversation(channel, conversation string) answer {
	a.tb.Helper()
	return a.operation("deleteConversation", "DELETE",
		"/channels/"+url.PathEscape(channel)+"/conversations/"+url.PathEscape(conversation), "")
}

// want fails the test unless the answer has the status and the code.
func (a answer) want(tb testing.TB, status int, code string) answer {
	tb.Helper()
	if a.status != status || a.code() != code {
		tb.Errorf("got %d %s, want %d %q", a.status, a.raw, status, code)
	}
	return a
}

// channel and message are bodies that every source allows, with some fields replaced; a
// field that is replaced by absent is left out.
func channel(fields ...any) string {
	return object(map[string]any{"name": "Support", "provider_channel_id": "c1"}, fields)
}

func message(fields ...any) string {
	return object(map[string]any{
		"id": "m1", "channel_id": "c1", "sender_id": "s1", "conversation_id": "v1", "message": "Hello",
		"status": "sent", "created_at": "2026-03-01 07:58", "attachments": []any{},
	}, fields)
}

type absent struct{}

func object(o map[string]any, fields []any) string {
	for i := 0; i < len(fields); i += 2 {
		key := fields[i].(string)
		if _, drop := fields[i+1].(absent); drop {
			delete(o, key)
			continue
		}
		o[key] = fields[i+1]
	}
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(b)
}

var documentedOperations = sync.OnceValue(func() map[string]*openapi3.Operation {
	doc, err := openapi3.NewLoader().LoadFromData(spec.Channels)
	if err != nil {
		panic(err)
	}
	operations := map[string]*openapi3.Operation{}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			operations[op.OperationID] = op
		}
	}
	return operations
})

// undocumented says why the document does not allow an answer; empty if it does.
func undocumented(operation string, status int, raw string) string {
	op := documentedOperations()[operation]
	response := op.Responses.Status(status)
	if response == nil {
		response = op.Responses.Default()
	}
	var value any
	if err := json.Unmarshal([]byte(raw), &value); err != nil {
		return err.Error()
	}
	schema := response.Value.Content.Get("application/json").Schema.Value
	if err := schema.VisitJSON(value, openapi3.VisitAsResponse()); err != nil {
		return err.Error()
	}
	if success := value.(map[string]any)["success"].(bool); success != (status == http.StatusOK) {
		return "success does not go with the status"
	}
	return ""
}

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

// newClock is at 2026-03-01 07:58 UTC, in another zone.
func newClock() *clock {
	return &clock{now: time.Date(2026, 3, 1, 9, 58, 0, 0, time.FixedZone("", 2*60*60))}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
