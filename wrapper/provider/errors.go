// The errors that Pipedrive's inbox understands.

package provider

import (
	"net/http"
	"time"
)

// Code tells a program which error it is.
type Code string

// The codes that the inbox understands, by Pipedrive's guide to messaging app extensions.
const (
	CodeInvalidBody       Code = "INVALID_BODY"        // 400: the request is wrong
	CodeUnauthorized      Code = "UNAUTHORIZED"        // 401: the user's access to the messenger is revoked
	CodeAccountSuspended  Code = "ACCOUNT_SUSPENDED"   // 401: the inbox tells the user so
	CodeForbidden         Code = "FORBIDDEN"           // 403: it belongs to another account
	CodeNotFound          Code = "NOT_FOUND"           // 404
	CodeRateLimitExceeded Code = "RATE_LIMIT_EXCEEDED" // 429: the messenger takes no more messages until RetryBy
)

// Codes of our own, where no documented one fits.
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

// Error is an error that is sent to Pipedrive. An [Inbox] returns or wraps one;
// only the Error itself is sent, never the text around it.
//
// [errors.Is] matches two Errors by their code, so the variables below can be returned
// and compared with.
type Error struct {
	Code    Code      // one of the codes above; any other becomes a 500
	Message string    // what is wrong, for users of Pipedrive; may be empty
	RetryBy time.Time // when to try again, with CodeRateLimitExceeded; zero if unknown
}

// Errors for an app to return or wrap. Do not modify them.
var (
	ErrInvalidBody      = &Error{Code: CodeInvalidBody, Message: "the request is invalid"}
	ErrUnauthorized     = &Error{Code: CodeUnauthorized, Message: "access was refused"}
	ErrAccountSuspended = &Error{Code: CodeAccountSuspended, Message: "the account is suspended"}
	ErrForbidden        = &Error{Code: CodeForbidden, Message: "access is forbidden"}
	ErrNotFound         = &Error{Code: CodeNotFound, Message: "not found"}
	// ErrRateLimitExceeded has no RetryBy; [RateLimitExceeded] returns an error that has.
	ErrRateLimitExceeded = &Error{Code: CodeRateLimitExceeded, Message: "the rate limit is exceeded"}
)

// RateLimitExceeded returns the error of a messenger that takes no more messages until retryBy.
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
