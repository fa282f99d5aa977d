package channels

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/pdchannels/pdchannels/internal/ordered"
	"github.com/pdchannels/pdchannels/internal/pipeline"
)

const (
	deliverWorkers   = 64     // the limiter allows no more in flight
	deliverReadAhead = 1024   // messages that wait for one of their conversation
	deliverMaxFailed = 100000 // conversations held back; a hash is remembered of each
)

// The causes of a [Delivery] that was not tried, for errors.Is.
var (
	// ErrConversationHeldBack is a message that stayed behind since one before it in its
	// conversation was not delivered, or perhaps not.
	ErrConversationHeldBack = errors.New("an earlier message of the conversation was not delivered")
	// ErrDeliveryStopped is a message that stayed behind since the whole delivery had stopped.
	// The error wraps the cause.
	ErrDeliveryStopped = errors.New("the delivery had stopped")
)

// Delivery is what became of one message of [Client.Deliver].
type Delivery struct {
	// Index is the position of the message in the source, from 0: ids may repeat, as a message that
	// changes its status does.
	Index int
	// Request is the message as the source gave it.
	Request ReceiveMessageRequest
	// Message is the message as Pipedrive has it; zero if Err is not nil.
	Message Message
	// Err is nil if the message was delivered. Otherwise it is an [*Error].
	Err error
}

// Deliver delivers the messages of a source, many at a time and as fast as the limits
// allow, and yields one Delivery for each: in order within a conversation, else as
// they come. It begins when it is iterated.
//
// A message is sent when the one before it in its conversation has been delivered. After one
// that was not, or perhaps not, the rest of the conversation stays behind
// ([ErrConversationHeldBack]); deliver it anew, beginning with that one. While the daily budget is
// used up, a 429 asks for a long wait, or a proxy blocks the client, messages wait: now and
// then one finds out whether that is over; [Limiter.State] tells. What every message would
// meet stops the delivery, such as 401, no token, or the end of the service: everything else stays
// behind ([ErrDeliveryStopped]).
//
// The source is iterated by a goroutine of its own, and no further ahead than about a thousand
// messages; one that may block for long should watch ctx, since nothing else can end it. An
// error of the source is yielded as that message's; if the request beside it names a
// conversation, the rest of that stays behind.
//
// When ctx ends, what has been sent is waited for, the rest of the source stays behind, and
// the iteration ends with the source. Breaking off the iteration cancels what is in flight, whose
// outcome is then not told, and waits for the source to yield or return.
func (c *Client) Deliver(ctx context.Context, messages iter.Seq2[ReceiveMessageRequest, error]) iter.Seq[Delivery] {
	return func(yield func(Delivery) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		aborted, abort := context.WithCancel(context.WithoutCancel(ctx))
		defer abort()
		// What is in flight is finished when ctx ends, and not when the iteration is broken off.
		bound := func(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
			stop := context.AfterFunc(aborted, cancel)
			return ctx, func() { stop(); cancel() }
		}
		job := ordered.Job[Delivery, Delivery]{
			Workers: deliverWorkers, ReadAhead: deliverReadAhead, MaxFailed: deliverMaxFailed,
			Line: conversationOf,
			Do: func(_ context.Context, d Delivery) (Delivery, ordered.Verdict) {
				if d.Err == nil {
					d.Message, d.Err = c.receiveMessage(ctx, d.Request, pipeline.Call{Bound: bound, Patient: true})
				}
				return d, verdict(ctx, d.Err)
			},
			Skip: stayedBehind,
		}
		job.Run(ctx, deliveries(messages))(func(d Delivery) (goOn bool) {
			defer func() { // also when the body of the loop panics
				if !goOn {
					cancel()
					abort()
				}
			}()
			return yield(d)
		})
	}
}

// deliveries are the messages of the source, as they come.
func deliveries(messages iter.Seq2[ReceiveMessageRequest, error]) iter.Seq[Delivery] {
	return func(yield func(Delivery) bool) {
		index := -1
		for r, err := range messages {
			index++
			d := Delivery{Index: index, Request: r}
			if err != nil {
				d.Err = &Error{Operation: receiveMessage.name, Outcome: NotSent, Message: "the source gave no message", Err: err}
			}
			if !yield(d) {
				return
			}
		}
	}
}

// conversationOf names what stays in order; empty if that is not known.
func conversationOf(d Delivery) string {
	if d.Request.ConversationID == "" {
		return ""
	}
	return d.Request.ProviderChannelID + "\x00" + d.Request.ConversationID
}

// verdict is what the fate of a message means for those behind it.
func verdict(ctx context.Context, err error) ordered.Verdict {
	e, ok := err.(*Error) //nolint:errorlint // receiveMessage and the source give nothing else
	switch {
	case !ok:
		return ordered.GoOn
	case ctx.Err() != nil:
		return ordered.StopAll
	case e.everyone, e.Outcome == Rejected && !e.aboutThisMessage():
		return ordered.StopAll
	default:
		return ordered.StopLine
	}
}

// aboutThisMessage tells whether another message may fare better than the refused one.
func (e *Error) aboutThisMessage() bool {
	switch e.StatusCode {
	case http.StatusOK, http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge,
		http.StatusUnprocessableEntity, http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		return e.NotFromAPI // a proxy may dislike one text; the limiter knows when it blocks all
	default:
		return e.Is(ErrNotFound)
	}
}

// stayedBehind is the delivery of a message that is not tried. The cause is nil if it is one of its own conversation.
func stayedBehind(d Delivery, cause *Delivery) Delivery {
	if d.Err != nil { // the source gave none
		return d
	}
	e := &Error{Operation: receiveMessage.name, Outcome: NotSent, Err: ErrConversationHeldBack}
	if cause != nil {
		e.Err = ErrDeliveryStopped
		if cause.Err != nil {
			e.Err = fmt.Errorf("%w: %w", ErrDeliveryStopped, cause.Err)
		}
	}
	d.Err = e
	return d
}
