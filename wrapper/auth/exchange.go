package auth

// This file calls the OAuth server and reads its answers. x/oauth2 would, but it gives up on an
// answer with a field that it does not understand, which loses the code or the refresh token that
// was spent on it.

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// callTimeout bounds one call to the OAuth server or to GET /users/me.
	callTimeout = 15 * time.Second
	// workTimeout bounds everything that is done for one refresh or one callback.
	workTimeout = time.Minute
	// maxCredential bounds a code or token. Pipedrive advises to have room for 768 characters.
	maxCredential = 8 << 10
	// maxAnswer bounds an answer.
	maxAnswer = 1 << 20
	// An access token lives for about an hour (documented). No answer makes it more than a day,
	// so that a token is renewed even if its lifetime was told in another unit.
	usualLifetime, maxLifetime = time.Hour, 24 * time.Hour
)

// tokens is what the token endpoint gave. The access token can be used; the refresh token may be
// empty, as may the rest.
type tokens struct {
	access, refresh  Secret
	lifetime         time.Duration
	scope, apiDomain string
	givenAt          time.Time // by the server's clock; zero if the answer does not say
}

// exchange spends an authorization code.
func (a *App) exchange(ctx context.Context, code string) (tokens, error) {
	return a.askForTokens(ctx, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.config.RedirectURL}})
}

// refresh spends a refresh token. Without another in the answer, it is still the one to use.
func (a *App) refresh(ctx context.Context, refreshToken Secret) (tokens, error) {
	t, err := a.askForTokens(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken.Reveal()}})
	if t.refresh.Reveal() == "" {
		t.refresh = refreshToken
	}
	return t, err
}

func (a *App) askForTokens(ctx context.Context, form url.Values) (tokens, error) {
	answer, err := a.post(ctx, "/oauth/token", form)
	if err != nil {
		return tokens{}, err
	}
	t, err := readTokens(answer.body)
	t.givenAt = answer.date
	return t, err
}

// readTokens takes whatever comes with a usable access token: a code or token was spent on it.
func readTokens(body []byte) (tokens, error) {
	fields := jsonFields(body)
	t := tokens{
		access: NewSecret(fields.text("access_token")), refresh: NewSecret(fields.text("refresh_token")),
		lifetime: fields.lifetime(), scope: fields.text("scope"), apiDomain: strings.TrimSpace(fields.text("api_domain")),
	}
	tokenType := strings.TrimSpace(fields.text("token_type"))
	switch {
	case fields == nil:
		return t, errUnreadable
	case !isCredential(t.access.Reveal()) && fields.text("error") != "":
		return t, &Error{StatusCode: http.StatusOK, Code: errorCode(fields.text("error"))}
	case !isCredential(t.access.Reveal()):
		return t, errors.New("the answer has no access token that can be used")
	case tokenType != "" && !strings.EqualFold(tokenType, "Bearer"):
		return t, errors.New("the answer has a token that is not a bearer token")
	}
	if !isCredential(t.refresh.Reveal()) {
		t.refresh = Secret{}
	}
	return t, nil
}

// byteOrderMark is what some programs put before JSON.
const byteOrderMark = "\ufeff"

// fields are the members of a JSON object by their exact names; nil if there is no object.
type fields map[string]json.RawMessage

func jsonFields(body []byte) fields {
	var f fields
	// A decoder takes what a proxy put after the object.
	if json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte(byteOrderMark)))).Decode(&f) != nil {
		return nil
	}
	return f
}

// text returns a member that is a string, or else "".
func (f fields) text(name string) string {
	var s string
	if json.Unmarshal(f[name], &s) != nil {
		return ""
	}
	return s
}

// id returns a member that is a whole number, or such a number in a string, or else 0.
func (f fields) id(name string) int64 {
	n, _ := strconv.ParseInt(cmp.Or(f.text(name), string(f[name])), 10, 64)
	return n
}

// lifetime reads expires_in: a number of seconds, whole or not, which may stand in a string.
func (f fields) lifetime() time.Duration {
	seconds, err := strconv.ParseFloat(cmp.Or(f.text("expires_in"), string(f["expires_in"])), 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil // infinite
	}
	if err != nil || math.IsNaN(seconds) || seconds < 1 {
		return usualLifetime
	}
	return time.Duration(min(seconds, maxLifetime.Seconds()) * float64(time.Second))
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
func (a *App) revoke(ctx context.Context, token Secret, hint string) error {
	_, err := a.post(ctx, "/oauth/revoke", url.Values{"token": {token.Reveal()}, "token_type_hint": {hint}})
	return err
}

// an answer is what is read of a response.
type answer struct {
	status int
	date   time.Time
	body   []byte
}

// post sends a form with the app's credentials. An answer that is not a success is an [Error].
func (a *App) post(ctx context.Context, path string, form url.Values) (answer, error) {
	ctx, cancel := withRunningTimeout(ctx, a.callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.config.OAuthURL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, callError(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// Escaped as RFC 6749, section 2.3.1, says.
	req.SetBasicAuth(url.QueryEscape(a.config.ClientID), url.QueryEscape(a.config.ClientSecret.Reveal()))
	got, err := a.send(req)
	if err == nil && (got.status < 200 || got.status > 299) {
		err = &Error{StatusCode: got.status, Code: errorCode(jsonFields(got.body).text("error"))}
	}
	return got, err
}

// send makes a call and reads the answer, up to its bound.
func (a *App) send(req *http.Request) (answer, error) {
	req.Header.Set("Accept", "application/json")
	resp, err := a.client.Do(req)
	if err != nil {
		return answer{}, callError(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return answer{}, callError(err)
	case len(body) > maxAnswer:
		return answer{}, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	date, _ := http.ParseTime(resp.Header.Get("Date")) // zero if there is none
	return answer{resp.StatusCode, date, body}, nil
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
