package main

// This file opens what the settings name: the outbox, and the tokens of its installations.

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/auth/filestore"
	"github.com/pdchannels/pdchannels/wrapper/channels"
	"github.com/pdchannels/pdchannels/wrapper/scale/outbox"
	"github.com/pdchannels/pdchannels/wrapper/scale/pgstore"
)

// setting reads an environment variable, without what copying left around it.
func (env *environment) setting(name string) string { return strings.TrimSpace(env.getenv(name)) }

// secret reads a variable, or the file that the variable with _FILE names.
func (env *environment) secret(name string) (string, error) {
	value, file := env.setting(name), env.setting(name+"_FILE")
	switch {
	case value != "" && file != "":
		return "", usage("%s and %[1]s_FILE are both set; unset one", name)
	case file == "":
		return value, nil
	}
	text, err := os.ReadFile(file) //nolint:gosec // the user names the file
	if err != nil {
		return "", usage("%s_FILE: %w", name, err)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(text), "\uFEFF")), nil
}

// open opens the outbox that --db or PDCHANNELS_OUTBOX_DB names.
func (env *environment) open(ctx context.Context, config outbox.Config) (*outbox.Outbox, error) {
	config.Logger = slog.New(slog.NewTextHandler(env.stderr, nil))
	database := env.db
	if u, err := url.Parse(database); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			return nil, usage("--db holds a password, which other users of this machine can read: set PDCHANNELS_OUTBOX_DB instead")
		}
	}
	database = cmp.Or(database, env.setting("PDCHANNELS_OUTBOX_DB"))
	switch {
	case database == "":
		return nil, usage("no database: set --db or PDCHANNELS_OUTBOX_DB to sqlite:FILE or postgres://…")
	case strings.HasPrefix(database, "sqlite:"):
		file := strings.TrimPrefix(database, "sqlite:")
		if file == "" {
			return nil, usage("sqlite: names no file: write sqlite:outbox.db")
		}
		return outbox.OpenSQLite(ctx, file, config)
	case isPostgres(database):
		pool, err := env.pool(ctx, database)
		if err != nil {
			return nil, err
		}
		return outbox.OnPostgres(ctx, pool, config)
	default:
		return nil, usage("the database is neither sqlite:FILE nor postgres://…")
	}
}

func isPostgres(text string) bool {
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

func (env *environment) pool(ctx context.Context, database string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(database)
	if err != nil {
		return nil, usageError{err}
	}
	config.MaxConns = max(config.MaxConns, 8)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err == nil {
		env.pools = append(env.pools, pool)
	}
	return pool, err
}

// clients returns what makes the client of an installation.
func (env *environment) clients(ctx context.Context, store string) (func(context.Context, string) (*channels.Client, error), error) {
	var options []channels.Option
	if baseURL := env.setting("PIPEDRIVE_BASE_URL"); baseURL != "" {
		options = append(options, channels.WithBaseURL(baseURL))
	}
	credential, err := env.credential(ctx, store)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, installation string) (*channels.Client, error) {
		c, err := credential(installation)
		if err != nil {
			return nil, err
		}
		return channels.NewClient(c, options...)
	}, nil
}

// credential returns where the credential of an installation comes from.
func (env *environment) credential(ctx context.Context, store string) (func(installation string) (channels.Credential, error), error) {
	for name, fixed := range map[string]func(string) channels.Credential{
		"PIPEDRIVE_API_TOKEN": channels.APIToken,
		"PIPEDRIVE_ACCESS_TOKEN": func(token string) channels.Credential {
			return channels.OAuth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}))
		},
	} {
		token, err := env.secret(name)
		if err != nil {
			return nil, err
		}
		if token != "" {
			return func(string) (channels.Credential, error) { return fixed(token), nil }, nil
		}
	}
	app, err := env.app(ctx, store)
	if err != nil {
		return nil, err
	}
	return func(installation string) (channels.Credential, error) {
		in, err := parseInstallation(installation)
		if err != nil {
			return channels.Credential{}, err
		}
		return channels.OAuth(app.TokenSource(in)), nil
	}, nil
}

// app returns the app whose logins are stored.
func (env *environment) app(ctx context.Context, store string) (*auth.App, error) {
	id := env.setting("PIPEDRIVE_CLIENT_ID")
	secret, err := env.secret("PIPEDRIVE_CLIENT_SECRET")
	if err != nil {
		return nil, err
	}
	if id == "" || secret == "" {
		return nil, usage("no credential: set PIPEDRIVE_CLIENT_ID and PIPEDRIVE_CLIENT_SECRET, the app whose logins are stored")
	}
	tokens, err := env.tokens(ctx, cmp.Or(store, env.setting("PIPEDRIVE_STORE")), id)
	if err != nil {
		return nil, err
	}
	app, err := auth.NewApp(auth.AppConfig{
		ClientID: id, ClientSecret: auth.NewSecret(secret), RedirectURL: "http://127.0.0.1:8585/oauth/callback", Store: tokens,
		OAuthURL: strings.TrimSuffix(env.setting("PIPEDRIVE_OAUTH_URL"), "/"),
	})
	if err != nil {
		return nil, usageError{err}
	}
	env.apps = append(env.apps, app)
	return app, nil
}

// tokens opens the store of an app's logins: a database's, or the directory that pdchannels login uses.
func (env *environment) tokens(ctx context.Context, store, clientID string) (auth.Store, error) {
	if isPostgres(store) {
		pool, err := env.pool(ctx, store)
		if err != nil {
			return nil, err
		}
		return pgstore.Open(ctx, pool)
	}
	if store == "" {
		config, err := os.UserConfigDir()
		if err != nil {
			return nil, usage("this account has no configuration directory: set PIPEDRIVE_STORE")
		}
		store = filepath.Join(config, "pdchannels")
	}
	return filestore.Open(filepath.Join(store, "app-"+url.PathEscape(clientID)))
}

// parseInstallation reads COMPANY:USER.
func parseInstallation(name string) (auth.Installation, error) {
	company, user, _ := strings.Cut(name, ":")
	c, err1 := strconv.ParseInt(company, 10, 64)
	u, err2 := strconv.ParseInt(user, 10, 64)
	if err1 != nil || err2 != nil || c <= 0 || u <= 0 {
		return auth.Installation{}, fmt.Errorf("the installation %.60q is not COMPANY:USER, such as 1001:42", name)
	}
	return auth.Installation{CompanyID: c, UserID: u}, nil
}
