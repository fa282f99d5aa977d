package auth

// This file renews a grant: what happens under the store's lock, and what if it fails.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// errSuperseded says that the server refused the refresh token because a newer one exists.
var errSuperseded = errors.New("another process has renewed the token meanwhile")

// obtain returns a grant whose access token is fresh and not the rejected one, from the store or
// the OAuth server.
func (s *TokenSource) obtain(ctx context.Context, rejected string) (*grant, error) {
	stored, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	if g := s.latest(stored); g.fresh() && g.AccessToken.Reveal() != rejected {
		return g, nil
	} else if err := s.dead(g); err != nil {
		return nil, err // without a lock: it may be asked for often
	}
	g, err := s.renew(ctx, rejected)
	if errors.Is(err, errSuperseded) {
		g, err = s.renew(ctx, rejected)
	}
	return g, err
}

// renew refreshes under the store's lock, in an order that loses no token: read again, since
// another process may have been first; note in the record that a refresh is pending, which
// proves that the store can be written; refresh; save; and only then use the new token.
func (s *TokenSource) renew(ctx context.Context, rejected string) (*grant, error) {
	var found, fetched *grant
	err := s.store.Update(ctx, s.key, func(ctx context.Context, r Record, save func(Record) error) error {
		stored, err := s.app.decode(r)
		if err != nil {
			return err
		}
		g := s.latest(stored)
		if g.fresh() && g.AccessToken.Reveal() != rejected {
			found = g
			return nil
		}
		if err := s.dead(g); err != nil {
			return err
		}
		interrupted, asked := g.PendingSince, time.Now()
		g.PendingSince = asked
		if err := s.app.save(save, r, g); err != nil {
			return fmt.Errorf("the store cannot be written, so the token was not refreshed: %w", err)
		}
		answer, err := s.app.refresh(ctx, g.RefreshToken)
		if isRefusal(err) {
			return s.giveUp(ctx, g, func(g *grant) error { return s.app.save(save, r, g) }, interrupted)
		}
		if err != nil {
			return fmt.Errorf("refresh: %w", err)
		}
		fetched = g
		g.take(answer, asked)
		s.keepAPIDomain(ctx, g, answer.apiDomain)
		return s.app.save(save, r, g)
	})
	switch {
	case fetched == nil:
		return found, err
	case err != nil:
		s.saveLater(ctx, fetched, err)
	default:
		s.saved(fetched)
	}
	return fetched, nil
}

// giveUp handles a refresh token that the server refused. It reads the store once more, in case
// its lock did not hold; otherwise it makes sure that nobody uses that token again.
func (s *TokenSource) giveUp(ctx context.Context, g *grant, save func(*grant) error, interrupted time.Time) error {
	// Read even if the lock's time is up.
	if again, err := s.load(context.WithoutCancel(ctx)); err == nil && again.installed() && again.RefreshToken.Reveal() != g.RefreshToken.Reveal() {
		return errSuperseded
	}
	why := "the server answered invalid_grant: the refresh token was revoked, or not used for 60 days"
	if !interrupted.IsZero() {
		why = fmt.Sprintf("the server answered invalid_grant, and the refresh begun at %s never ended: its answer is lost", interrupted.UTC().Format(time.RFC3339))
	}
	err := fmt.Errorf("%s: %w", why, ErrReauthorize)
	g.RefusedAt = time.Now()
	s.mu.Lock()
	s.refused = g
	s.mu.Unlock()
	if saveErr := save(g); saveErr != nil {
		err = fmt.Errorf("%w (which could not be noted in the store: %w)", err, saveErr)
	}
	s.app.config.Warn(ctx, s.key, s.wrap("renew the token", err))
	return err
}

// dead returns why a grant cannot be renewed, or nil.
func (s *TokenSource) dead(g *grant) error {
	if !g.installed() {
		return ErrNotInstalled
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !g.RefusedAt.IsZero() || s.refused != nil && g.Generation == s.refused.Generation && g.RefreshToken.Reveal() == s.refused.RefreshToken.Reveal() {
		return fmt.Errorf("the server has refused the refresh token: %w", ErrReauthorize)
	}
	return nil
}

// isRefusal reports whether the server refused the refresh token, by a 400 (documented) or a 401
// (seen). With any other status invalid_grant does not count: a server in trouble, or a proxy,
// says all kinds of things.
func isRefusal(err error) bool {
	answer, ok := errors.AsType[*Error](err)
	return ok && answer.Code == "invalid_grant" && (answer.StatusCode == http.StatusBadRequest || answer.StatusCode == http.StatusUnauthorized)
}

// keepAPIDomain leaves api_domain as it was at the install, whatever the answer to a refresh says:
// the host that gets the tokens never changes silently. An installation without one takes the
// first that is acceptable.
func (s *TokenSource) keepAPIDomain(ctx context.Context, g *grant, named string) {
	origin, err := s.app.apiOrigin(named)
	if err == nil && g.APIDomain == "" {
		g.APIDomain = origin
	}
	if err != nil || origin != "" && origin != g.APIDomain {
		s.app.config.Warn(ctx, s.key, s.wrap("refresh the token", fmt.Errorf(
			"%w: the server names another than %q, which stays in use; if the company has moved, let the user authorise the app again", ErrAPIDomain, g.APIDomain)))
	}
}

func (s *TokenSource) load(ctx context.Context) (*grant, error) {
	if s.invalid != nil {
		return nil, s.invalid
	}
	r, err := s.store.Load(ctx, s.key)
	if err != nil {
		return nil, err
	}
	return s.app.decode(r)
}
