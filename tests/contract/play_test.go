// How a recording is played by the client: its call made, and what comes back told as text.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/tests/recordings"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// methods are the methods of the client that a call: section can name. What follows the
// name is the request in JSON, by its Go names.
var methods = map[string]func(context.Context, *channels.Client, []byte) (any, error){
	"AddChannel":         returning((*channels.Client).AddChannel),
	"ReceiveMessage":     returning((*channels.Client).ReceiveMessage),
	"DeleteChannel":      returning(bare((*channels.Client).DeleteChannel)),
	"DeleteConversation": returning(bare((*channels.Client).DeleteConversation)),
	"Probe": returning(func(c *channels.Client, ctx context.Context, _ struct{}) (any, error) {
		return "alive", c.Probe(ctx)
	}),
}

func returning[Request, Result any](method func(*channels.Client, context.Context, Request) (Result, error)) func(context.Context, *channels.Client, []byte) (any, error) {
	return func(ctx context.Context, client *channels.Client, body []byte) (any, error) {
		var request Request
		d := json.NewDecoder(bytes.NewReader(body))
		d.DisallowUnknownFields()
		if err := d.Decode(&request); err != nil {
			return nil, fmt.Errorf("the call cannot be read: %w", err)
		}
		return method(client, ctx, request)
	}
}

func bare[Request any](method func(*channels.Client, context.Context, Request) error) func(*channels.Client, context.Context, Request) (any, error) {
	return func(c *channels.Client, ctx context.Context, r Request) (any, error) {
		return "done", method(c, ctx, r)
	}
}

// play makes a call and renders what it returns.
func play(ctx context.Context, client *channels.Client, call string) (string, error) {
	name, body, _ := strings.Cut(call, " ")
	method, ok := methods[name]
	if !ok {
		return "", fmt.Errorf("the client has no method %q", name)
	}
	result, err := method(ctx, client, []byte(body))
	var e *channels.Error
	switch {
	case err == nil:
		return recordings.Render(result), nil
	case errors.As(err, &e):
		return renderError(e), nil
	default:
		return "", err
	}
}

// clientFor returns a client with the credential that the request of a recording carries,
// placeholder or not, for the base URL that its path begins with.
func clientFor(r *recordings.Recording, origin string, transport http.RoundTripper) (*channels.Client, error) {
	credential := channels.APIToken(r.Request.Header.Get("X-Api-Token"))
	if token, ok := strings.CutPrefix(r.Request.Header.Get("Authorization"), "Bearer "); ok {
		credential = channels.OAuth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}))
	}
	prefix, _, _ := strings.Cut(r.Request.Path, "/channels")
	return channels.NewClient(credential,
		channels.WithBaseURL(origin+prefix), channels.WithHTTPClient(&http.Client{Transport: transport}),
		channels.WithRetries(channels.RetryPolicy{Attempts: 1})) // a recording is of one exchange
}

var sentinels = []struct {
	name string
	err  error
}{
	{"ErrChannelAlreadyExists", channels.ErrChannelAlreadyExists},
	{"ErrAdminOnly", channels.ErrAdminOnly},
	{"ErrForbidden", channels.ErrForbidden},
	{"ErrNotFound", channels.ErrNotFound},
	{"ErrUnauthorized", channels.ErrUnauthorized},
	{"ErrRateLimited", channels.ErrRateLimited},
	{"ErrDailyLimit", channels.ErrDailyLimit},
	{"ErrBlocked", channels.ErrBlocked},
	{"ErrInvalidBody", channels.ErrInvalidBody},
	{"ErrWithdrawn", channels.ErrWithdrawn},
}

// renderError writes what an error tells, without its text, which is for people, and
// without the body, which stands in the recording anyway.
func renderError(e *channels.Error) string {
	var kinds []string
	for _, s := range sentinels {
		if errors.Is(e, s.err) {
			kinds = append(kinds, s.name)
		}
	}
	if len(kinds) == 0 {
		kinds = []string{"nothing a caller decides by"}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "error\n  is: %s\n  outcome: %s", strings.Join(kinds, ", "), e.Outcome)
	line := func(name string, value any) {
		if !reflect.ValueOf(value).IsZero() {
			fmt.Fprintf(&b, "\n  %s: %v", name, value)
		}
	}
	line("status", e.StatusCode)
	line("code", e.Code)
	line("message", e.Message)
	line("info", e.Info)
	line("retry after", e.RetryAfter)
	line("correlation id", e.CorrelationID)
	if e.Err != nil {
		line("cause", e.Err.Error())
	}
	return b.String()
}
