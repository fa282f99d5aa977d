package outbox

import (
	"context"
	"time"
)

// Observer is told what [Outbox.Run] does, for metrics. A nil function is not called. They are called
// by the goroutines that deliver, many at a time: they must be quick, and safe for concurrent use. No
// event holds a text of a message.
type Observer struct {
	// Delivered is told of each message that Pipedrive has taken. After a crash one may be told twice.
	Delivered func(ctx context.Context, e Event)
	// Parked is told of each message that was refused.
	Parked func(ctx context.Context, e Event)
	// Sleeps is told of an installation that takes nothing for a while, and why.
	Sleeps func(ctx context.Context, installation string, reason error, wait time.Duration)
	// TakenOver is told of an installation that a dead process had worked on.
	TakenOver func(ctx context.Context, installation string)
}

// Event is about one message.
type Event struct {
	Installation string
	Number       int64         // the message's in the outbox, as [Parked.Number]
	ID           string        // the app's id of the message
	Age          time.Duration // since it was appended
	Err          error         // why it was refused; nil if it was delivered
}

func event(installation string, r row, err error) Event {
	return Event{Installation: installation, Number: r.seq, ID: r.id, Age: time.Since(r.appended), Err: err}
}

func (o Observer) delivered(ctx context.Context, installation string, r row) {
	if o.Delivered != nil {
		o.Delivered(ctx, event(installation, r, nil))
	}
}

func (o Observer) parked(ctx context.Context, installation string, r row, err error) {
	if o.Parked != nil {
		o.Parked(ctx, event(installation, r, err))
	}
}

func (o Observer) sleeps(ctx context.Context, installation string, reason error, wait time.Duration) {
	if o.Sleeps != nil {
		o.Sleeps(ctx, installation, reason, wait)
	}
}

func (o Observer) takenOver(ctx context.Context, installation string) {
	if o.TakenOver != nil {
		o.TakenOver(ctx, installation)
	}
}
