package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// inbox is a receiver that fails as its script says: the errors of a message, by its id, one
// after the other; then it is received.
type inbox struct {
	script map[string][]error
	tried  []string
	got    []string
	before func(ctx context.Context, id string) // is called before each attempt
}

func (i *inbox) ReceiveMessage(ctx context.Context, r channels.ReceiveMessageRequest) (channels.Message, error) {
	if i.before != nil {
		i.before(ctx, r.ID)
	}
	i.tried = append(i.tried, r.ID)
	if errs := i.script[r.ID]; len(errs) > 0 {
		i.script[r.ID] = errs[1:]
		return channels.Message{}, errs[0]
	}
	i.got = append(i.got, r.ID)
	return channels.Message(r), nil
}

func answered(status int, code string) error {
	return &channels.Error{Operation: "receiveMessage", Outcome: channels.Answered, StatusCode: status, Code: code, Message: "no"}
}

func limited(wait time.Duration) error {
	return &channels.Error{Operation: "receiveMessage", Outcome: channels.Answered, StatusCode: http.StatusTooManyRequests, RetryAfter: wait}
}

func failing(o channels.Outcome) error {
	return &channels.Error{Operation: "receiveMessage", Outcome: o, Err: io.ErrUnexpectedEOF}
}

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

// deliverTo delivers an input.
func deliverTo(ctx context.Context, t *testing.T, to receiver, in io.Reader) outcome {
	t.Helper()
	name := filepath.Join(t.TempDir(), "kept.jsonl")
	kept, err := createUndelivered(name)
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	env := &environment{getenv: vars{}.getenv, stdout: &output{to: &stdout}, stderr: &output{to: &stderr}}
	d := delivery{to: to, undelivered: kept, report: newReport(env, 0), held: map[conversation]bool{}}
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

func TestTheRestOfAConversationIsHeldBack(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]struct {
		line string
		err  error
		want fate
	}{
		"refused":    {"m-1 c-1", answered(400, "INVALID_RECEIVE_MESSAGE_PAYLOAD"), refused},
		"not found":  {"m-1 c-1", answered(404, "NOT_FOUND"), refused},
		"unknown":    {"m-1 c-1", failing(channels.Unknown), unknown},
		"not sent":   {"m-1 c-1", failing(channels.NotSent), notSent},
		"odd":        {"m-1 c-1", errors.New("something else"), notSent},
		"unreadable": {`{"id":"m-1","channel_id":"shop-1","conversation_id":"c-1","typo":true}`, nil, unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := &inbox{script: map[string][]error{"m-1": {first.err}}}
			o := deliverTo(t.Context(), t, to, strings.NewReader(jsonLines(first.line, "m-2 c-2", "m-3 c-1", "m-4 c-2", "m-5 c-1")))
			if !slices.Equal(to.got, []string{"m-2", "m-4"}) || slices.Contains(to.tried, "m-3") || o.err != nil {
				t.Errorf("received %v, tried %v, %v", to.got, to.tried, o.err)
			}
			if want := jsonLines(first.line, "m-3 c-1", "m-5 c-1"); o.kept != want {
				t.Errorf("kept:\n%swant:\n%s", o.kept, want)
			}
			want := [fates]int{delivered: 2, heldBack: 2}
			want[first.want]++
			if o.report.counts != want {
				t.Errorf("counted %v, want %v", o.report.counts, want)
			}
			if !strings.HasPrefix(o.stderr, "line 1") {
				t.Errorf("stderr: %s", o.stderr)
			}
		})
	}
}

func TestADeliveryStopsWhenGoingOnMakesNoSense(t *testing.T) {
	t.Parallel()
	lasting := limited(time.Hour)
	for name, c := range map[string]struct {
		errs map[string][]error
		want [fates]int
	}{
		"no token":        {map[string][]error{"m-2": {answered(401, "")}}, [fates]int{delivered: 1, refused: 1, untried: 3}},
		"not paid":        {map[string][]error{"m-2": {answered(402, "")}}, [fates]int{delivered: 1, refused: 1, untried: 3}},
		"forbidden":       {map[string][]error{"m-2": {answered(403, "ADMIN_ONLY")}}, [fates]int{delivered: 1, refused: 1, untried: 3}},
		"withdrawn":       {map[string][]error{"m-2": {answered(410, "")}}, [fates]int{delivered: 1, refused: 1, untried: 3}},
		"no such path":    {map[string][]error{"m-2": {answered(404, "")}}, [fates]int{delivered: 1, refused: 1, untried: 3}},
		"redirected":      {map[string][]error{"m-2": {answered(302, "")}}, [fates]int{delivered: 1, refused: 1, untried: 3}},
		"a lasting limit": {map[string][]error{"m-2": {lasting}}, [fates]int{delivered: 1, refused: 1, untried: 3}},
		"three failures":  {map[string][]error{"m-1": {failing(channels.Unknown)}, "m-2": {failing(channels.NotSent)}, "m-3": {failing(channels.Unknown)}}, [fates]int{unknown: 2, notSent: 1, untried: 2}},
		"two failures":    {map[string][]error{"m-1": {failing(channels.Unknown)}, "m-2": {failing(channels.NotSent)}, "m-4": {failing(channels.Unknown)}}, [fates]int{delivered: 2, unknown: 2, notSent: 1}},
		"not in a row":    {map[string][]error{"m-1": {failing(channels.Unknown)}, "m-2": {failing(channels.NotSent)}, "m-3": {answered(400, "")}, "m-4": {failing(channels.Unknown)}}, [fates]int{delivered: 1, refused: 1, unknown: 2, notSent: 1}},
		"three refusals":  {map[string][]error{"m-1": {answered(400, "")}, "m-2": {answered(422, "")}, "m-3": {answered(413, "")}}, [fates]int{delivered: 2, refused: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := &inbox{script: c.errs}
			lines := []string{"m-1 c-1", "m-2 c-2", "m-3 c-3", "m-4 c-4", "m-5 c-5"}
			o := deliverTo(t.Context(), t, to, strings.NewReader(jsonLines(lines...)))
			if o.report.counts != c.want || o.err != nil {
				t.Errorf("counted %v, want %v; %v", o.report.counts, c.want, o.err)
			}
			if stopped := o.report.reason != ""; stopped != (c.want[untried] > 0) || stopped != strings.Contains(o.stderr, "stopped after line") {
				t.Errorf("the reason is %q, stderr: %s", o.report.reason, o.stderr)
			}
			lines = slices.DeleteFunc(lines, func(l string) bool { return slices.Contains(to.got, l[:3]) })
			if want := jsonLines(lines...); o.kept != want {
				t.Errorf("kept:\n%swant:\n%s", o.kept, want)
			}
		})
	}
}

func TestAProxyThatForbidsMayMeanOneMessage(t *testing.T) {
	t.Parallel()
	page := func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusForbidden, "<html><title>Blocked</title></html>")
	}
	file := writeFile(t, "in.jsonl", jsonLines("m-1 c-1", "m-2 c-2", "m-3 c-3", "m-4 c-4"))
	r := pdchannels(t, scripted(t, page), "message", "receive", "--json", "-file", file)
	summary := field(r.object(t), "summary")
	if got := field(r.object(t), "summary", "refused"); r.code != exitUnsure || got != 3.0 {
		t.Errorf("exit code %d, %v", r.code, summary)
	}
}

func TestABurstIsWaitedOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		errs []error
		took time.Duration
		got  bool
	}{
		"once":                    {[]error{limited(3 * time.Second)}, 3 * time.Second, true},
		"if nobody says how long": {[]error{limited(0)}, burstWindow, true},
		"three times":             {[]error{limited(time.Second), limited(2 * time.Second), limited(longestWait)}, 13 * time.Second, true},
		"not four times":          {[]error{limited(time.Second), limited(time.Second), limited(time.Second), limited(time.Second)}, 3 * time.Second, false},
		"not for long":            {[]error{limited(longestWait + 1)}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				to := &inbox{script: map[string][]error{"m-1": c.errs}}
				start := time.Now()
				o := deliverTo(t.Context(), t, to, strings.NewReader(jsonLines("m-1 c-1", "m-2 c-1")))
				if took := time.Since(start); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
				if got := len(to.got) == 2; got != c.got || got != (o.kept == "") {
					t.Errorf("received %v, kept %q", to.got, o.kept)
				}
			})
		})
	}
}

func TestALineThatIsTooLongIsKeptAsItIs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*maxLine+100)
	for name, interrupted := range map[string]bool{"read": false, "untried": true} {
		ctx, interrupt := context.WithCancel(t.Context())
		if interrupted {
			interrupt()
		}
		o := deliverTo(ctx, t, &inbox{}, strings.NewReader(jsonLines("m-1 c-1", long, "m-2 c-1")))
		want := jsonLines(long)
		if interrupted {
			want = jsonLines("m-1 c-1", long, "m-2 c-1")
		}
		if o.kept != want || interrupted == (o.report.counts[unreadable] == 1) {
			t.Errorf("%s: kept %d bytes of %d, counted %v", name, len(o.kept), len(want), o.report.counts)
		}
		interrupt()
	}
}

// fullFile takes so many bytes, as a disk that fills up.
type fullFile struct {
	*os.File
	room int
}

func (f *fullFile) Write(b []byte) (int, error) {
	n := min(f.room, len(b))
	f.room -= n
	if written, err := f.File.Write(b[:n]); err != nil || n == len(b) {
		return written, err
	}
	return n, errors.New("no space left on device")
}

func TestADeliveryEndsWhereNothingMoreCanBeKept(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "kept.jsonl")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	kept := &undelivered{file: &fullFile{f, len(jsonLines("m-1 c-1")) + 10}}
	env := &environment{getenv: vars{}.getenv, stderr: &output{to: io.Discard}}
	refusal := answered(http.StatusBadRequest, "")
	to := &inbox{script: map[string][]error{"m-1": {refusal}, "m-3": {refusal}}}
	d := delivery{to: to, undelivered: kept, report: newReport(env, 0), held: map[conversation]bool{}}
	err = errors.Join(d.run(t.Context(), strings.NewReader(jsonLines("m-1 c-1", "m-2 c-2", "m-3 c-3", "m-4 c-4"))), kept.close())
	if err == nil || !strings.Contains(err.Error(), "line 3 and all after it") || !slices.Equal(to.tried, []string{"m-1", "m-2", "m-3"}) {
		t.Errorf("%v, tried %v", err, to.tried)
	}
	if got := readFile(t, name); got != jsonLines("m-1 c-1") { // and no half of a line
		t.Errorf("kept:\n%s", got)
	}
}
