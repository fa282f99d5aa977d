package auth

// This file holds the errors a program decides by, and keeps credentials out of errors.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// Check for these with errors.Is.
var (
	// ErrReauthorize says that no refresh token works any more, so that the user has to authorise the
	// app again. Send the user to the app's [App.Handler].
	ErrReauthorize = errors.New("the user has to authorise the app again")

	// ErrNotInstalled says that the store has no tokens of the installation: it was never
	// installed here, or was uninstalled. It is an [ErrReauthorize] too.
	ErrNotInstalled = fmt.Errorf("not installed: %w", ErrReauthorize)

	// ErrNotPersisted says that a refreshed token could not be saved. It is in use, and saving is
	// tried again. If the process ends first, and the server rotates refresh tokens, the user has
	// to authorise the app again.
	ErrNotPersisted = errors.New("the refreshed token is not persisted")

	// ErrDenied says that the user, or Pipedrive, did not grant the app access. If it is an [ErrState]
	// too, the callback came without a state, and anybody may have caused it.
	ErrDenied = errors.New("access was not granted")

	// ErrState says that a browser came back with a state that it was not given, that was used
	// before, or that is older than ten minutes.
	ErrState = errors.New("the state does not fit")

	// ErrAPIDomain says that the OAuth server named an api_domain that credentials must not be
	// sent to, none at all, or, at a refresh, another one than at the install.
	ErrAPIDomain = errors.New("api_domain not accepted")
)

var errNilContext = errors.New("auth: the context is nil")

// An Error is an answer of the OAuth server, or of GET /users/me, that is not a success. It
// holds nothing else of the answer.
type Error struct {
	// StatusCode is the HTTP status of the answer.
	StatusCode int
	// Code is the OAuth error code, such as "invalid_grant" or "invalid_client". It is empty
	// if the answer has none, or one that neither Pipedrive nor the RFCs name.
	Code string
}

// Error returns a text with status and code.
func (e *Error) Error() string {
	text := "the server answered " + strconv.Itoa(e.StatusCode)
	switch {
	case e.Code != "":
		text += " " + e.Code
	case e.StatusCode >= 300 && e.StatusCode < 400:
		text += ", a redirect, which is not followed with credentials"
	}
	return text
}

var errUnreadable = errors.New("the answer cannot be read")

// callError returns the harmless part of an error of net/http. The error itself holds the URL, or a
// piece of what could not be parsed, and either may be a credential.
func callError(err error) error {
	network, isNetwork := errors.AsType[*net.OpError](err)
	verify, isVerify := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case isNetwork:
		return network
	case isVerify:
		return verify
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection ended before the answer")
	default:
		return errUnreadable
	}
}

// errorCode returns a code that is known, or else "": an answer may echo anything there, and
// codes end up in logs.
func errorCode(code string) string {
	switch code {
	case "invalid_grant", "invalid_client", "invalid_request", "unsupported_grant_type", // Pipedrive's OAuth pages
		"unauthorized_client", "invalid_scope", // RFC 6749, section 5.2
		"unsupported_token_type",                                                                // RFC 7009, section 2.2.1
		"user_denied",                                                                           // Pipedrive's callback
		"access_denied", "server_error", "temporarily_unavailable", "unsupported_response_type": // RFC 6749, section 4.1.2.1
		return code
	}
	return ""
}
