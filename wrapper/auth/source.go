package auth

// This file is the public side of a token source: what a caller gets at once, and how long it waits.

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

var _ oauth2.TokenSource = (*TokenSource)(nil)

const (
	// patience is how long a caller waits for a renewal while the current access token is still valid.
	patience = 5 * time.Second
	// The pause after a failed renewal doubles from firstPause to lastPause.
	firstPause = 250 * time.Millisecond
	lastPause  = time.Minute
)

// A TokenSource returns the access token of one installation and renews it: about three minutes
// before it expires, or when the API rejected it. However many callers and processes that
// share the store ask, the OAuth server is asked once. Get one from [App.TokenSource]. All
// methods may be called concurrently.
//
// Check the errors of all methods with errors.Is: after [ErrReauthorize] or [ErrNotInstalled] the
// user has to act; other errors may pass by themselves.
type TokenSource struct {
	app     *App
	store   Store
	key     Installation
	invalid error // why the key cannot be one

	mu       sync.Mutex
	current  *grant              // what callers get; nil at first, and without tokens once uninstalled
	unsaved  *grant              // a newer grant than the store has, to be saved
	refused  *grant              // whose refresh token the server refused
	renewals map[string]*renewal // under way, by the rejected access token that each is to replace
	saving   chan struct{}       // closed when nothing is unsaved any more
	backoff  backoff
}

// A renewal is one attempt to get a fresh grant, for any number of callers.
type renewal struct {
	done  chan struct{}
	grant *grant // set before done is closed, as is err
	err   error
}

// A backoff keeps callers from repeating a renewal that has just failed: they get its error.
type backoff struct {
	err   error
	pause time.Duration
	until time.Time
}

// Format prints whose tokens these are, for every verb.
func (s *TokenSource) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "[token source of %v]", s.key)
}

// Installation returns whose tokens these are.
func (s *TokenSource) Installation() Installation { return s.key }

// Token is [TokenSource.TokenContext] without a context. It makes this an oauth2.TokenSource.
func (s *TokenSource) Token() (*oauth2.Token, error) { return s.TokenContext(context.Background()) }

// TokenContext returns an access token, without the refresh token. If a renewal is needed it waits
// for it until ctx ends; the renewal itself continues after that. If a renewal ahead of
// expiry fails or takes more than five seconds, TokenContext returns the current token.
func (s *TokenSource) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	return s.token(ctx, "")
}

// Renew returns an access token other than rejected, which the API answered with 401. If
// another caller or process has renewed it since, Renew returns that one.
func (s *TokenSource) Renew(ctx context.Context, rejected string) (*oauth2.Token, error) {
	return s.token(ctx, rejected)
}

// BaseURL returns the URL that paths of the API are appended to, such as
// https://company.pipedrive.com/api/v1. It comes from the api_domain of the installation, which a
// refresh does not change, and is checked against what [AppConfig.OAuthURL] allows. If the
// OAuth server named no api_domain, it is the host common to all companies.
func (s *TokenSource) BaseURL(ctx context.Context) (string, error) {
	if err := s.check(ctx); err != nil {
		return "", err
	}
	s.mu.Lock()
	g := s.current
	s.mu.Unlock()
	var err error
	if !g.installed() {
		g, err = s.load(ctx)
	}
	if err == nil && !g.installed() {
		err = ErrNotInstalled
	}
	base := ""
	if err == nil {
		base, err = s.app.baseURL(g.APIDomain)
	}
	if err != nil {
		return "", s.wrap("find the API", err)
	}
	return base, nil
}

func (s *TokenSource) check(ctx context.Context) error {
	switch {
	case s == nil || s.app == nil:
		return errors.New("auth: the TokenSource is empty; get one from App.TokenSource")
	case ctx == nil:
		return errNilContext
	}
	return s.invalid
}

// token returns an access token other than rejected.
func (s *TokenSource) token(ctx context.Context, rejected string) (*oauth2.Token, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	valid, r, err := s.currentOrRenewal(ctx, rejected)
	switch {
	case err != nil:
		return nil, s.wrap("get the token", err)
	case r == nil:
		return valid.token(), nil
	}
	var tired <-chan time.Time
	if valid != nil {
		tired = time.After(patience)
	}
	select {
	case <-r.done:
	case <-tired:
		return valid.token(), nil
	case <-ctx.Done():
		return nil, s.wrap("wait for the token", context.Cause(ctx))
	}
	switch {
	case r.err == nil:
		return r.grant.token(), nil
	case valid != nil && !errors.Is(r.err, ErrNotInstalled):
		return valid.token(), nil
	default:
		return nil, s.wrap("renew the token", r.err)
	}
}

// currentOrRenewal returns the current grant, if it is valid and not rejected, and the
// renewal to wait for, which it starts if there is none. The renewal is nil if the current
// grant will do, or if it is too soon to try again.
func (s *TokenSource) currentOrRenewal(ctx context.Context, rejected string) (valid *grant, r *renewal, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current.valid() && s.current.AccessToken.Reveal() != rejected {
		valid = s.current
	}
	if valid.fresh() {
		return valid, nil, nil
	}
	if r := s.renewals[rejected]; r != nil {
		return valid, r, nil
	}
	tooSoon := time.Now().Before(s.backoff.until)
	switch {
	case valid != nil && (tooSoon || ctx.Err() != nil):
		return valid, nil, nil
	case ctx.Err() != nil:
		return nil, nil, context.Cause(ctx)
	case tooSoon:
		return nil, nil, s.backoff.err
	}
	r = &renewal{done: make(chan struct{})}
	if s.renewals == nil {
		s.renewals = make(map[string]*renewal)
	}
	s.renewals[rejected] = r
	go s.run(context.WithoutCancel(ctx), r, rejected, s.current)
	return valid, r, nil
}

// run carries out a renewal. Callers get its grant from then on, unless an install, an uninstall
// or another renewal has replaced before by a newer one.
func (s *TokenSource) run(ctx context.Context, r *renewal, rejected string, before *grant) {
	ctx, cancel := withRunningTimeout(ctx, workTimeout)
	defer cancel()
	r.grant, r.err = s.obtain(ctx, rejected)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.renewals, rejected)
	defer close(r.done)
	switch {
	case r.err == nil:
		s.backoff = backoff{}
		if s.current == before || s.current == nil || r.grant.Generation > s.current.Generation {
			s.current = r.grant
		}
	case errors.Is(r.err, ErrNotInstalled):
		s.current = nil
	case !errors.Is(r.err, ErrReauthorize): // that one is remembered, and costs the server nothing
		pause := min(max(2*s.backoff.pause, firstPause), lastPause)
		s.backoff = backoff{r.err, pause, time.Now().Add(pause)}
	}
}

// replace makes g what callers get, after an install or uninstall.
func (s *TokenSource) replace(g *grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.unsaved, s.refused, s.backoff = g, nil, nil, backoff{}
}

// wait returns when no renewal is under way and nothing is unsaved.
func (s *TokenSource) wait(ctx context.Context) error {
	for {
		s.mu.Lock()
		done := s.saving
		for _, r := range s.renewals {
			done = r.done
		}
		s.mu.Unlock()
		if done == nil {
			return nil
		}
		select {
		case <-done:
		case <-ctx.Done():
			return s.wrap("wait until the token is renewed and saved", context.Cause(ctx))
		}
	}
}

func (s *TokenSource) wrap(doing string, err error) error {
	return fmt.Errorf("auth: %s of %v: %w", doing, s.key, err)
}
