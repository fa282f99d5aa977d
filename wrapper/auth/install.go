package auth

// This file turns an authorization code into an installation, and ends an installation.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Install spends an authorization code, finds out whose installation it is, and saves it in place
// of an earlier one of the same user and company. It does not call the Installed hook. The caller
// must have checked, by the state, that the code is meant for this user; [App.Handler] does. Once
// started it continues even if ctx ends, since a code works only once.
func (a *App) Install(ctx context.Context, code string) (*TokenSource, error) {
	if err := a.check(ctx); err != nil {
		return nil, err
	}
	if !isCredential(code) {
		return nil, errors.New("auth: install: the code is empty, too long, or not a code")
	}
	ctx, cancel := withRunningTimeout(context.WithoutCancel(ctx), workTimeout)
	defer cancel()
	if err := a.tryStore(ctx); err != nil {
		return nil, fmt.Errorf("auth: install: the store cannot be written, so the code was not spent: %w", err)
	}
	asked := time.Now()
	answer, err := a.exchange(ctx, code)
	if err == nil && answer.refresh.Reveal() == "" {
		err = errors.New("the answer has no refresh token that can be used")
	}
	if err != nil {
		return nil, fmt.Errorf("auth: exchange the code for tokens: %w", err)
	}
	g := &grant{InstalledAt: answer.givenAt, Scope: answer.scope}
	if g.InstalledAt.IsZero() {
		g.InstalledAt = asked
	}
	g.take(answer, asked)
	if g.APIDomain, err = a.apiOrigin(answer.apiDomain); err != nil {
		return nil, fmt.Errorf("auth: install: %w", err)
	}
	in, g, err := a.identify(ctx, g)
	if err != nil {
		return nil, fmt.Errorf("auth: find out whose installation it is: %w", err)
	}
	g.CompanyID, g.UserID = in.CompanyID, in.UserID
	src := a.TokenSource(in)
	err = a.config.Store.Update(ctx, in, func(_ context.Context, r Record, save func(Record) error) error {
		earlier, err := a.decode(r)
		if err != nil && !errors.Is(err, errDamaged) {
			return err
		}
		if earlier != nil {
			g.Generation = earlier.Generation + 1
		}
		if err := a.save(save, r, g); err != nil {
			return err
		}
		src.replace(g)
		return nil
	})
	if err != nil {
		return nil, src.wrap("save the installation", err)
	}
	if g.APIDomain == "" {
		base, _ := a.baseURL("")
		a.config.Warn(ctx, in, src.wrap("install", fmt.Errorf("%w: the server named none, so %s is used", ErrAPIDomain, base)))
	}
	return src, nil
}

// tryStore writes a record that belongs to no installation.
func (a *App) tryStore(ctx context.Context) error {
	return a.config.Store.Update(ctx, Installation{}, func(_ context.Context, _ Record, save func(Record) error) error {
		return save(Record(`{}`))
	})
}

// identify returns the installation that the tokens of g belong to. While there is no key to save
// them by, a token source over a store of its own serves the one who is asked.
func (a *App) identify(ctx context.Context, g *grant) (Installation, *grant, error) {
	src := &TokenSource{app: a, store: new(MemoryStore), current: g}
	err := src.store.Update(ctx, src.key, func(_ context.Context, r Record, save func(Record) error) error {
		return a.save(save, r, g)
	})
	if err != nil {
		return Installation{}, nil, err
	}
	ask := a.config.Identify
	if ask == nil {
		ask = a.askUsersMe
	}
	in, err := ask(ctx, src)
	if err == nil {
		err = in.check()
	}
	if err != nil {
		return Installation{}, nil, err
	}
	if g, err = src.load(ctx); err != nil {
		return Installation{}, nil, err
	}
	return in, g, nil
}

// askUsersMe calls GET /users/me, whose answer has the ids as data.id and data.company_id.
func (a *App) askUsersMe(ctx context.Context, src *TokenSource) (Installation, error) {
	ctx, cancel := withRunningTimeout(ctx, a.callTimeout)
	defer cancel()
	base, err := src.BaseURL(ctx)
	if err != nil {
		return Installation{}, err
	}
	token, err := src.TokenContext(ctx)
	if err != nil {
		return Installation{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/users/me", nil)
	if err != nil {
		return Installation{}, callError(err)
	}
	token.SetAuthHeader(req)
	got, err := a.send(req)
	switch {
	case err != nil:
		return Installation{}, fmt.Errorf("GET /users/me: %w", err)
	case got.status != http.StatusOK:
		return Installation{}, fmt.Errorf("GET /users/me, which needs the scope base (or set AppConfig.Identify): %w", &Error{StatusCode: got.status})
	}
	me := jsonFields(jsonFields(got.body)["data"])
	if me == nil {
		return Installation{}, fmt.Errorf("GET /users/me: %w", errUnreadable)
	}
	return Installation{CompanyID: me.id("company_id"), UserID: me.id("id")}, nil
}

// Uninstall ends an installation from the app's side: it revokes the refresh token, which
// uninstalls the app for the user, and forgets the tokens. It does not call the Uninstalled hook.
// After an error the tokens are kept, and Uninstall can be called again. [ErrNotInstalled] says
// that there are none.
func (a *App) Uninstall(ctx context.Context, in Installation) error {
	return a.endToken(ctx, in, "uninstall", func(ctx context.Context, g *grant) error {
		if err := a.revoke(ctx, g.RefreshToken, "refresh_token"); err != nil {
			return err
		}
		g.uninstall(time.Now())
		return nil
	})
}

// Forget forgets the tokens and tells nobody: for Pipedrive the app stays installed until the
// user uninstalls it there. Use it if the OAuth server cannot be reached or no longer knows the
// app; otherwise use [App.Uninstall].
func (a *App) Forget(ctx context.Context, in Installation) error {
	return a.endToken(ctx, in, "forget the tokens", func(_ context.Context, g *grant) error {
		g.uninstall(time.Now())
		return nil
	})
}

// RevokeAccessToken revokes the access token, for instance because it leaked. The app stays
// installed: the next call that needs a token renews it.
func (a *App) RevokeAccessToken(ctx context.Context, in Installation) error {
	return a.endToken(ctx, in, "revoke the access token", func(ctx context.Context, g *grant) error {
		if err := a.revoke(ctx, g.AccessToken, "access_token"); err != nil {
			return err
		}
		g.ExpiresAt = time.Now()
		return nil
	})
}

// endToken changes a grant that has tokens.
func (a *App) endToken(ctx context.Context, in Installation, doing string, change func(context.Context, *grant) error) error {
	if err := a.check(ctx); err != nil {
		return err
	}
	src := a.TokenSource(in)
	if src.invalid != nil {
		return src.invalid
	}
	err := src.change(ctx, func(ctx context.Context, g *grant) error {
		if !g.installed() {
			return ErrNotInstalled
		}
		return change(ctx, g)
	})
	if err != nil {
		return src.wrap(doing, err)
	}
	return nil
}

// change changes the grant, saves it, and makes it what callers get, all under the store's lock,
// so that no refresh is under way. After an error of f nothing has changed.
func (s *TokenSource) change(ctx context.Context, f func(context.Context, *grant) error) error {
	return s.store.Update(ctx, s.key, func(ctx context.Context, r Record, save func(Record) error) error {
		g, err := s.app.decode(r)
		if err != nil {
			return err
		}
		g = s.latest(g)
		if err := f(ctx, g); err != nil {
			return err
		}
		if err := s.app.save(save, r, g); err != nil {
			return err
		}
		s.replace(g)
		return nil
	})
}
