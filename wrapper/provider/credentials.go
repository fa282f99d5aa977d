// Who may call: the app's own client id and secret, by HTTP Basic.

package provider

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
)

// maxAuthorization bounds the Authorization header, ahead of anything done with it.
const maxAuthorization = 4 << 10

// Credentials authenticate Pipedrive. They hold digests only, print as a
// placeholder, and are safe for concurrent use. [NewHandler] refuses the zero value.
type Credentials struct{ p *credentials }

type credentials struct {
	id, secret [sha256.Size]byte
	err        error
}

// BasicAuth returns the credentials that every call of Pipedrive carries: the client id and client
// secret that the app requests its OAuth tokens with. [NewHandler] refuses
// empty ones, very long ones, and an id with a colon, which HTTP Basic cannot carry.
func BasicAuth(clientID, clientSecret string) Credentials {
	c := &credentials{id: sha256.Sum256([]byte(clientID)), secret: sha256.Sum256([]byte(clientSecret))}
	switch {
	case clientID == "":
		c.err = errors.New("the client id is empty")
	case strings.Contains(clientID, ":"):
		c.err = errors.New("the client id has a colon, which HTTP Basic cannot carry")
	case clientSecret == "":
		c.err = errors.New("the client secret is empty")
	case base64.StdEncoding.EncodedLen(len(clientID)+len(clientSecret)) > maxAuthorization-len("Basic =="):
		c.err = errors.New("the client id and the client secret are too long; no call with them would be read")
	}
	return Credentials{c}
}

// String returns a text without the credentials.
func (Credentials) String() string { return "provider.Credentials(redacted)" }

// GoString returns a text without the credentials.
func (c Credentials) GoString() string { return c.String() }

func (c Credentials) check() error {
	if c.p == nil {
		return errors.New("there are none; make them with BasicAuth")
	}
	return c.p.err
}

// match reports whether r carries the credentials. It compares both parts, as digests of
// equal length, whatever the first yields: its time reveals nothing.
func (c Credentials) match(r *http.Request) bool {
	values := r.Header["Authorization"]
	if len(values) != 1 || len(values[0]) > maxAuthorization {
		return false
	}
	scheme, encoded, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "basic") {
		return false
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return false
	}
	clientID, clientSecret, ok := strings.Cut(string(decoded), ":")
	if !ok {
		return false
	}
	id, secret := sha256.Sum256([]byte(clientID)), sha256.Sum256([]byte(clientSecret))
	return subtle.ConstantTimeCompare(id[:], c.p.id[:])&
		subtle.ConstantTimeCompare(secret[:], c.p.secret[:]) == 1
}
