// The errors that the inbox understands, and how any error becomes an answer.

package provider

import (
	"net/http"
	"time"
)

// Code is the kind of an error, for programs.
type Code string

// The codes that Pipedrive's inbox understands [guide].
const (
	CodeInvalidBody       Code = "INVALID_BODY"        // 400: the request is wrong
	CodeUnauthorized      Code = "UNAUTHORIZED"        // 401: the user's access to the messenger is revoked
	CodeAccountSuspended  Code = "ACCOUNT_SUSPENDED"   // 401: the inbox tells the user so
	CodeForbidden         Code = "FORBIDDEN"           // 403: it belongs to somebody else
	CodeNotFound          Code = "NOT_FOUND"           // 404
	CodeRateLimitExceeded Code = "RATE_LIMIT_EXCEEDED" // 429: the messenger takes no more until RetryBy
)

// Codes of our own, for answers that no documented code fits.
const (
	codeMethodNotAllowed Code = "METHOD_NOT_ALLOWED"
	codeInternal         Code = "INTERNAL_ERROR"
)

var statusOf = map[Code]int{
	CodeInvalidBody:       http.StatusBadRequest,
	CodeUnauthorized:      http.StatusUnauthorized,
	CodeAccountSuspended:  http.StatusUnauthorized,
	CodeForbidden:         http.StatusForbidden,
	CodeNotFound:          http.StatusNotFound,
	CodeRateLimitExceeded: http.StatusTooManyRequests,
	codeMethodNotAllowed:  http.StatusMethodNotAllowed,
}

// Error is an error that Pipedrive is told of. An [Inbox] returns one, or wraps one;
// only the Error itself is sent, never the text around it.
//
// Two Errors of one code match in [errors.Is]: so the variables below are for returning
// and for comparing alike.
type Error struct {
	Code    Code      // one of the codes above; any other is answered as a 500
	Message string    // what is wrong, for people in Pipedrive; may be empty
	RetryBy time.Time // when to try again, with CodeRateLimitExceeded; zero if that is not known
}

// The errors of an app, ready to be returned or wrapped. They must not be changed.
var (
	ErrInvalidBody      = &Error{Code: CodeInvalidBody, Message: "the request is invalid"}
	ErrUnauthorized     = &Error{Code: CodeUnauthorized, Message: "access was refused"}
	ErrAccountSuspended = &Error{Code: CodeAccountSuspended, Message: "the account is suspended"}
	ErrForbidden        = &Error{Code: CodeForbidden, Message: "access is forbidden"}
	ErrNotFound         = &Error{Code: CodeNotFound, Message: "not found"}
	// ErrRateLimitExceeded says no time; [RateLimitExceeded] makes an error that does.
	ErrRateLimitExceeded = &Error{Code: CodeRateLimitExceeded, Message: "the rate limit is exceeded"}
)

// RateLimitExceeded returns the error of a messenger that takes no more until retryBy.
func RateLimitExceeded(retryBy time.Time) error {
	return &Error{Code: CodeRateLimitExceeded, Message: ErrRateLimitExceeded.Message, RetryBy: retryBy}
}

// Error returns the code and the message.
func (e *Error) Error() string {
	if e.Message == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Message
}

// Is reports whether target is an Error of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

func invalidBody(message string) error {
	return &Error{Code: CodeInvalidBody, Message: message}
}
