package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/internal/secret"
)

// Credential puts into a request what authenticates it. It is a set of functions, since fmt shows
// no more of one than its address: with the wrong verb it prints the unexported fields of a struct,
// even behind a pointer, without asking its methods.
type Credential struct {
	// Authorize sets the header of one request. It returns the secret in it, so that an answer
	// that echoes it can be cleaned.
	Authorize func(ctx context.Context, h http.Header) (secret string, err error)
	// Renew asks for another secret than the refused one. It returns the same, or none, if there is
	// no other.
	Renew func(ctx context.Context, refused string) (fresh string, err error)
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
		token = source.TokenContext
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
	c.Renew = func(ctx context.Context, refused string) (string, error) {
		t, err := renewed(ctx, refused)
		if err != nil || t == nil {
			return "", withoutSecrets(err)
		}
		return t.AccessToken, nil
	}
	c.Authorize = func(ctx context.Context, h http.Header) (string, error) {
		t, err := token(ctx)
		switch {
		case err != nil:
			return "", withoutSecrets(err)
		case t == nil || t.AccessToken == "":
			return "", errors.New("the token source gave no access token")
		case !strings.EqualFold(t.Type(), "Bearer"):
			return "", errors.New("the token source gave a token that is not a bearer token")
		case !headerSafe(t.AccessToken):
			return "", errors.New("the token source gave a token with a character that no token has: a space, a control character or a letter beyond ASCII")
		}
		h.Set("Authorization", "Bearer "+t.AccessToken)
		return t.AccessToken, nil
	}
	return c
}

// APIToken authenticates by a token that does not change, in the header x-api-token.
func APIToken(token string) (Credential, error) {
	switch {
	case token == "":
		return Credential{}, errors.New("the API token is empty")
	case !headerSafe(token):
		return Credential{}, errors.New("the API token has a character that no token has: a space, a control character such as a line break, or a letter beyond ASCII")
	}
	return Credential{
		Authorize: func(_ context.Context, h http.Header) (string, error) {
			h.Set("X-Api-Token", token)
			return token, nil
		},
		Renew: func(context.Context, string) (string, error) { return "", nil }, // there is no other
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

// headerSafe reports whether a header carries the secret as it is.
func headerSafe(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
