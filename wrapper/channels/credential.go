package channels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/internal/answertext"
)

// Credential is what a [Client] authenticates with: see [OAuth] and [APIToken]. Printed,
// logged or marshalled it shows nothing of itself.
type Credential struct {
	// A function, since fmt shows no more of one than its address: with the wrong verb it
	// prints the unexported fields of a struct, even behind a pointer, without asking anybody.
	authorize authorizer
	// renew asks for another secret than the refused one, and reports whether there is one.
	renew         func(ctx context.Context, refused string) (bool, error)
	interruptible bool                                      // authorize listens to its context
	origin        func(ctx context.Context) (string, error) // the source's BaseURL; nil if it has none
	problem       error                                     // why NewClient refuses it
}

// An authorizer sets the header of one request. It returns the secret in it, so that an
// answer that echoes it can be cleaned.
type authorizer func(ctx context.Context, h http.Header) (secret string, err error)

// OAuth authenticates each request with an access token of the source; the scope
// messengers-integration is what the operations ask for. The source is asked before every
// request, by many goroutines at a time: wrap one that does not keep its token in
// [oauth2.ReuseTokenSource]. A source that has a method TokenContext(context.Context)
// (*oauth2.Token, error) is asked by that instead, with the context of the call; any other
// cannot be interrupted, and holds the call up for as long as it takes.
//
// A 401 makes the client ask once more, and repeat the request if the source then has another
// token. A source that has a method Renew(ctx context.Context, refused string) (*oauth2.Token,
// error), as that of wrapper/auth has, is asked by that, with the access token that was refused.
//
// A source that has a method BaseURL(context.Context) (string, error), as that of wrapper/auth
// has, tells where the API is, if no option of the client does. It is asked until it succeeds
// once, and has to name a company's host under pipedrive.com, or loopback.
func OAuth(tokens oauth2.TokenSource) Credential {
	if tokens == nil {
		return Credential{problem: errors.New("the token source is nil")}
	}
	token := func(context.Context) (*oauth2.Token, error) { return tokens.Token() }
	withContext, interruptible := tokens.(interface {
		TokenContext(ctx context.Context) (*oauth2.Token, error)
	})
	if interruptible {
		token = withContext.TokenContext
	}
	renewed := func(ctx context.Context, _ string) (*oauth2.Token, error) { return token(ctx) }
	if source, ok := tokens.(interface {
		Renew(ctx context.Context, refused string) (*oauth2.Token, error)
	}); ok {
		renewed = source.Renew
	}
	renew := func(ctx context.Context, refused string) (bool, error) {
		t, err := renewed(ctx, refused)
		if err != nil {
			return false, tokenError(err)
		}
		return t != nil && t.AccessToken != "" && t.AccessToken != refused, nil
	}
	var origin func(context.Context) (string, error)
	if source, ok := tokens.(interface {
		BaseURL(ctx context.Context) (string, error)
	}); ok {
		origin = source.BaseURL
	}
	var last atomic.Pointer[bearer]
	return Credential{origin: origin, renew: renew, interruptible: interruptible, authorize: func(ctx context.Context, h http.Header) (string, error) {
		t, err := token(ctx)
		switch {
		case err != nil:
			return "", tokenError(err)
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
	}}
}

// bearer is an access token and the header value made of it. One token serves an hour of
// requests and may be kilobytes long, so the value is made once for all of them.
type bearer struct {
	token  string
	header []string
}

// APIToken authenticates each request with a user's API token, in the header
// x-api-token. Pipedrive's reference lists it for these operations, yet says too that
// they are open only to OAuth apps: on the real service it may not do.
func APIToken(token string) Credential {
	switch {
	case token == "":
		return Credential{problem: errors.New("the API token is empty")}
	case !headerSafe(token):
		return Credential{problem: errors.New("the API token has a space or a control character, as of a line break copied along")}
	}
	header := []string{token}
	return Credential{
		authorize: func(_ context.Context, h http.Header) (string, error) {
			h["X-Api-Token"] = header
			return token, nil
		},
		renew: func(context.Context, string) (bool, error) { return false, nil }, // there is no other
	}
}

func (c Credential) validate() error {
	if c.authorize == nil && c.problem == nil {
		return errors.New("the credential is empty: make one with channels.OAuth or channels.APIToken")
	}
	return c.problem
}

// tokenError drops an oauth2.RetrieveError but for its code: it carries the request with
// the client secret in it, and the body that came back.
func tokenError(err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return err
	}
	status := 0
	if refused.Response != nil {
		status = refused.Response.StatusCode
	}
	return fmt.Errorf("the token endpoint answered %d %s", status, answertext.Clean(refused.ErrorCode, "", 64))
}

func headerSafe(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// Format writes a placeholder, whatever the verb.
func (c Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, answertext.Redacted) }

// LogValue returns a placeholder.
func (c Credential) LogValue() slog.Value { return slog.StringValue(answertext.Redacted) }

// MarshalText returns a placeholder.
func (c Credential) MarshalText() ([]byte, error) { return []byte(answertext.Redacted), nil }
