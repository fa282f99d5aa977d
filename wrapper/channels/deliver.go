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
	"github.com/pdchannels/pdchannels/internal/retry"
)

const (
	deliverWorkers   = 64     // the limiter allows no more in flight
	deliverReadAhead = 1024   // messages that wait for one of their conversation
	deliverMaxFailed = 100000 // conversations held back; a hash is remembered of each
)

// The causes of a [Delivery] that was not tried, for errors.Is.
var (
	// ErrConversationHeldBack: the message was not sent because an earlier message of its conversation was not
	// delivered, or perhaps not.
	ErrConversationHeldBack = errors.New("an earlier message of the conversation was not delivered")
	// ErrDeliveryStopped: the message was not sent because the whole delivery had stopped.
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

// Messages returns a source of [Client.Deliver] that yields the messages of a list.
func Messages(list []ReceiveMessageRequest) iter.Seq2[ReceiveMessageRequest, error] {
	return func(yield func(ReceiveMessageRequest, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Deliver delivers the messages of a source, or of a list by [Messages], many at a time and as fast as
// the limits allow, and yields one Delivery for each: in order within a conversation, otherwise as
// they come. It begins when it is iterated.
//
// A message is sent when the one before it in its conversation has been delivered. If a
// message fails or its outcome is unknown, the rest of the conversation is not sent
// ([ErrConversationHeldBack]); deliver it again, beginning with that message. Messages wait out the limits,
// however long they last: a 429, a used-up daily budget, a proxy that blocks the client. From
// time to time one message is sent to test whether the limit has ended; [Limiter.State] tells. An error
// that would hit every message, such as a 401, a missing token or the end of the service, stops the
// delivery: nothing else is sent ([ErrDeliveryStopped]).
//
// The source is iterated by a goroutine of its own, no further ahead than about a thousand
// messages; one that may block for long should watch ctx, since nothing else can end it. An
// error of the source is yielded as that message's; if the request beside it names a
// conversation, the rest of that is not sent. A panic of the source, of a token source or of the transport
// reaches the goroutine that iterates.
//
// When ctx ends, in-flight requests finish, the rest of the source is not sent, and
// the iteration ends with the source. Breaking off the iteration cancels what is in flight, whose
// outcome is then not told, and waits for the source to yield or return.
func (c *Client) Deliver(ctx context.Context, messages iter.Seq2[ReceiveMessageRequest, error]) iter.Seq[Delivery] {
	problem := c.unusable(ctx)
	if messages == nil {
		messages = Messages([]ReceiveMessageRequest{{}})
		problem = errors.Join(problem, errors.New("the source is nil"))
	}
	return func(yield func(Delivery) bool) {
		if problem != nil {
			cause := &Delivery{Err: &Error{Operation: receiveMessage.Name, Outcome: NotSent, Err: problem}}
			deliveries(messages)(func(d Delivery) bool { return yield(notSent(d, cause)) })
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		aborted, abort := context.WithCancel(context.WithoutCancel(ctx))
		defer abort()
		d := &delivering{aborted}
		job := ordered.Job[Delivery, Delivery]{
			Workers: deliverWorkers, ReadAhead: deliverReadAhead, MaxFailed: deliverMaxFailed,
			Line: conversationOf,
			Do: func(_ context.Context, message Delivery) (Delivery, ordered.Verdict) {
				if message.Err == nil {
					message.Message, message.Err = c.receiveMessage(ctx, message.Request, d)
				}
				return message, verdict(ctx, message.Err)
			},
			Skip: notSent,
			Stop: func() { cancel(); abort() },
		}
		job.Run(ctx, deliveries(messages))(yield)
	}
}

// delivering is what the calls of one delivery have in common.
type delivering struct {
	aborted context.Context //nolint:containedctx // it is no call's context; it ends what is in flight
}

// bound lets an attempt finish when the context of the delivery ends, but not when the iteration is broken off.
func (d *delivering) bound(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	stop := context.AfterFunc(d.aborted, cancel)
	return ctx, func() { stop(); cancel() }
}

// patience returns what lets one message wait out the limits instead of failing.
func patience() func(context.Context, *retry.Failure) (bool, error) {
	pages := 0
	return func(ctx context.Context, f *retry.Failure) (afresh bool, err error) {
		// A proxy's answer to this very message may be about what it says: then it would wait for ever.
		if f.NotFromAPI && f.Status == http.StatusForbidden {
			if pages++; pages == 2 {
				return false, nil
			}
		}
		if f.HeldBack == nil { // a 429: the limiter makes everybody wait
			return ctx.Err() == nil, ctx.Err()
		}
		err = pipeline.Pause(ctx, f.RetryAfter)
		return err == nil, err
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
				d.Err = &Error{Operation: receiveMessage.Name, Outcome: NotSent, Message: "the source gave no message", Err: err}
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
	e, ok := errors.AsType[*Error](err)
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

// aboutThisMessage reports whether another message may fare better than the rejected one. A proxy may
// dislike one text; the limiter knows when it blocks everything.
func (e *Error) aboutThisMessage() bool {
	switch e.StatusCode {
	case http.StatusOK, http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge,
		http.StatusUnprocessableEntity, http.StatusTooManyRequests:
		return true
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusGone:
		return e.Is(ErrNotFound)
	default:
		return e.Is(ErrNotFound) || e.NotFromAPI && e.StatusCode >= http.StatusBadRequest
	}
}

// notSent is the delivery of a message that is not tried. The cause is nil if it is one of its own conversation.
func notSent(d Delivery, cause *Delivery) Delivery {
	if d.Err != nil { // the source gave none
		return d
	}
	e := &Error{Operation: receiveMessage.Name, Outcome: NotSent, Err: ErrConversationHeldBack}
	if cause != nil {
		e.Err = ErrDeliveryStopped
		if cause.Err != nil {
			e.Err = fmt.Errorf("%w: %w", ErrDeliveryStopped, cause.Err)
		}
	}
	d.Err = e
	return d
}
