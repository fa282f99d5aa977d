package main

import (
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

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func TestTheRestOfAConversationIsHeldBack(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]struct {
		line  string
		reply reply
		want  fate
	}{
		"refused":    {"m-1 c-1", answered(400, "INVALID_RECEIVE_MESSAGE_PAYLOAD"), refused},
		"not found":  {"m-1 c-1", answered(404, "NOT_FOUND"), refused},
		"unknown":    {"m-1 c-1", lost, unknown},
		"a 500":      {"m-1 c-1", malfunct, unknown},
		"not sent":   {"m-1 c-1", unsent, notSent},
		"unreadable": {`{"id":"m-1","channel_id":"shop-1","conversation_id":"c-1","typo":true}`, reply{}, unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := &inbox{script: map[string][]reply{"m-1": {first.reply}}}
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
			if !strings.HasPrefix(o.stderr, "line 1") || strings.Count(o.stderr, "\n") != 1 {
				t.Errorf("stderr: %s", o.stderr)
			}
		})
	}
}

// Whatever comes first, the undelivered are kept in the order in which they were read.
func TestTheUndeliveredAreKeptInTheirOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := &inbox{script: map[string][]reply{}}
		to.before = func(_ context.Context, id string) {
			if id == "m-0" { // the first is the last to be answered
				<-time.After(10 * time.Second)
			}
		}
		var lines, want []string
		for i := range 50 {
			line := fmt.Sprintf("m-%d c-%d", i, i)
			lines = append(lines, line, "odd line "+line)
			if i%7 == 0 {
				to.script[fmt.Sprintf("m-%d", i)] = []reply{answered(400, "")}
				want = append(want, line)
			}
			want = append(want, "odd line "+line)
		}
		o := deliverTo(t.Context(), t, to, strings.NewReader(jsonLines(lines...)))
		if o.kept != jsonLines(want...) || o.report.counts != [fates]int{delivered: 42, refused: 8, unreadable: 50} {
			t.Errorf("counted %v, kept:\n%s", o.report.counts, o.kept)
		}
	})
}

// The same id several times is a message that changes its status.
func TestAMessageMayBeThereSeveralTimes(t *testing.T) {
	t.Parallel()
	to := &inbox{script: map[string][]reply{"m-1": {{status: 200, body: `{"success":true,"data":{"id":"m-1"}}`}, answered(400, "")}}}
	first, second, third := jsonLines("m-1 c-1"), strings.Replace(jsonLines("m-1 c-1"), "sent", "delivered", 1), strings.Replace(jsonLines("m-1 c-1"), "sent", "read", 1)
	o := deliverTo(t.Context(), t, to, strings.NewReader(first+second+third))
	if want := second + third; o.kept != want || o.report.counts != [fates]int{delivered: 1, refused: 1, heldBack: 1} {
		t.Errorf("counted %v, kept:\n%swant:\n%s", o.report.counts, o.kept, want)
	}
}

func TestADeliveryStopsWhenGoingOnMakesNoSense(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script map[string][]reply
		want   [fates]int
		reason string
	}{
		"no token":       {map[string][]reply{"m-2": {answered(401, "")}}, [fates]int{delivered: 1, refused: 1, untried: 3}, "answered 401"},
		"not paid":       {map[string][]reply{"m-2": {answered(402, "")}}, [fates]int{delivered: 1, refused: 1, untried: 3}, "answered 402"},
		"forbidden":      {map[string][]reply{"m-2": {answered(403, "ADMIN_ONLY")}}, [fates]int{delivered: 1, refused: 1, untried: 3}, "answered 403 ADMIN_ONLY"},
		"withdrawn":      {map[string][]reply{"m-2": {answered(410, "")}}, [fates]int{delivered: 1, refused: 1, untried: 3}, "withdrawn"},
		"no such path":   {map[string][]reply{"m-2": {{status: 404, body: "<html>"}}}, [fates]int{delivered: 1, refused: 1, untried: 3}, "base URL is wrong"},
		"no channel":     {map[string][]reply{"m-2": {answered(404, "")}}, [fates]int{delivered: 4, refused: 1}, ""},
		"redirected":     {map[string][]reply{"m-2": {answered(302, "")}}, [fates]int{delivered: 1, refused: 1, untried: 3}, "answered 302"},
		"three failures": {map[string][]reply{"m-1": {lost}, "m-2": {unsent}, "m-3": {lost}}, [fates]int{unknown: 2, notSent: 1, untried: 2}, "3 messages in a row"},
		"three limits":   {map[string][]reply{"m-1": {limited(time.Second)}, "m-2": {limited(time.Second)}, "m-3": {limited(time.Second)}}, [fates]int{delivered: 5}, ""},
		"two failures":   {map[string][]reply{"m-1": {lost}, "m-2": {unsent}, "m-4": {lost}}, [fates]int{delivered: 2, unknown: 2, notSent: 1}, ""},
		"not in a row":   {map[string][]reply{"m-1": {lost}, "m-2": {unsent}, "m-3": {answered(400, "")}, "m-4": {lost}}, [fates]int{delivered: 1, refused: 1, unknown: 2, notSent: 1}, ""},
		"three refusals": {map[string][]reply{"m-1": {answered(400, "")}, "m-2": {answered(422, "")}, "m-3": {answered(413, "")}}, [fates]int{delivered: 2, refused: 3}, ""},
		"three pages":    {map[string][]reply{"m-1": {page}, "m-2": {page}, "m-3": {page}}, [fates]int{refused: 3, untried: 2}, "3 messages in a row"},
		"one blocked":    {map[string][]reply{"m-2": {blocked}}, [fates]int{delivered: 4, refused: 1}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				to := &inbox{script: c.script}
				lines := []string{"m-1 c-1", "m-2 c-2", "m-3 c-3", "m-4 c-4", "m-5 c-5"}
				o := deliverTo(t.Context(), t, to, &trickle{lines: slices.Clone(lines)})
				if o.report.counts != c.want || o.err != nil {
					t.Errorf("counted %v, want %v; %v", o.report.counts, c.want, o.err)
				}
				if !strings.Contains(o.report.reason, c.reason) || (o.report.reason == "") != (c.reason == "") || strings.Contains(o.stderr, "Stopped: ") != (c.reason != "") {
					t.Errorf("the reason is %q, stderr: %s", o.report.reason, o.stderr)
				}
				lines = slices.DeleteFunc(lines, func(l string) bool { return slices.Contains(to.got, l[:3]) })
				if want := jsonLines(lines...); o.kept != want {
					t.Errorf("kept:\n%swant:\n%s", o.kept, want)
				}
			})
		})
	}
}

// noToken is a token source that has none.
type noToken struct{}

func (noToken) Token() (*oauth2.Token, error) { return nil, errors.New("nobody has logged in") }

func TestADeliveryStopsWithoutAToken(t *testing.T) {
	t.Parallel()
	to := &inbox{}
	client, err := channels.NewClient(channels.OAuth(noToken{}), channels.WithHTTPClient(&http.Client{Transport: to}))
	if err != nil {
		t.Fatal(err)
	}
	lines := jsonLines("m-1 c-1", "m-2 c-1", "m-3 c-1")
	o := deliverBy(t.Context(), t, delivery{client: client}, strings.NewReader(lines))
	if o.report.counts != [fates]int{notSent: 1, untried: 2} || o.kept != lines || to.tried != nil {
		t.Errorf("counted %v, tried %v, kept:\n%s", o.report.counts, to.tried, o.kept)
	}
	if !strings.Contains(o.report.reason, "nobody has logged in") {
		t.Errorf("the reason is %q", o.report.reason)
	}
}

// A limit is waited out if that takes no longer than the patience.
func TestPatienceWithALimit(t *testing.T) {
	t.Parallel()
	daily := reply{status: 429, body: "{}", tokens: "0"}
	burst := reply{status: 429, body: "{}", remaining: "0"}
	for name, c := range map[string]struct {
		replies  []reply
		attempts int
		patience time.Duration
		took     time.Duration // more or less: the client adds jitter
		want     [fates]int
		reason   string
	}{
		"a burst, without any":       {[]reply{limited(3 * time.Second)}, 4, 0, 3 * time.Second, [fates]int{delivered: 3}, ""},
		"a minute":                   {[]reply{limited(time.Minute)}, 4, 2 * time.Minute, time.Minute, [fates]int{delivered: 3}, ""},
		"a minute, twice":            {[]reply{limited(time.Minute), {status: 200, body: `{"success":true,"data":{"id":"m-1"}}`}, limited(time.Minute)}, 4, 90 * time.Second, 2 * time.Minute, [fates]int{delivered: 3}, ""},
		"a minute, and no patience":  {[]reply{limited(time.Minute)}, 4, 30 * time.Second, 0, [fates]int{untried: 3}, "--patience of 30s"},
		"a daily limit":              {[]reply{daily}, 4, 2 * time.Minute, 0, [fates]int{untried: 3}, "the daily budget is used up; the next try would be at "},
		"a daily limit, and time":    {[]reply{daily, daily, daily}, 4, 24 * time.Hour, 35 * time.Minute, [fates]int{delivered: 3}, ""},
		"a daily limit, and an hour": {slices.Repeat([]reply{daily}, 20), 4, time.Hour, 35 * time.Minute, [fates]int{untried: 3}, "--patience of 1h0m0s"},
		"no sign of which limit":     {slices.Repeat([]reply{{status: 429, body: "{}"}}, 4), 4, 2 * time.Minute, 36 * time.Second, [fates]int{delivered: 3}, ""},
		"bursts that go on":          {slices.Repeat([]reply{burst}, 20), 4, 2 * time.Minute, 40 * time.Second, [fates]int{delivered: 3}, ""},
		"a proxy's block":            {[]reply{limited(time.Second), blocked}, 4, 2 * time.Minute, time.Second, [fates]int{untried: 3}, "a proxy before the API blocks this client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				to := &inbox{script: map[string][]reply{"m-1": c.replies}}
				start := time.Now()
				lines := jsonLines("m-1 c-1", "m-1 c-1", "m-1 c-1")
				o := deliverBy(t.Context(), t, delivery{client: to.client(t, c.attempts), patience: c.patience}, strings.NewReader(lines))
				if took := time.Since(start); took < c.took || took > c.took+c.took/4+4*time.Second {
					t.Errorf("took %v, want about %v", took, c.took)
				}
				if o.report.counts != c.want || !strings.Contains(o.report.reason, c.reason) || (o.report.reason == "") != (c.reason == "") {
					t.Errorf("counted %v, want %v; stopped: %q", o.report.counts, c.want, o.report.reason)
				}
				if all := c.want[delivered] == 3; all != (o.kept == "") || !all && o.kept != lines {
					t.Errorf("kept:\n%s", o.kept)
				}
			})
		})
	}
}

// A window that other programs fill for good ends a delivery too, and keeps everything.
func TestPatienceWithBurstsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := &inbox{script: map[string][]reply{"m-1": slices.Repeat([]reply{{status: 429, body: "{}", remaining: "0"}}, 200)}}
		start := time.Now()
		lines := jsonLines("m-1 c-1", "m-2 c-1")
		o := deliverBy(t.Context(), t, delivery{client: to.client(t, 4), patience: 2 * time.Minute}, strings.NewReader(lines))
		if took := time.Since(start); took < 3*time.Minute || took > 4*time.Minute {
			t.Errorf("took %v, want about 3m", took)
		}
		if o.report.counts[delivered] != 0 || o.kept != lines || !strings.Contains(o.report.reason, "every request is answered 429") {
			t.Errorf("counted %v, stopped: %q, kept:\n%s", o.report.counts, o.report.reason, o.kept)
		}
	})
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
	synctest.Test(t, func(t *testing.T) {
		env := &environment{getenv: vars{}.getenv, stderr: &output{to: io.Discard}}
		refusal := answered(http.StatusBadRequest, "")
		to := &inbox{script: map[string][]reply{"m-1": {refusal}, "m-3": {refusal}}}
		takes := map[string]time.Duration{"m-2": time.Second, "m-3": 2 * time.Second, "m-4": 3 * time.Second}
		to.before = func(_ context.Context, id string) { <-time.After(takes[id]) }
		d := delivery{client: to.client(t, 1), open: newOpenLines(kept), report: newReport(env, 0)}
		err = d.run(t.Context(), strings.NewReader(jsonLines("m-1 c-1", "m-2 c-2", "m-3 c-3", "m-4 c-4", "m-5 c-4")))
		if err == nil || !strings.Contains(err.Error(), "line 3, and what was not delivered of all after it") || !slices.Equal(to.tried, []string{"m-1", "m-2", "m-3", "m-4"}) {
			t.Errorf("%v, tried %v", err, to.tried)
		}
	})
	if err := kept.close(); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, name); got != jsonLines("m-1 c-1") { // and no half of a line
		t.Errorf("kept:\n%s", got)
	}
}
