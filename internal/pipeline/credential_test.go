package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/internal/pipeline"
)

// source can do all that is asked of a token source.
type source struct{ token, next string }

func (s *source) Token() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: s.token}, nil }
func (s *source) BaseURL(context.Context) (string, error) {
	return "https://company.pipedrive.com/api/v1", nil
}
func (s *source) Renew(_ context.Context, refused string) (*oauth2.Token, error) {
	if refused == s.token {
		s.token = s.next
	}
	return s.Token()
}

func ExampleOAuth() {
	c := pipeline.OAuth(&source{token: "stale", next: "fresh"})
	ctx, h := context.Background(), http.Header{}
	secret, _ := c.Authorize(ctx, h)
	fresh, _ := c.Renew(ctx, secret)
	fmt.Println(h.Get("Authorization"), "is renewed to", fresh)
	_, _ = c.Authorize(ctx, h)
	fmt.Println(h.Get("Authorization"))
	// Output:
	// Bearer stale is renewed to fresh
	// Bearer fresh
}

// Renewing is worth a further attempt only if it brought another token.
func TestRenew(t *testing.T) {
	t.Parallel()
	apiToken, err := pipeline.APIToken("token")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		of      pipeline.Credential
		refused string
		want    string
	}{
		{"another token", pipeline.OAuth(&source{"stale", "fresh"}), "stale", "fresh"},
		{"renewed by somebody else already", pipeline.OAuth(&source{"fresh", "fresher"}), "stale", "fresh"},
		{"the same token", pipeline.OAuth(&source{"stale", "stale"}), "stale", "stale"},
		{"no token", pipeline.OAuth(&source{"stale", ""}), "stale", ""},
		{"a source that cannot renew", pipeline.OAuth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "stale"})), "stale", "stale"},
		{"a source that has another by itself", pipeline.OAuth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "fresh"})), "stale", "fresh"},
		{"an API token", apiToken, "token", ""},
	} {
		if got, err := tt.of.Renew(t.Context(), tt.refused); got != tt.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

type broken struct{ source }

func (*broken) Renew(context.Context, string) (*oauth2.Token, error) {
	return nil, &oauth2.RetrieveError{ErrorCode: "invalid_grant", Body: []byte("with-a-secret"), Response: &http.Response{StatusCode: 400}}
}

func TestAnErrorOfTheTokenEndpointLosesItsSecrets(t *testing.T) {
	t.Parallel()
	_, err := pipeline.OAuth(new(broken)).Renew(t.Context(), "stale")
	var retrieve *oauth2.RetrieveError
	if err == nil || !strings.Contains(err.Error(), "400 invalid_grant") || strings.Contains(err.Error(), "secret") || errors.As(err, &retrieve) {
		t.Errorf("got %v", err)
	}
}
