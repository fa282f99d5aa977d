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
	refused         // answered with a refusal
	unknown         // sent, and no answer says what came of it
	notSent         // tried, and nothing could be sent
	unreadable      // no message that can be sent
	heldBack        // one before it in its conversation was not delivered
	untried         // the delivery had stopped
	fates           // how many there are
)

// fateNames are the fates in the summary for programs; fateTexts are for people.
var (
	fateNames = [fates]string{"delivered", "refused", "unknown", "not_sent", "unreadable", "held_back", "untried"}
	fateTexts = [fates]string{
		"delivered", "refused", "without an answer, so perhaps delivered", "could not be sent", "unreadable",
		"held back, after one before it in the conversation was not delivered", "not tried any more",
	}
)

// unreadableError is why a line is no message.
type unreadableError struct{ error }

// judge says what became of a message by the error of its delivery.
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

// wasWaiting tells of a message that could not be sent whether it waited: for a place, or for a limit
// to be over.
func wasWaiting(e *channels.Error) bool {
	return e.Attempts == 0 || errors.Is(e, channels.ErrRateLimited) || errors.Is(e, channels.ErrBlocked)
}

// whatStopped is the error of the message after which the client stopped; nil if it did not.
func whatStopped(err error) error {
	if e, ok := errors.AsType[*channels.Error](err); ok && errors.Is(e, channels.ErrDeliveryStopped) {
		if cause, ok := errors.AsType[*channels.Error](e.Err); ok {
			return cause
		}
	}
	return nil
}

// proper tells of a refusal whether the API itself has looked at the message.
func proper(err error) bool {
	e, ok := errors.AsType[*channels.Error](err)
	return ok && !e.NotFromAPI && e.StatusCode != http.StatusTooManyRequests
}
