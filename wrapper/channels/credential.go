package channels

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/internal/pipeline"
	"github.com/pdchannels/pdchannels/internal/secret"
)

// Credential is what a [Client] authenticates with: see [OAuth] and [APIToken]. It prints, logs and
// marshals as a placeholder. The zero value is refused by [NewClient].
type Credential struct {
	inner   pipeline.Credential
	problem error // why NewClient refuses it
}

// OAuth authenticates each request with an access token of the source; the operations need the scope
// messengers-integration. The client asks the source before every request, from many goroutines at a
// time: wrap a source that does not keep its token in [oauth2.ReuseTokenSource]. If the source has a
// method TokenContext(context.Context) (*oauth2.Token, error), the client calls that instead, with the
// context of the call; any other source cannot be interrupted, and delays the call as long as it takes.
//
// After a 401 the client asks once more, and repeats the request if the source then has another
// token. A source that has a method Renew(ctx context.Context, refused string) (*oauth2.Token,
// error), as that of wrapper/auth has, has Renew called with the refused access token. If the
// API refuses the new token too, calls fail at once, and one of them renews it again after 5 seconds,
// then 10, and so on up to 5 minutes.
//
// A source that has a method BaseURL(context.Context) (string, error), as that of wrapper/auth
// has, tells where the API is, if no option of the client does. It is asked until it succeeds
// once, and must name a company's host under pipedrive.com, or loopback.
func OAuth(tokens oauth2.TokenSource) Credential {
	if tokens == nil {
		return Credential{problem: errors.New("the token source is nil")}
	}
	return Credential{inner: pipeline.OAuth(tokens)}
}

// APIToken authenticates each request with a user's API token, in the header
// x-api-token. Pipedrive's reference lists it for these operations, yet says too that
// they are open only to OAuth apps: it may not work on the real service.
func APIToken(token string) Credential {
	inner, err := pipeline.APIToken(token)
	return Credential{inner, err}
}

func (c Credential) validate() error {
	if c.inner.Authorize == nil && c.problem == nil {
		return errors.New("the credential is empty: make one with channels.OAuth or channels.APIToken")
	}
	return c.problem
}

// Format writes a placeholder, whatever the verb.
func (c Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, secret.Redacted) }

// LogValue returns a placeholder.
func (c Credential) LogValue() slog.Value { return slog.StringValue(secret.Redacted) }

// MarshalText returns a placeholder.
func (c Credential) MarshalText() ([]byte, error) { return []byte(secret.Redacted), nil }
