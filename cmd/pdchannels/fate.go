// What becomes of each message of a delivery.

package main

import (
	"errors"
	"net/http"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// fate is what became of a message.
type fate int

const (
	delivered  fate = iota
	refused         // rejected by the API, or by something before it
	unknown         // sent, and the result is unknown
	notSent         // could not be sent
	unreadable      // not a message
	heldBack        // an earlier message of its conversation was not delivered
	untried         // the delivery had stopped
	fates           // the number of fates
)

// fateNames are for the JSON summary, fateTexts for people.
var (
	fateNames = [fates]string{"delivered", "refused", "unknown", "not_sent", "unreadable", "held_back", "untried"}
	fateTexts = [fates]string{
		"delivered", "refused", "with an unknown result, perhaps delivered", "not sent", "unreadable",
		"held back because an earlier message of the conversation was not delivered", "not tried after the delivery stopped",
	}
)

// unreadableError says why a line is not a message.
type unreadableError struct{ error }

// judge tells from the error of a delivery what became of the message.
func judge(err error, stopped bool) fate {
	e, _ := errors.AsType[*channels.Error](err)
	switch {
	case err == nil:
		return delivered
	case errors.As(err, new(unreadableError)):
		return unreadable
	case errors.Is(err, channels.ErrDeliveryStopped):
		return untried
	case errors.Is(err, channels.ErrConversationHeldBack):
		return heldBack
	case e == nil:
		return notSent
	case e.Outcome == channels.Unknown:
		return unknown
	case stopped && wasWaiting(e):
		return untried
	case e.Outcome == channels.NotSent:
		return notSent
	default:
		return refused
	}
}

// wasWaiting reports whether a message that was not sent waited for its turn or for a limit to end.
func wasWaiting(e *channels.Error) bool {
	return e.Attempts == 0 || errors.Is(e, channels.ErrRateLimited) || errors.Is(e, channels.ErrBlocked)
}

// whatStopped returns the error that made the client stop; nil if it did not.
func whatStopped(err error) error {
	if e, ok := errors.AsType[*channels.Error](err); ok && errors.Is(e, channels.ErrDeliveryStopped) {
		if cause, ok := errors.AsType[*channels.Error](e.Err); ok {
			return cause
		}
	}
	return nil
}

// proper reports whether it was the API that rejected the message, for a reason of the message's own.
func proper(err error) bool {
	e, ok := errors.AsType[*channels.Error](err)
	return ok && !e.NotFromAPI && e.StatusCode != http.StatusTooManyRequests
}
