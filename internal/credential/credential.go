// Package credential puts into a request what authenticates it.
package credential

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/internal/secret"
)

// Credential is a set of functions, since fmt shows no more of one than its address: with the
// wrong verb it prints the unexported fields of a struct, even behind a pointer, without asking anybody.
type Credential struct {
	// Authorize sets the header of one request. It returns the secret in it, so that an answer
	// that echoes it can be cleaned.
	Authorize func(ctx context.Context, h http.Header) (secret string, err error)
	// Renew asks for another secret than the refused one, and reports whether there is one.
	Renew func(ctx context.Context, refused string) (bool, error)
	// Interruptible says that Authorize listens to its context.
	Interruptible bool
	// BaseURL asks where the API is; nil if the credential does not know.
	BaseURL func(ctx context.Context) (string, error)
}

// OAuth authenticates by the access tokens of the source. What the source can do beyond Token
// is found by its methods: TokenContext, Renew and BaseURL, as wrapper/channels documents them.
func OAuth(tokens oauth2.TokenSource) Credential {
	c := Credential{}
	token := func(context.Context) (*oauth2.Token, error) { return tokens.Token() }
	if source, ok := tokens.(interface {
		TokenContext(ctx context.Context) (*oauth2.Token, error)
	}); ok {
		token, c.Interruptible = source.TokenContext, true
	}
	if source, ok := tokens.(interface {
		BaseURL(ctx context.Context) (string, error)
	}); ok {
		c.BaseURL = func(ctx context.Context) (string, error) {
			baseURL, err := source.BaseURL(ctx)
			return baseURL, withoutSecrets(err)
		}
	}
	renewed := func(ctx context.Context, _ string) (*oauth2.Token, error) { return token(ctx) }
	if source, ok := tokens.(interface {
		Renew(ctx context.Context, refused string) (*oauth2.Token, error)
	}); ok {
		renewed = source.Renew
	}
	c.Renew = func(ctx context.Context, refused string) (bool, error) {
		t, err := renewed(ctx, refused)
		return err == nil && t != nil && t.AccessToken != "" && t.AccessToken != refused, withoutSecrets(err)
	}
	var last atomic.Pointer[bearer]
	c.Authorize = func(ctx context.Context, h http.Header) (string, error) {
		t, err := token(ctx)
		switch {
		case err != nil:
			return "", withoutSecrets(err)
		case t == nil || t.AccessToken == "":
			return "", errors.New("the token source gave no access token")
		case !strings.EqualFold(t.Type(), "Bearer"):
			return "", errors.New("the token source gave a token that is no bearer token")
		}
		b := last.Load()
		if b == nil || b.token != t.AccessToken {
			if !headerSafe(t.AccessToken) {
				return "", errors.New("the token source gave a token with a space or a control character")
			}
			b = &bearer{t.AccessToken, []string{"Bearer " + t.AccessToken}}
			last.Store(b)
		}
		h["Authorization"] = b.header
		return b.token, nil
	}
	return c
}

// bearer is an access token and the header value made of it. One token serves an hour of
// requests and may be kilobytes long, so the value is made once for all of them.
type bearer struct {
	token  string
	header []string
}

// APIToken authenticates by a token that does not change, in the header x-api-token.
func APIToken(token string) (Credential, error) {
	switch {
	case token == "":
		return Credential{}, errors.New("the API token is empty")
	case !headerSafe(token):
		return Credential{}, errors.New("the API token has a space or a control character, as of a line break copied along")
	}
	header := []string{token}
	return Credential{
		Authorize: func(_ context.Context, h http.Header) (string, error) {
			h["X-Api-Token"] = header
			return token, nil
		},
		Renew: func(context.Context, string) (bool, error) { return false, nil }, // there is no other
	}, nil
}

// withoutSecrets drops an oauth2.RetrieveError but for its code: it carries the request with
// the client secret in it, and the body that came back.
func withoutSecrets(err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return err
	}
	status := 0
	if refused.Response != nil {
		status = refused.Response.StatusCode
	}
	return fmt.Errorf("the token endpoint answered %d %s", status, secret.Clean(refused.ErrorCode, "", 64))
}

func headerSafe(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f })
}
