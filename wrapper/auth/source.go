package auth

// This file is the face of a token source: who gets what is there, who waits, and for how long.

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
	// patience is how long a caller waits for a renewal while the access token still serves.
	patience = 5 * time.Second
	// A renewal that failed is not tried again for a while, which doubles from one to the other.
	firstPause = 250 * time.Millisecond
	lastPause  = time.Minute
)

// A TokenSource gives the access token of one installation and renews it: about three minutes
// before it expires, or when the API refused it. However many callers ask, and processes that
// share the store, the OAuth server is asked once. Get one from [App.TokenSource]. All methods may
// be called concurrently.
//
// The errors of all methods tell by errors.Is whether the user has to act ([ErrReauthorize],
// [ErrNotInstalled]); other errors may pass by themselves.
type TokenSource struct {
	app     *App
	store   Store
	key     Installation
	invalid error // why the key is none

	mu      sync.Mutex
	current *grant  // what callers are given; nil at first, and without tokens once uninstalled
	unsaved *grant  // a newer grant than the store has, to be saved
	refused *grant  // whose refresh token the server refused
	flight  *flight // the renewal under way
	saving  chan struct{}
	failure error // of the last renewal, handed out until the pause is over
	pause   time.Duration
	until   time.Time
}

// A flight is one renewal that any number of callers wait for.
type flight struct {
	done    chan struct{}
	refused string // the access token it is to replace, if that is why it began
	grant   *grant // set before done is closed, as is err
	err     error
}

// Format prints whose tokens these are, whatever the verb.
func (s *TokenSource) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "[token source of %v]", s.key)
}

// Installation returns whose tokens these are.
func (s *TokenSource) Installation() Installation { return s.key }

// Token is [TokenSource.TokenContext] without a context; it makes this an oauth2.TokenSource.
func (s *TokenSource) Token() (*oauth2.Token, error) { return s.TokenContext(context.Background()) }

// TokenContext returns an access token, without the refresh token. It waits for a renewal
// where one is needed, as long as ctx allows; the renewal itself goes on if ctx ends. A renewal
// ahead of expiry that fails or takes more than five seconds is not waited for: the token at
// hand is returned.
func (s *TokenSource) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	return s.token(ctx, "")
}

// Renew returns an access token other than refused, the one that the API answered 401 to. If
// somebody has renewed it since, that is all; else it is renewed now.
func (s *TokenSource) Renew(ctx context.Context, refused string) (*oauth2.Token, error) {
	return s.token(ctx, refused)
}

// BaseURL returns the URL that paths of the API are appended to, such as
// https://company.pipedrive.com/api/v1: the api_domain of the installation, which a refresh
// does not change. It is checked against what [AppConfig.OAuthURL] allows.
func (s *TokenSource) BaseURL(ctx context.Context) (string, error) {
	s.mu.Lock()
	g := s.current
	s.mu.Unlock()
	if !g.installed() {
		var err error
		if g, err = s.load(ctx); err != nil {
			return "", s.wrap("find the API", err)
		}
		if !g.installed() {
			return "", s.wrap("find the API", ErrNotInstalled)
		}
	}
	base, err := s.app.baseURL(g.APIDomain)
	if err != nil {
		return "", s.wrap("find the API", err)
	}
	return base, nil
}

func (s *TokenSource) token(ctx context.Context, refused string) (*oauth2.Token, error) {
	for {
		// inHand still serves if the flight brings nothing.
		inHand, f, err := s.next(ctx, refused)
		if f == nil {
			if err != nil {
				return nil, s.wrap("get the token", err)
			}
			return inHand.token(), nil
		}
		var tired <-chan time.Time
		if inHand != nil {
			tired = time.After(patience)
		}
		select {
		case <-f.done:
		case <-tired:
			return inHand.token(), nil
		case <-ctx.Done():
			return nil, s.wrap("wait for the token", context.Cause(ctx))
		}
		switch {
		case f.err == nil && (f.grant.AccessToken.Reveal() != refused || f.refused == refused):
			return f.grant.token(), nil
		case f.err == nil: // the flight had begun for another reason: go again
		case inHand != nil && !errors.Is(f.err, ErrNotInstalled):
			return inHand.token(), nil
		default:
			return nil, s.wrap("renew the token", f.err)
		}
	}
}

// next returns the grant to use, or an error, or the flight to wait for and what will do meanwhile.
func (s *TokenSource) next(ctx context.Context, refused string) (*grant, *flight, error) {
	if s.invalid != nil {
		return nil, nil, s.invalid
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	inHand := s.current
	if !inHand.valid() || inHand.AccessToken.Reveal() == refused {
		inHand = nil
	}
	if inHand != nil && inHand.fresh() {
		return inHand, nil, nil
	}
	if s.flight == nil {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if time.Now().Before(s.until) {
			if inHand != nil {
				return inHand, nil, nil
			}
			return nil, nil, s.failure
		}
		s.flight = &flight{done: make(chan struct{}), refused: refused}
		go s.fly(context.WithoutCancel(ctx), s.flight, s.current)
	}
	return inHand, s.flight, nil
}

// fly carries out a flight. If an install or uninstall has replaced the grant it began with,
// the outcome is for those who waited only.
func (s *TokenSource) fly(ctx context.Context, f *flight, began *grant) {
	ctx, cancel := withRunningTimeout(ctx, workTimeout)
	defer cancel()
	g, err := s.obtain(ctx, f.refused)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flight = nil
	f.grant, f.err = g, err
	defer close(f.done)
	switch {
	case s.current != began:
	case err == nil:
		s.current, s.failure, s.pause, s.until = g, nil, 0, time.Time{}
	case errors.Is(err, ErrNotInstalled):
		s.current = nil
	case !errors.Is(err, ErrReauthorize): // that one is latched, and costs the server nothing
		s.pause = min(max(2*s.pause, firstPause), lastPause)
		s.failure, s.until = err, time.Now().Add(s.pause)
	}
}

// replace makes g what callers are given, after an install or uninstall.
func (s *TokenSource) replace(g *grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.unsaved, s.refused, s.failure, s.pause, s.until = g, nil, nil, nil, 0, time.Time{}
}

func (s *TokenSource) wait(ctx context.Context) error {
	for {
		s.mu.Lock()
		done := s.saving
		if s.flight != nil {
			done = s.flight.done
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
