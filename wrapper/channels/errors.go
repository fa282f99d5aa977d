package channels

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Outcome says what became of a request.
type Outcome int

const (
	// Unknown: at least a part of the request was sent, but no answer tells the result: none came, it was
	// cut off, it was not what the API answers, or it was 303, 408 or a 5xx. The request may have
	// taken effect.
	Unknown Outcome = iota // in the order of internal/retry, from which an outcome is converted
	// NotSent: nothing of the request was sent. It had no effect, and may be made again.
	NotSent
	// Rejected: the API refused the request, or something on the way to it did. It had no effect.
	Rejected
	// Accepted: the request succeeded. No [*Error] has this outcome, but events of an [Observer] do.
	Accepted
)

// String returns "not sent", "outcome unknown", "rejected" or "accepted".
func (o Outcome) String() string {
	switch o {
	case NotSent:
		return "not sent"
	case Unknown:
		return "outcome unknown"
	case Rejected:
		return "rejected"
	case Accepted:
		return "accepted"
	default:
		return fmt.Sprintf("Outcome(%d)", int(o))
	}
}

// The kinds of error that a caller decides by, for errors.Is. They match an [*Error] by
// its code if the API gives one, and otherwise by its status.
var (
	// ErrChannelAlreadyExists is code CHANNEL_ALREADY_EXISTS: the channel is registered.
	// Seen in a public client; its status is not documented.
	ErrChannelAlreadyExists = errors.New("the channel is registered already")
	// ErrAdminOnly is code ADMIN_ONLY: only an admin of the company may register channels.
	ErrAdminOnly = errors.New("only an admin may do this")
	// ErrForbidden is any 403 of the API itself, such as the codes ADMIN_ONLY and
	// FORBIDDEN_USER_REQUEST. A proxy's 403 ([Error.NotFromAPI]) is not of this kind.
	ErrForbidden = errors.New("the user may not do this")
	// ErrNotFound is a 404 of the API itself: there is no such channel or conversation, or the endpoint is
	// gone; [Client.Probe] tells which. Only the code NOT_FOUND is documented, for the first of these.
	ErrNotFound = errors.New("there is no such channel or conversation")
	// ErrUnauthorized is status 401: the credential was refused.
	ErrUnauthorized = errors.New("the credential was refused")
	// ErrRateLimited is status 429, or a call that was held back after one: a burst or daily
	// limit is used up; see [Error.RetryAfter].
	ErrRateLimited = errors.New("a rate limit is used up")
	// ErrDailyLimit is an ErrRateLimited of the daily budget, as an answer told, or as the client infers
	// from 429s that do not end. Until midnight of the server's zone most calls fail without being
	// sent; one at a time finds out whether it is over.
	ErrDailyLimit = errors.New("the daily budget is used up")
	// ErrBlocked is a 403 of a proxy ([Error.NotFromAPI]) soon after a 429, or in answer to several
	// messages in a row. For some minutes calls fail without being sent.
	ErrBlocked = errors.New("a proxy before the API blocks this client")
	// ErrInvalidBody is code INVALID_BODY or INVALID_RECEIVE_MESSAGE_PAYLOAD.
	ErrInvalidBody = errors.New("the request is not what the operation takes")
	// ErrWithdrawn is status 410, or a 404 that the API did not give: nothing answers at this path.
	// Pipedrive announced the end of these operations for 2026-02-01.
	ErrWithdrawn = errors.New("the base URL is wrong, or the service is withdrawn")
)

// The codes that decide the kind.
const (
	codeChannelAlreadyExists = "CHANNEL_ALREADY_EXISTS"
	codeAdminOnly            = "ADMIN_ONLY"
	codeNotFound             = "NOT_FOUND"
	codeInvalidBody          = "INVALID_BODY"
	codeInvalidMessage       = "INVALID_RECEIVE_MESSAGE_PAYLOAD"
)

// Error is what every method of a [Client] fails with. Check Outcome first. Its texts are bounded, free of
// control characters, and hold no credential of the client.
type Error struct {
	// Operation is the API's name of the call, such as receiveMessage.
	Operation string
	// Outcome says whether the request was sent, and whether its result is known.
	Outcome Outcome
	// Attempts is how many requests were made. Outcome is that of all of them together, everything else
	// that of the last one.
	Attempts int
	// StatusCode is the HTTP status; 0 if no answer came.
	StatusCode int
	// Code is the API's code, such as INVALID_BODY; empty if it gave none.
	Code string
	// Message says what is wrong, in the API's words if it gave any, otherwise in ours.
	Message string
	// Info is the API's error_info: where to read more. Mostly empty.
	Info string
	// RetryAfter is how long the limit lasts, or calls are held back; 0 if that is not known.
	RetryAfter time.Duration
	// CorrelationID is the answer's x-correlation-id, which Pipedrive's support may ask for;
	// empty if none came. The header is not documented.
	CorrelationID string
	// Body is the start of the answer; at most 2 KiB. It may quote the message.
	Body string
	// Err is the cause, if there is one: an error of the network, of the context, of the
	// token source, or a [*FieldError].
	Err error
	// NotFromAPI says that the answer is not in the API's envelope, such as an HTML page or other JSON: a
	// proxy, a firewall or another service gave it.
	NotFromAPI bool

	// HeldBack is ErrRateLimited, ErrDailyLimit or ErrBlocked while the client holds such calls
	// back, for RetryAfter; otherwise nil.
	HeldBack error

	cutOff   bool // the answer was cut off, so a code may have been lost
	earlier  bool // the outcome is unknown because of an earlier attempt
	everyone bool // every call would fail like this now
	// namesNothing says that the call was about no channel, so that a 404 means the endpoint.
	namesNothing bool
}

// Error says what was being done, what went wrong, and what to do if the API does not say.
func (e *Error) Error() string {
	text := "channels: " + e.Operation
	if e.Outcome != Rejected {
		text += ": " + e.Outcome.String()
	}
	if e.earlier {
		text += " because an earlier attempt got no answer"
	}
	if e.StatusCode != 0 {
		text += ": answered " + strings.TrimSpace(strconv.Itoa(e.StatusCode)+" "+e.Code)
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Attempts > 1 {
		text += fmt.Sprintf(", after %d attempts", e.Attempts)
	}
	if hint := e.hint(); hint != "" {
		text += " (" + hint + ")"
	}
	return text
}

// hint says what to do, or nothing.
func (e *Error) hint() string {
	switch {
	case e.Is(ErrWithdrawn):
		return ErrWithdrawn.Error()
	case e.Is(ErrNotFound):
		return "the channel or conversation is unknown, or the endpoint is gone; a probe tells which: Client.Probe, or pdchannels probe"
	case e.HeldBack != nil && e.StatusCode != 0:
		return e.HeldBack.Error() + "; try again in " + e.RetryAfter.Round(time.Millisecond).String()
	case (e.HeldBack != nil || e.Is(ErrRateLimited)) && e.RetryAfter > 0:
		return "try again in " + e.RetryAfter.Round(time.Millisecond).String()
	case e.Is(ErrRateLimited):
		return "a burst limit is free again in seconds, a daily one at midnight"
	case e.Is(ErrUnauthorized):
		return "the access token or API token is wrong, expired or of another company"
	default:
		return ""
	}
}

// Unwrap returns the cause, Err.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether the error is of the kind of a sentinel of this package.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrChannelAlreadyExists:
		return e.Code == codeChannelAlreadyExists
	case ErrAdminOnly:
		return e.Code == codeAdminOnly
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden && !e.NotFromAPI
	case ErrNotFound:
		return e.Code == codeNotFound || e.StatusCode == http.StatusNotFound && e.Body != "" && !e.NotFromAPI && !e.cutOff && !e.namesNothing
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests || e.HeldBack == ErrRateLimited || e.HeldBack == ErrDailyLimit
	case ErrDailyLimit, ErrBlocked:
		return e.HeldBack == target
	case ErrInvalidBody:
		return e.Code == codeInvalidBody || e.Code == codeInvalidMessage
	case ErrWithdrawn:
		return e.StatusCode == http.StatusGone || e.StatusCode == http.StatusNotFound && !e.cutOff && !e.Is(ErrNotFound)
	default:
		return false
	}
}
