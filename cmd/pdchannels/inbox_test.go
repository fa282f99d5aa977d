package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// inbox is a transport to a Pipedrive that fails as its script says: the answers to a message,
// by its id, one after the other; then it is received.
type inbox struct {
	before func(ctx context.Context, id string) // is called before each answer

	mu     sync.Mutex
	script map[string][]reply
	tried  []string
	got    []string
}

// reply is an answer, or an error in its place.
type reply struct {
	status     int
	body       string
	retryAfter time.Duration
	tokens     string // that are left of the daily budget
	remaining  string // of the burst limit
	err        error
}

func (i *inbox) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var m struct{ ID string }
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, err
	}
	if i.before != nil {
		i.before(r.Context(), m.ID)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tried = append(i.tried, m.ID)
	next := reply{status: http.StatusOK, body: `{"success":true,"data":` + string(body) + `}`}
	if script := i.script[m.ID]; len(script) > 0 {
		next, i.script[m.ID] = script[0], script[1:]
	} else {
		i.got = append(i.got, m.ID)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if next.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(next.retryAfter.Seconds())))
	}
	for name, value := range map[string]string{"X-Daily-Ratelimit-Token-Remaining": next.tokens, "X-Ratelimit-Remaining": next.remaining} {
		if value != "" {
			header.Set(name, value)
		}
	}
	return &http.Response{StatusCode: next.status, Header: header, Body: io.NopCloser(strings.NewReader(next.body))}, next.err
}

// client is one of this inbox. It makes so many attempts at a call.
func (i *inbox) client(t *testing.T, attempts int) *channels.Client {
	t.Helper()
	client, err := channels.NewClient(channels.APIToken("token"), silent,
		channels.WithHTTPClient(&http.Client{Transport: i}), channels.WithRetries(channels.RetryPolicy{Attempts: attempts}))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func answered(status int, code string) reply {
	return reply{status: status, body: fmt.Sprintf(`{"success":false,"error":"no","error_info":"","additional_data":{"code":%q}}`, code)}
}

func limited(wait time.Duration) reply {
	r := answered(http.StatusTooManyRequests, "")
	r.retryAfter = wait
	return r
}

var (
	blocked  = reply{status: http.StatusForbidden, body: "<html><title>Blocked</title></html>"}
	page     = reply{status: http.StatusRequestEntityTooLarge, body: "<html><title>Too large</title></html>"}
	lost     = reply{err: io.ErrUnexpectedEOF}
	unsent   = reply{err: &net.OpError{Op: "dial", Err: errors.New("refused")}}
	malfunct = answered(http.StatusInternalServerError, "")
)

// jsonLines writes messages: "m-1 c-1" is message m-1 of conversation c-1. Anything else is
// written as it is.
func jsonLines(messages ...string) string {
	var b strings.Builder
	for _, m := range messages {
		if id, conversation, two := strings.Cut(m, " "); two && strings.HasPrefix(id, "m-") {
			m = fmt.Sprintf(`{"id":%q,"channel_id":"shop-1","conversation_id":%q,"sender_id":"nils","message":"Hi","status":"sent","created_at":"2026-03-01 07:58"}`, id, conversation)
		}
		b.WriteString(m + "\n")
	}
	return b.String()
}

// outcome is what a delivery left behind.
type outcome struct {
	report *report
	kept   string // the file of the undelivered; empty if it was removed
	stderr string
	err    error
}

// deliverTo delivers an input by a client that makes one attempt at each call.
func deliverTo(ctx context.Context, t *testing.T, to *inbox, in io.Reader) outcome {
	t.Helper()
	return deliverBy(ctx, t, delivery{client: to.client(t, 1)}, in)
}

func deliverBy(ctx context.Context, t *testing.T, d delivery, in io.Reader) outcome {
	t.Helper()
	name := filepath.Join(t.TempDir(), "kept.jsonl")
	kept, err := createUndelivered(name)
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	env := &environment{getenv: vars{}.getenv, stdout: &output{to: &stdout}, stderr: &output{to: &stderr}}
	d.report, d.open = newReport(env, 0), newOpenLines(kept)
	o := outcome{report: d.report, err: d.run(ctx, in)}
	if err := kept.close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(name); err == nil {
		o.kept = string(text)
	} else if !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	o.stderr = stderr.String()
	return o
}

// trickle is an input that brings a line every half a second, so that each is done with before the
// next. It is for a bubble of synctest.
type trickle struct{ lines []string }

func (in *trickle) Read(b []byte) (int, error) {
	if len(in.lines) == 0 {
		return 0, io.EOF
	}
	<-time.After(silence / 2)
	n := copy(b, jsonLines(in.lines[0]))
	in.lines = in.lines[1:]
	return n, nil
}
