package auth

// This file holds the errors a program decides by, and what it takes to let no credential out
// through one.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// Sentinels, for errors.Is.
var (
	// ErrReauthorize says that only the user can go on: there is no refresh token that works,
	// and the installation has to be authorised anew. Send the user to the app's [App.Handler].
	ErrReauthorize = errors.New("the user has to authorise the app again")

	// ErrNotInstalled says that the store has no tokens of the installation: it was never
	// installed here, or has been uninstalled. It is an [ErrReauthorize] too.
	ErrNotInstalled = fmt.Errorf("not installed: %w", ErrReauthorize)

	// ErrNotPersisted says that a refreshed token could not be saved. It is in use and saving is
	// tried again; if the process ends before, and the server rotates refresh tokens, the user has
	// to authorise the app again.
	ErrNotPersisted = errors.New("the refreshed token is not persisted")

	// ErrDenied says that the user, or Pipedrive, did not grant the app access.
	ErrDenied = errors.New("access was not granted")

	// ErrState says that a browser came back with a state that was not given to it, was used
	// already, or is older than ten minutes.
	ErrState = errors.New("the state does not fit")

	// ErrAPIDomain says that the OAuth server named an api_domain that credentials must not be
	// sent to, or, at a refresh, another one than at the install.
	ErrAPIDomain = errors.New("api_domain not accepted")
)

// An Error is an answer of the OAuth server, or of GET /users/me, that is not a success. It
// carries nothing of the answer but what stands here.
type Error struct {
	// StatusCode is the HTTP status of the answer.
	StatusCode int
	// Code is the OAuth error code, such as "invalid_grant" or "invalid_client"; it is empty
	// if the answer had none, or one that neither Pipedrive nor the RFCs name.
	Code string
}

// Error tells status and code.
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

// callError returns what may be known of an error of net/http. The error itself carries the
// URL, or a piece of what could not be parsed, and either may hold a credential, so
// nothing is wrapped that is not known to be harmless.
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

// errorCode returns code if it is one that is known, else "": an answer may echo anything
// there, and codes end up in logs.
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
