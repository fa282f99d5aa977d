// What a delivery tells: each problem as it comes, how far it is, and a summary.
package main

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// maxProblems bounds the list of problems in the JSON summary; stderr has them all.
const maxProblems = 100

// report is safe for use by several goroutines: Ctrl-C is told as it comes.
type report struct {
	env   *environment
	start time.Time
	bar   *progress // nil if nobody is watching

	mu       sync.Mutex
	counts   [fates]int
	problems []problem
	leftOut  int
	waits    int
	reason   string // why it stopped; empty if it did not
	told     bool   // that it was interrupted
}

// problem is an error of one line, in the summary for programs.
type problem struct {
	Line      int    `json:"line"`
	MessageID string `json:"message_id,omitempty"`
	errorObject
}

func newReport(env *environment, size int64) *report {
	r := &report{env: env, start: time.Now(), problems: []problem{}}
	if env.isTerminal(env.stderr) {
		r.bar = &progress{to: env.stderr, start: r.start, size: size}
	}
	return r
}

func (r *report) count(f fate, l line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[f]++
	r.bar.move(r.counts, l.end)
}

// problem tells what is wrong with a line, or what became of its message.
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

func (r *report) waiting(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waits++
	r.bar.note(fmt.Sprintf("waiting %v for the rate limit", d))
}

func (r *report) stop(line int, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reason = fmt.Sprintf("stopped after line %d: %s", line, reason)
	r.tell("%s", r.reason)
}

// interrupted tells it once, however often it is called.
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
	r.tell("Interrupted: finishing the message in flight; the rest is kept in %s. Ctrl-C again ends at once.", keptIn)
}

// tell writes a line to stderr, past the progress.
func (r *report) tell(format string, args ...any) {
	r.bar.clear()
	r.env.stderr.printf(format+"\n", args...)
}

// summary tells how it went, and returns how many messages were not delivered.
func (r *report) summary(keptIn string, err error) (left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bar.clear()
	took := time.Since(r.start)
	total := 0
	for _, n := range r.counts {
		total += n
	}
	left = total - r.counts[delivered]
	if r.env.json {
		r.env.say(r.object(total, left, keptIn, took, err), "")
		return left
	}
	r.env.stdout.printf("%d of %d messages delivered in %s.\n", r.counts[delivered], total, took.Round(time.Millisecond))
	for f := refused; f < fates; f++ {
		if r.counts[f] > 0 {
			r.env.stdout.printf("  %d %s\n", r.counts[f], fateTexts[f])
		}
	}
	if left > 0 {
		r.env.stdout.printf("They are kept in %s. When the cause is mended: pdchannels message receive -file %s\n",
			printable(keptIn), shellWord(keptIn))
	}
	return left
}

func (r *report) object(total, left int, keptIn string, took time.Duration, err error) any {
	summary := map[string]any{"messages": total, "seconds": took.Seconds(), "rate_limit_waits": r.waits}
	for f, name := range fateNames {
		summary[name] = r.counts[f]
	}
	if left > 0 {
		summary["undelivered_file"] = keptIn
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

// shellWord quotes a file name for a shell, if it needs that.
func shellWord(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
