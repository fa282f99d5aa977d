// One call, one exchange in the report, and the findings on it.

package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/pdchannels/pdchannels/gen/providerclient"
	"github.com/pdchannels/pdchannels/internal/providercall"
)

// Our choice: three calls in a row without an answer end a check, and the run if getConversations
// does not answer either; a call is repeated after 429 three times, and waits up to 10 seconds each time.
const (
	maxSilent  = 3
	maxWaits   = 3
	maxWait    = 10 * time.Second
	maxExcerpt = 1000
	slow       = time.Second // for an answer, on average

	// What is kept of the history, in bytes, and what counts for one thing beside its texts.
	maxKept    = 8 << 20
	keptForOne = 200
)

// run is a run in progress.
type run struct {
	cfg    Config
	app    providercall.Client
	links  *links
	hide   hider
	report Report
	check  *Check // the one under way
	silent int    // calls in a row without an answer
	began  time.Time

	answers int           // calls that were answered
	took    time.Duration // by all of them
	quiet   bool          // the check goes without further calls: what it calls does not answer

	known   []providerclient.Conversation // the history, with all messages that were seen
	kept    int                           // bytes of it, about
	places  map[string]int                // of conversations in known
	ended   bool                          // the list of it was read to its end
	empty   bool                          // the channel has no history
	serves  map[string]bool               // endpoints that were seen to answer
	lacks   map[string]bool               // optional endpoints that the app does not have
	posted  map[string]bool               // ids that postMessage gave
	forgets bool                          // the app gives no message back
	whole   map[string]bool               // conversations that were read to their end
	listed  map[string]bool               // conversations that the list has
	heads   map[string]head               // links that were tested
}

// answer is an answer of the app, if one came, and the index of its exchange in the check.
type answer struct {
	providercall.Answer
	came       bool
	index      int
	violations []providercall.Violation
}

func (a answer) good() bool { return a.StatusCode >= 200 && a.StatusCode < 300 }

// ask is a call to make.
type ask struct {
	credentials string // in words; empty: the app's
	sent        string // a body, in words
	call        func(context.Context) (providercall.Answer, error)
}

// over reports whether the run has ended.
func (r *run) over(ctx context.Context) bool {
	if r.report.Ended == "" && ctx.Err() != nil {
		r.report.Ended = "it was interrupted"
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			r.report.Ended = "its time was up"
			if r.answers > 0 {
				r.report.Ended += fmt.Sprintf("; the app takes %v a call", r.mean())
			}
		}
	}
	return r.report.Ended != ""
}

// mean is the average time of a call.
func (r *run) mean() time.Duration {
	return (r.took / time.Duration(max(r.answers, 1))).Round(10 * time.Millisecond)
}

// ask makes a call and records it.
func (r *run) ask(ctx context.Context, q ask) answer {
	for waits := 0; ; waits++ {
		if r.quiet || r.over(ctx) {
			return answer{}
		}
		r.cfg.Progress(r.check.Title, r.report.Calls)
		start := time.Now()
		got, err := q.call(ctx)
		a := answer{Answer: got, came: err == nil, index: len(r.check.Exchanges)}
		x := Exchange{
			Endpoint: got.Endpoint, Method: got.Method, URL: r.hide.text(got.URL), Credentials: q.credentials, Sent: r.hide.text(q.sent),
			StatusCode: got.StatusCode, ContentType: r.hide.text(got.ContentType), Answer: r.hide.excerpt(got.Body), Milliseconds: time.Since(start).Milliseconds(),
		}
		if x.Credentials == "" {
			x.Credentials = "the app's"
		}
		if err != nil {
			x.Error = r.hide.text(err.Error())
		}
		r.check.Exchanges = append(r.check.Exchanges, x)
		switch {
		case err != nil && got.Method == "": // it could not even be asked
			r.violation(a, "id", "", "%v", err)
			return a
		case err != nil && ctx.Err() != nil:
			r.report.Calls++
			return a
		case err != nil:
			r.report.Calls++
			r.noAnswer(ctx, a, err)
			return a
		}
		r.report.Calls++
		r.answers++
		r.took += time.Since(start)
		r.silent = 0
		a.violations = got.Judge(ctx)
		if got.StatusCode != http.StatusTooManyRequests || waits == maxWaits {
			return a
		}
		r.wait(ctx, a)
	}
}

func (r *run) noAnswer(ctx context.Context, a answer, err error) {
	reason := err.Error()
	if isDown(err) {
		r.down(reason)
		return
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		reason = fmt.Sprintf("no answer within %v", r.cfg.CallTimeout)
	case errors.Is(err, io.EOF):
		reason = "the connection was closed without an answer"
	}
	r.violation(a, "no-answer", "", "%s", reason)
	if r.silent++; r.silent < maxSilent && r.report.Calls > 1 {
		return
	}
	// Is it the whole app, or what this check calls?
	r.report.Calls++
	if _, err := r.app.GetConversations(ctx, r.cfg.Channel, 1, 1, ""); err != nil {
		r.report.Ended = "the app does not answer"
		return
	}
	r.silent, r.quiet = 0, true
	r.notChecked("this endpoint does not answer, although the app does")
}

// isDown reports whether no connection could be made, which says nothing about how an app answers.
func isDown(err error) bool {
	dial := (*net.OpError)(nil)
	return errors.As(err, &dial) && dial.Op == "dial"
}

// down ends the run because the app is stopped.
func (r *run) down(reason string) {
	r.report.Ended = "the app does not answer: " + reason
	if r.answers > 0 {
		r.report.Ended = fmt.Sprintf("the app stopped after %d calls: %s", r.report.Calls-1, reason)
	}
}

// wait waits until the retry_by of a 429, within bounds.
func (r *run) wait(ctx context.Context, a answer) {
	pause := time.Second
	var e providerclient.Error
	if json.Unmarshal(a.Body, &e) == nil && e.Data.RetryBy != "" {
		if t, err := time.Parse(time.RFC3339, e.Data.RetryBy); err == nil {
			pause = min(max(time.Until(t), 0), maxWait)
		}
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

var index = regexp.MustCompile(`\b\d+\b`)

// found adds a finding, or counts it if the check has one like it.
func (r *run) found(severity Severity, a answer, rule, where, format string, args ...any) {
	if r.cfg.Only != nil && !slices.Contains(r.cfg.Only, rule) {
		return
	}
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = providercall.Shorten(text)
		}
	}
	endpoint := a.Endpoint
	general := func(where string) string { return index.ReplaceAllString(where, "#") }
	for i := range r.check.Findings {
		f := &r.check.Findings[i]
		if f.Severity == severity && f.Rule == rule && f.Endpoint == endpoint && general(f.Where) == general(where) {
			f.Count++
			return
		}
	}
	r.check.Findings = append(r.check.Findings, Finding{
		Severity: severity, Rule: rule, Endpoint: endpoint, Where: r.hide.text(where),
		Reason: r.hide.text(fmt.Sprintf(format, args...)), Advice: advice(rule), Count: 1, Exchange: a.index,
	})
}

func (r *run) violation(a answer, rule, where, format string, args ...any) {
	r.found(Violation, a, rule, where, format, args...)
}

func (r *run) risk(a answer, rule, where, format string, args ...any) {
	r.found(Risk, a, rule, where, format, args...)
}

// notChecked and notApplicable record why there is no verdict; the first reason wins.
func (r *run) notChecked(reason string, args ...any) { r.without(NotChecked, reason, args...) }

func (r *run) notApplicable(reason string, args ...any) { r.without(NotApplicable, reason, args...) }

func (r *run) without(verdict Verdict, reason string, args ...any) {
	if r.check.Verdict == "" {
		r.check.Verdict, r.check.Reason = verdict, r.hide.text(fmt.Sprintf(reason, args...))
	}
}
