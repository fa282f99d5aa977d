// What becomes of each message of a delivery, and which errors end the delivery.
package main

import (
	"errors"
	"fmt"
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

// After so many messages in a row without a proper answer, the next ones would fare alike.
const failuresInARow = 3

// judge says what became of a message by its error, and why the delivery has to stop, if so.
func (d *delivery) judge(err error) (f fate, reason string) {
	e, ok := errors.AsType[*channels.Error](err)
	switch {
	case !ok || e.Outcome == channels.NotSent:
		f = notSent
	case e.Outcome == channels.Unknown:
		f = unknown
	case aboutTheMessage(e):
		d.inARow = 0
		return refused, ""
	case e.StatusCode == http.StatusForbidden && !errors.Is(e, channels.ErrForbidden):
		f = refused // by a proxy, which may have disliked this message alone
	default:
		return refused, "every message would be answered so"
	}
	if d.inARow++; d.inARow == failuresInARow {
		return f, fmt.Sprintf("%d messages in a row got no proper answer", failuresInARow)
	}
	return f, ""
}

// aboutTheMessage tells whether a refusal says something of this message only.
func aboutTheMessage(e *channels.Error) bool {
	switch e.StatusCode {
	case http.StatusOK, http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	default:
		return errors.Is(e, channels.ErrNotFound)
	}
}
