// Calls of the app, watched: each is an exchange with what caused it.

package emulator

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/internal/providercall"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/exchanges"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
)

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchanges.Exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchanges.Exchange)
	return x
}

// watched notes in the exchange of a request's context what goes over the wire.
type watched struct{ next http.RoundTripper }

// RoundTrip sends a request.
func (t watched) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	if x == nil {
		return t.next.RoundTrip(r)
	}
	x.Method, x.URL, x.Request.Header = r.Method, r.URL.String(), r.Header.Clone()
	if r.GetBody != nil {
		if body, err := r.GetBody(); err == nil {
			_, _ = io.Copy(&x.Request, body)
			_ = body.Close()
		}
	}
	resp, err := t.next.RoundTrip(r)
	if err == nil {
		x.Status, x.Response.Header = resp.StatusCode, resp.Header
	}
	return resp, err
}

// call makes one call on the app, judges its answer, and decodes it into v if it is a good one. What
// is wrong goes to the exchange and to the log.
func (e *Emulator) call(ctx context.Context, x *exchanges.Exchange, do func(context.Context) (providercall.Answer, error), v any) error {
	defer e.exchanges.Finish(x)
	answer, err := do(context.WithValue(ctx, exchangeKey{}, x))
	x.Response.Keep(answer.Body)
	if err == nil {
		err = answer.Decode(v)
	}
	logger := e.cfg.Logger.With("endpoint", answer.Endpoint, "method", answer.Method, "url", answer.URL, "status", answer.StatusCode)
	if err != nil {
		x.Reason = err.Error()
		if refusal := (*providercall.RefusalError)(nil); errors.As(err, &refusal) {
			x.Code, x.Reason = refusal.Code, refusal.Message
		}
		logger.WarnContext(ctx, "call to app failed", "reason", err)
		return err
	}
	violations := answer.Judge(ctx)
	for _, violation := range violations[:min(len(violations), maxViolations)] {
		x.Found(violation.Where, violation.Reason, false)
		logger.WarnContext(ctx, "the app's answer is not as documented", "where", violation.Where, "reason", violation.Reason)
	}
	logger.InfoContext(ctx, "the app was called")
	return nil
}

// ask is call for what Pipedrive asks by itself; cause is the exchange that made it.
func (e *Emulator) ask(ctx context.Context, cause int64, endpoint, about string, r rule.Rule, do func(context.Context) (providercall.Answer, error), v any) (number int64, ok bool) {
	for n := 0; ; n++ {
		x := e.exchanges.Begin(emulatorserver.Out, cause)
		x.Operation, x.About = endpoint, about
		if endpoint == providercall.GetConversationByID {
			x.Conversation = about
		}
		x.Decided(r)
		if n > 0 {
			x.Decided(rule.AskAgain)
		}
		err := e.call(ctx, x, do, v)
		pause, again := providercall.RetryIn(err, time.Now())
		if !again || n == maxAgain {
			return x.Number, err == nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return x.Number, false
		}
		cause = x.Number
	}
}

// maxAgain is how often an app that answers 429 is asked again; see [rule.AskAgain].
const maxAgain = 3

// posting are the replies on their way to the app, so that a confirmation that comes before the
// app's answer finds what it confirms.
type posting struct {
	mu sync.Mutex
	by map[string]int64 // the exchange, by the id of the channel
}

func newPosting() *posting { return &posting{by: map[string]int64{}} }

func (p *posting) begin(channel string, exchange int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.by[channel] = exchange
}

func (p *posting) end(channel string, exchange int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by[channel] == exchange {
		delete(p.by, channel)
	}
}

func (p *posting) in(channel string) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.by[channel]
}

// confirms tells an exchange what it confirms: the postMessage of a reply that waits for it.
func (e *Emulator) confirms(x *exchanges.Exchange, channel, id string) {
	m, known := e.state.Message(channel, id)
	switch {
	case known && m.Origin == emulatorserver.Replied:
		x.Cause = m.Exchange
		if m.Status != "" { // later states follow the first confirmation's cause
			if first, ok := e.exchanges.Get(m.Exchange); ok && first.Cause != 0 {
				x.Cause = first.Cause
			}
		}
		x.Decided(rule.Confirmation)
	case !known:
		x.Cause = e.posting.in(channel)
	}
}
