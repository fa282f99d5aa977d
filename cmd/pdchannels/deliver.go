// Delivering many messages: in order, and so that none is lost.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

const (
	// A 429 is waited out up to this long; a limit that lasts longer is the daily one.
	longestWait = 10 * time.Second
	// The burst limit counts in a window of two seconds: what to wait if the answer does not say.
	burstWindow = 2 * time.Second
	// After so many full waits for one message the limit is not that of a burst.
	waitsPerMessage = 3
	// What was sent to a pipe is still read after the delivery has stopped, until the
	// pipe has been silent for so long.
	silence = time.Second
)

// receiver is what a delivery needs of a *channels.Client.
type receiver interface {
	ReceiveMessage(context.Context, channels.ReceiveMessageRequest) (channels.Message, error)
}

// delivery delivers the lines of one input.
type delivery struct {
	to          receiver
	undelivered *undelivered
	report      *report

	stop    context.CancelFunc
	held    map[conversation]bool
	inARow  int // messages that failed without a proper answer, since the last good one
	current int // the number of the line that was decided on last
}

// conversation names one across all channels.
type conversation struct{ channel, id string }

// errInputOpen is what a delivery ends with that stopped while its input went on.
var errInputOpen = errors.New("the input had not ended: what it would still have brought was not read")

// run delivers until the input ends. When ctx ends, the message in flight is finished, and
// everything after it goes to the file of the undelivered; so it does when an answer says that
// going on makes no sense. The error is of the input or of the file.
func (d *delivery) run(ctx context.Context, in io.Reader) error {
	ctx, d.stop = context.WithCancel(ctx)
	defer d.stop()
	done := make(chan struct{})
	defer close(done)
	lines := readLines(in, done)
	for {
		l, err := next(ctx, lines)
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := d.take(ctx, l); err != nil {
			return fmt.Errorf("line %d and all after it were not delivered, nor kept: %w", l.number, err)
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

// take decides on a line. Its error is of the file of the undelivered.
func (d *delivery) take(ctx context.Context, l line) error {
	switch {
	case l.number == d.current: // the rest of a line that is too long
	case l.blank():
		return nil
	default:
		d.current = l.number
		f := d.deliver(ctx, l)
		d.report.count(f, l)
		if f == delivered {
			return nil
		}
	}
	return d.undelivered.write(l)
}

// check reads a line and sends nothing.
func (d *delivery) check(l line) {
	if l.number == d.current || l.blank() {
		return
	}
	d.current = l.number
	f := delivered
	if _, err := l.message(); err != nil {
		d.report.problem(l.number, "", err)
		f = unreadable
	}
	d.report.count(f, l)
}

func (d *delivery) deliver(ctx context.Context, l line) fate {
	if ctx.Err() != nil {
		return untried
	}
	r, err := l.message()
	c := conversation{r.ProviderChannelID, r.ConversationID}
	if err != nil {
		d.report.problem(l.number, "", err)
		if c != (conversation{}) {
			d.held[c] = true
		}
		return unreadable
	}
	if d.held[c] {
		return heldBack
	}
	err = d.send(ctx, r)
	if err == nil {
		d.inARow = 0
		return delivered
	}
	d.held[c] = true
	if ctx.Err() != nil && errors.Is(err, channels.ErrRateLimited) {
		return untried // it was waiting when the delivery was interrupted
	}
	d.report.problem(l.number, r.ID, err)
	f, reason := d.judge(err)
	if reason != "" {
		d.stop()
		d.report.stop(l.number, reason)
	}
	return f
}

// send makes one attempt, and further ones after a 429 that will soon be over.
func (d *delivery) send(ctx context.Context, r channels.ReceiveMessageRequest) error {
	for waits := 0; ; waits++ {
		// What is in flight is finished, or ended by its own timeout.
		_, err := d.to.ReceiveMessage(context.WithoutCancel(ctx), r)
		e, ok := errors.AsType[*channels.Error](err)
		if !ok || !errors.Is(e, channels.ErrRateLimited) || waits == waitsPerMessage {
			return err
		}
		wait := e.RetryAfter
		if wait == 0 {
			wait = burstWindow
		}
		if wait > longestWait {
			return err
		}
		d.report.waiting(wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}
