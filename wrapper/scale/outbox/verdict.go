package outbox

// This file reads from an error what it means for the message, its conversation and its installation.

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// fate is what becomes of a row after a delivery.
type fate int

const (
	delivered fate = iota
	refused        // it is parked: the API will not take it
	failed         // it may fare better later, and its conversation waits until then
	everyone       // no message of the installation would fare better now
	untouched      // it stays as it is
)

// refusals is how often a proxy may refuse one message before it is parked.
const refusals = 5

// judge tells the fate of a row. halted says that the delivery was being ended, so that an unfinished
// request is nobody's failure.
func judge(err error, r row, halted bool) fate {
	var e *channels.Error
	switch {
	case err == nil:
		return delivered
	case errors.Is(err, channels.ErrConversationHeldBack), errors.Is(err, channels.ErrDeliveryStopped):
		return untouched
	case isInvalid(err):
		return refused
	case !errors.As(err, &e):
		return failed
	case e.HeldBack != nil, errors.Is(err, channels.ErrRateLimited):
		return untouched // the limiter knows until when
	case e.Outcome == channels.Rejected:
		return judgeRejected(e, r)
	case halted:
		return untouched
	case e.Outcome == channels.NotSent && e.Err != nil && !isNetwork(e.Err):
		return everyone // there is no token
	default:
		return failed
	}
}

func judgeRejected(e *channels.Error, r row) fate {
	switch {
	case e.StatusCode == http.StatusForbidden && e.NotFromAPI: // a proxy may dislike one text, or be in a mood
		if r.attempts+1 >= refusals {
			return refused
		}
		return failed
	case errors.Is(e, channels.ErrNotFound):
		return refused
	}
	switch e.StatusCode {
	case http.StatusOK, http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return refused
	default:
		return everyone
	}
}

func isInvalid(err error) bool {
	var field *channels.FieldError
	return errors.As(err, &field) || errors.Is(err, errUnreadable)
}

func isNetwork(err error) bool {
	var op *net.OpError
	var request *url.Error
	return errors.As(err, &op) || errors.As(err, &request) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
