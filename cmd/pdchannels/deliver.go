// Delivering many messages, in order and without losing any.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

const (
	// After so many messages in a row that the API did not answer properly, the next ones would
	// fail too.
	failuresInARow = 3
	// After a delivery has stopped, its input is read, and kept, until a pipe has been silent
	// for so long.
	silence = time.Second
	// A burst limit is free again in seconds, so nobody should wait for long while nothing gets through.
	burstPatience = time.Minute
)

// delivery delivers the lines of one input. The client keeps to the limits, retries, and keeps
// each conversation in order; delivery decides when to stop, and what to keep.
type delivery struct {
	client   *channels.Client
	patience time.Duration // how long to wait for the end of a limit
	open     *openLines
	report   *report

	stop     context.CancelFunc
	inARow   int   // messages without a proper answer since the last good one
	denied   bool  // the API answered 401 or 403
	inputErr error // what ended the input early; written by messages, read after it has returned
}

// errInputOpen ends a delivery that stopped while its input went on.
var errInputOpen = errors.New("the input had not ended: the rest of it was not read")

// run delivers until the input ends. When ctx ends, or going on makes no sense, messages in flight
// finish, and the rest goes to the file of undelivered messages. The error is the input's or the file's.
func (d *delivery) run(ctx context.Context, in io.Reader) error {
	ctx, d.stop = context.WithCancel(ctx)
	defer d.stop()
	over := make(chan struct{})
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		d.watch(over)
	}()
	for m := range d.client.Deliver(ctx, d.messages(ctx, in)) {
		d.take(ctx, m)
	}
	close(over)
	<-watching
	return errors.Join(d.inputErr, d.open.failed())
}

// messages yields the lines of the input to the client until ctx ends, and keeps those after it.
func (d *delivery) messages(ctx context.Context, in io.Reader) iter.Seq2[channels.ReceiveMessageRequest, error] {
	return func(yield func(channels.ReceiveMessageRequest, error) bool) {
		done := make(chan struct{})
		defer close(done)
		lines := readLines(in, done)
		for {
			l, err := next(ctx, lines)
			if err != nil {
				if !errors.Is(err, io.EOF) {
					d.inputErr = err
				}
				return
			}
			if l.blank() {
				continue
			}
			index, ok := d.open.add(l)
			if !ok {
				return
			}
			if ctx.Err() != nil {
				d.settle(index, untried)
				continue
			}
			r, err := l.message()
			if err != nil {
				if !l.rest {
					d.report.problem(l.number, "", err)
				}
				err = unreadableError{err}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// next returns the next line, or io.EOF. Once ctx has ended it returns only what is there already.
func next(ctx context.Context, lines <-chan line) (line, error) {
	stopped := ctx.Done()
	var silent <-chan time.Time
	for {
		select {
		case l, ok := <-lines:
			if !ok {
				return line{}, io.EOF
			}
			return l, l.err
		case <-stopped:
			stopped, silent = nil, time.After(silence)
		case <-silent:
			return line{}, errInputOpen
		}
	}
}

// take records what became of a message, and decides whether the delivery goes on.
func (d *delivery) take(ctx context.Context, m channels.Delivery) {
	f := judge(m.Err, ctx.Err() != nil)
	if f == refused || f == unknown || f == notSent {
		d.report.problem(d.open.number(m.Index), m.Request.ID, m.Err)
	}
	if cause := whatStopped(m.Err); cause != nil && ctx.Err() == nil {
		d.end("further messages would get the same answer: " + plain(cause))
	}
	d.settle(m.Index, f)
	d.denied = d.denied || proper(m.Err) && (errors.Is(m.Err, channels.ErrUnauthorized) || errors.Is(m.Err, channels.ErrForbidden))
	switch {
	case f == unknown, f == notSent, f == refused && !proper(m.Err):
		if d.inARow++; d.inARow == failuresInARow {
			d.end(fmt.Sprintf("the API did not answer %d messages in a row properly", failuresInARow))
		}
	case f == delivered, f == refused:
		d.inARow = 0
	}
}

// settle records the fate of an open line, and ends the delivery if the line cannot be kept.
func (d *delivery) settle(index int, f fate) {
	l, err := d.open.settle(index, f != delivered)
	if err != nil {
		d.stop() // messages in flight finish, for the summary
	}
	if !l.rest {
		d.report.count(f, l)
	}
}

// end ends the delivery for a reason of its own.
func (d *delivery) end(reason string) {
	d.report.stop(reason)
	d.stop()
}

// watch shows the progress, and ends the delivery when a limit outlasts its patience.
func (d *delivery) watch(over <-chan struct{}) {
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	var since time.Time // when calls began to be refused
	moved, settled := time.Now(), 0
	for {
		select {
		case <-over:
			return
		case now := <-ticker.C:
			state := d.client.Limiter().State()
			d.report.show(state, now)
			if n := d.report.settled(); n != settled {
				moved, settled = now, n
			}
			switch {
			case state.Refusing == nil && !state.HeldUntil.IsZero() && now.Sub(moved) > d.patience+burstPatience:
				d.end("every request is answered 429: other programs use all of the burst limit")
				continue
			case state.Refusing == nil:
				since = time.Time{}
				continue
			case since.IsZero():
				since = now
			}
			if state.NextProbe.After(since.Add(d.patience)) {
				d.end(fmt.Sprintf("%v; the next try would be at %s, beyond the --patience of %v",
					state.Refusing, clock(state.NextProbe, now), d.patience))
			}
		}
	}
}
