package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// This file is where the client's access tokens come from. By hand there is one that lasts.

const token = "access-token-of-the-bench"

// A source gives the client its tokens for an API at the origin.
type source func(ctx context.Context, origin string) (oauth2.TokenSource, error)

// staticToken is the least a client can be given.
func staticToken(context.Context, string) (oauth2.TokenSource, error) {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token, TokenType: "Bearer"}), nil
}

// installed is the source of wrapper/auth, as a service uses it: it listens to the context of the
// call, knows when to renew, and tells the base URL.
func installed(ctx context.Context, origin string) (oauth2.TokenSource, error) {
	app, err := auth.NewApp(auth.AppConfig{
		ClientID:     "client",
		ClientSecret: auth.NewSecret("secret"),
		RedirectURL:  "http://127.0.0.1/callback",
		Store:        new(auth.MemoryStore),
		OAuthURL:     "http://127.0.0.1",
		HTTPClient:   &http.Client{Transport: oauthServer{origin}},
		Identify: func(context.Context, *auth.TokenSource) (auth.Installation, error) {
			return auth.Installation{CompanyID: 1001, UserID: 42}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return app.Install(ctx, "code")
}

// oauthServer answers the exchange of a code for tokens, in memory. Nothing is asked of it later.
type oauthServer struct{ origin string }

func (s oauthServer) RoundTrip(req *http.Request) (*http.Response, error) {
	answer := fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":3600,"refresh_token":"refresh","api_domain":%q}`, token, s.origin)
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(strings.NewReader(answer)),
		Request:    req,
	}, nil
}
