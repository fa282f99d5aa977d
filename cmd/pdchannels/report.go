// What a delivery prints: problems as they come, progress, and a summary.

package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// maxProblems bounds the list of problems in the JSON summary; stderr has them all.
const maxProblems = 100

// report is safe for concurrent use: an interruption is reported at once.
type report struct {
	env      *environment
	start    time.Time
	requests requestCount

	mu       sync.Mutex
	progress *progress
	counts   [fates]int
	done     int64 // bytes of the lines that were counted
	problems []problem
	leftOut  int
	reason   string // why it stopped; empty if it did not
	told     bool   // whether the interruption was reported
}

// problem is the error of one line, in the JSON summary.
type problem struct {
	Line      int    `json:"line"`
	MessageID string `json:"message_id,omitempty"`
	errorObject
}

func newReport(env *environment, size int64) *report {
	start := time.Now()
	return &report{env: env, start: start, problems: []problem{}, progress: newProgress(newStatusLine(env), env.stderr, size, start)}
}

func (r *report) count(f fate, l line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[f]++
	r.done += int64(len(l.text)) + 1
}

// settled returns how many lines were counted.
func (r *report) settled() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.counts {
		n += c
	}
	return n
}

// show shows the progress.
func (r *report) show(state channels.LimiterState, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress.show(r.counts, r.done, state, now)
}

// problem reports what is wrong with a line, or why its message was not delivered.
func (r *report) problem(line int, messageID string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, problem{line, messageID, describe(err)})
	} else {
		r.leftOut++
	}
	name := fmt.Sprintf("line %d", line)
	if messageID != "" {
		name += ", message " + printable(messageID)
	}
	r.tell("%s: %s", name, plain(err))
}

// stop reports why the delivery ends early; the first reason counts.
func (r *report) stop(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reason == "" {
		r.reason = reason
		r.tell("Stopped: %s.", reason)
	}
}

// interrupted reports an interruption once, however often it is called.
func (r *report) interrupted(keptIn string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told {
		return
	}
	r.told = true
	if r.reason == "" {
		r.reason = "interrupted"
	}
	r.tell("Interrupted: finishing messages in flight; the rest is kept in %s. Ctrl-C again ends at once.", keptIn)
}

// tell writes a line to stderr, above the progress.
func (r *report) tell(format string, args ...any) {
	r.progress.line.clear()
	r.env.stderr.printf(format+"\n", args...)
}

// summary prints the result, and returns how many messages were not delivered. kept is how many
// of them are in the file.
func (r *report) summary(keptIn string, kept int, err error) (left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress.line.clear()
	took := time.Since(r.start)
	total := 0
	for _, n := range r.counts {
		total += n
	}
	left = total - r.counts[delivered]
	if r.env.json {
		r.env.say(r.object(total, left, keptIn, kept, took, err), "")
		return left
	}
	r.env.stdout.printf("%d of %d messages delivered in %s.\n", r.counts[delivered], total, took.Round(time.Millisecond))
	for f := refused; f < fates; f++ {
		if r.counts[f] > 0 {
			r.env.stdout.printf("  %d %s\n", r.counts[f], fateTexts[f])
		}
	}
	again := fmt.Sprintf("pdchannels message receive --file %s", shellWord(keptIn))
	switch {
	case left == 0:
	case kept >= left:
		r.env.stdout.printf("They are kept in %s. To deliver them once the cause is fixed: %s\n", printable(keptIn), again)
	case kept > 0:
		r.env.stdout.printf("Only %d of them are kept in %s; %d are lost unless you deliver the input again, which does no harm.\n", kept, printable(keptIn), left-kept)
	default:
		r.env.stdout.printf("None of them is kept: deliver the input again, which does no harm to what has arrived.\n")
	}
	return left
}

func (r *report) object(total, left int, keptIn string, kept int, took time.Duration, err error) any {
	summary := map[string]any{
		"messages": total, "seconds": took.Seconds(),
		"requests": r.requests.made.Load(), "rate_limited": r.requests.limited.Load(),
	}
	for f, name := range fateNames {
		summary[name] = r.counts[f]
	}
	if kept > 0 {
		summary["undelivered_file"] = keptIn
	}
	if left > kept {
		summary["not_kept"] = left - kept
	}
	if r.reason != "" {
		summary["stopped"] = r.reason
	}
	object := map[string]any{"summary": summary, "problems": r.problems, "problems_left_out": r.leftOut}
	if err != nil {
		object["error"] = describe(err)
	}
	return object
}

// requestCount counts the requests, and those that were answered 429.
type requestCount struct{ made, limited atomic.Int64 }

func (c *requestCount) observer() channels.Observer {
	return channels.Observer{AttemptEnds: func(_ context.Context, e channels.AttemptEvent) {
		c.made.Add(1)
		if e.StatusCode == http.StatusTooManyRequests {
			c.limited.Add(1)
		}
	}}
}

// shellWord quotes a word for a shell, if it needs that.
func shellWord(s string) string {
	switch {
	case strings.HasPrefix(s, "-"):
		return shellWord("./" + s) // a file, not a flag
	case s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:") == "":
		return s
	case harmless(s, false) == s && !strings.ContainsAny(s, "\n\t"):
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(c))
		case c == '\n':
			b.WriteString(`\n`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return "$'" + b.String() + "'"
}
