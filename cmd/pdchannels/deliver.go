// Delivering many messages: in order, and so that none is lost.

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
	// After so many messages in a row without a proper answer, the next ones would fare alike.
	failuresInARow = 3
	// What was sent to a pipe is still read after the delivery has stopped, until the
	// pipe has been silent for so long.
	silence = time.Second
)

// delivery delivers the lines of one input. The client keeps to the limits, repeats, and
// keeps each conversation in order; what is decided here is when to end, and what is kept.
type delivery struct {
	client   *channels.Client
	patience time.Duration // with a limit that lasts
	open     *openLines
	report   *report

	stop     context.CancelFunc
	inARow   int   // messages that failed without a proper answer, since the last good one
	denied   bool  // the API answered 401 or 403
	inputErr error // what ended the input early; the source's until that has ended
}

// errInputOpen is what a delivery ends with that stopped while its input went on.
var errInputOpen = errors.New("the input had not ended: what it would still have brought was not read")

// run delivers until the input ends. When ctx ends, what is in flight is finished, and
// everything after it goes to the file of the undelivered; so it does when going on makes no
// sense. The error is of the input or of the file.
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

// messages are the lines of the input as a source for the client. What comes after the end of
// ctx is not for the client any more.
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

// next returns the next line, or io.EOF. Once ctx has ended it takes what is there already.
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

// take decides what became of a message, and whether the delivery goes on.
func (d *delivery) take(ctx context.Context, m channels.Delivery) {
	f := judge(m.Err, ctx.Err() != nil)
	if f == refused || f == unknown || f == notSent {
		d.report.problem(d.open.number(m.Index), m.Request.ID, m.Err)
	}
	if cause := whatStopped(m.Err); cause != nil && ctx.Err() == nil {
		d.end("further messages would fare alike: " + plain(cause))
	}
	d.settle(m.Index, f)
	d.denied = d.denied || proper(m.Err) && (errors.Is(m.Err, channels.ErrUnauthorized) || errors.Is(m.Err, channels.ErrForbidden))
	switch {
	case f == unknown, f == notSent, f == refused && !proper(m.Err):
		if d.inARow++; d.inARow == failuresInARow {
			d.end(fmt.Sprintf("%d messages in a row got no proper answer", failuresInARow))
		}
	case f == delivered, f == refused:
		d.inARow = 0
	}
}

// settle notes the fate of an open line, and ends the delivery if the line cannot be kept.
func (d *delivery) settle(index int, f fate) {
	l, err := d.open.settle(index, f != delivered)
	if err != nil {
		d.stop() // what is in flight is finished, for the summary
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

// watch shows how far the delivery is, and ends it when a limit would last longer than its
// patience.
func (d *delivery) watch(over <-chan struct{}) {
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	var since time.Time // when calls began to be refused
	for {
		select {
		case <-over:
			return
		case now := <-ticker.C:
			state := d.client.Limiter().State()
			d.report.show(state, now)
			switch {
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
