package auth

// This file makes the calls to the OAuth server: x/oauth2 builds and reads those for tokens.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

const (
	// callTimeout bounds one call to the OAuth server or to GET /users/me.
	callTimeout = 15 * time.Second
	// workTimeout bounds everything that is done for one refresh or one callback.
	workTimeout = time.Minute
	// maxCredential bounds a code or token. Pipedrive advises to have room for 768 characters.
	maxCredential = 8 << 10
)

// exchange spends an authorization code.
func (a *App) exchange(ctx context.Context, code string) (*oauth2.Token, error) {
	ctx, cancel := a.callContext(ctx)
	defer cancel()
	return a.checkAnswer(a.oauth2().Exchange(ctx, code))
}

// refresh spends a refresh token. The answer holds the one to use from now on, which may be
// the same.
func (a *App) refresh(ctx context.Context, refreshToken string) (*oauth2.Token, error) {
	ctx, cancel := a.callContext(ctx)
	defer cancel()
	return a.checkAnswer(a.oauth2().TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token())
}

func (a *App) callContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return withRunningTimeout(context.WithValue(ctx, oauth2.HTTPClient, a.client), a.callTimeout)
}

// checkAnswer passes on a token that can be used, and errors without secrets.
func (a *App) checkAnswer(t *oauth2.Token, err error) (*oauth2.Token, error) {
	switch {
	case err != nil:
		return nil, withoutSecrets(err)
	case t.TokenType != "" && !strings.EqualFold(t.TokenType, "Bearer"):
		return nil, errors.New("the server gave a token that is not a bearer token")
	case !isCredential(t.AccessToken) || !isCredential(t.RefreshToken):
		return nil, errors.New("the server gave no access token and refresh token that can be used")
	}
	return t, nil
}

// isCredential reports whether s is what RFC 6749, appendix A, calls a token, and not too long.
func isCredential(s string) bool {
	if s == "" || len(s) > maxCredential {
		return false
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// revoke revokes a token by RFC 7009. The server answers 200 for a token it does not know, too.
func (a *App) revoke(ctx context.Context, token, hint string) error {
	ctx, cancel := withRunningTimeout(ctx, a.callTimeout)
	defer cancel()
	form := url.Values{"token": {token}, "token_type_hint": {hint}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.config.OAuthURL+"/oauth/revoke", strings.NewReader(form.Encode()))
	if err != nil {
		return withoutSecrets(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// Escaped as RFC 6749, section 2.3.1, says, and as x/oauth2 does for the token endpoint.
	req.SetBasicAuth(url.QueryEscape(a.config.ClientID), url.QueryEscape(a.config.ClientSecret.Reveal()))
	resp, err := a.client.Do(req)
	if err != nil {
		return withoutSecrets(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return &Error{Status: resp.StatusCode}
	}
	return nil
}

// withRunningTimeout is context.WithTimeout in time that the process was running: a process
// that was stopped in the middle of a refresh still finds the answer in its socket when
// it goes on, and must not throw away the only copy of a token because a clock says so.
func withRunningTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	const steps = 20
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		ticker := time.NewTicker(d / steps) // drops the ticks that nobody was there to take
		defer ticker.Stop()
		for range steps {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
		cancel(fmt.Errorf("%v have passed: %w", d, context.DeadlineExceeded))
	}()
	return ctx, func() { cancel(context.Canceled) }
}
