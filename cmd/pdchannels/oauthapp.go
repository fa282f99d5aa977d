// The OAuth app that the command acts for, and the logins that are stored of it.

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/auth/filestore"
)

// defaultRedirectURL is where login waits for the browser unless told otherwise.
const defaultRedirectURL = "http://127.0.0.1:8585/oauth/callback"

// loginSettings say where logins are stored, which of them to use, and how the app is reached.
type loginSettings struct {
	store     string
	creates   bool // the directory of the logins, if it is missing
	login     string
	plainHTTP bool
}

func (l *loginSettings) declareStore(flags *pflag.FlagSet) {
	declarePlainHTTP(flags, &l.plainHTTP)
	flags.StringVar(&l.store, "store", "", "the `DIRECTORY` of stored logins; else PIPEDRIVE_STORE, else pdchannels in your configuration directory")
}

func (l *loginSettings) declare(flags *pflag.FlagSet) {
	l.declareStore(flags)
	flags.StringVar(&l.login, "login", "", "the stored login to use, `COMPANY:USER`, if there are several")
}

// logins are the installations of one app that are stored on this machine.
type logins struct {
	app   *auth.App
	store *filestore.Store
	dir   string
}

// open finds the app in the environment, and its logins. The caller sets the hooks; open fills in
// the rest of the configuration.
func (l *loginSettings) open(env *environment, config auth.AppConfig) (*logins, error) {
	id, err := env.clientID()
	if err != nil {
		return nil, err
	}
	secret, err := env.clientSecret()
	if err != nil {
		return nil, err
	}
	oauthURL := env.setting("PIPEDRIVE_OAUTH_URL")
	if err := absolute("PIPEDRIVE_OAUTH_URL", oauthURL); err != nil {
		return nil, err
	}
	dir, err := l.directory(env)
	if err != nil {
		return nil, err
	}
	store, err := l.openStore(dir)
	if err != nil {
		return nil, err
	}
	config.ClientID, config.ClientSecret = id, secret
	config.OAuthURL = strings.TrimSuffix(oauthURL, "/")
	config.RedirectURL = cmp.Or(config.RedirectURL, defaultRedirectURL)
	config.Store = store
	if config.PlainHTTP, err = env.allows(l.plainHTTP); err != nil {
		return nil, err
	}
	if config.Warn == nil {
		config.Warn = env.warn
	}
	app, err := auth.NewApp(config)
	if err != nil {
		return nil, usage("%s", forUsers.Replace(plain(err)))
	}
	env.apps = append(env.apps, app)
	return &logins{app: app, store: store, dir: dir}, nil
}

// openStore opens the directory of the logins. Only a login makes it: for anything else a directory that
// is missing may be a volume that is not mounted, which is not the same as nobody having logged in.
func (l *loginSettings) openStore(dir string) (*filestore.Store, error) {
	if l.creates {
		return filestore.Open(dir)
	}
	store, err := filestore.OpenExisting(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("no login of this app is stored: there is no directory %s; log in with pdchannels login, or mount the volume that it is on", printable(dir))
	}
	return store, err
}

// directory is where the logins of this app are. Each app has its own, since a user may have
// installed several.
func (l *loginSettings) directory(env *environment) (string, error) {
	id, err := env.clientID()
	if err != nil {
		return "", err
	}
	store := cmp.Or(l.store, env.setting("PIPEDRIVE_STORE"))
	if store == "" {
		config, err := env.configDir()
		if err != nil {
			return "", err
		}
		store = filepath.Join(config, "pdchannels")
	}
	return filepath.Join(store, "app-"+url.PathEscape(id)), nil
}

// configDir is os.UserConfigDir in the environment of the command.
func (env *environment) configDir() (string, error) {
	var dir string
	switch home := env.getenv("HOME"); {
	case runtime.GOOS == "windows":
		dir = env.getenv("AppData")
	case runtime.GOOS == "darwin" && home != "":
		dir = filepath.Join(home, "Library", "Application Support")
	case env.getenv("XDG_CONFIG_HOME") != "":
		dir = env.getenv("XDG_CONFIG_HOME")
	case home != "":
		dir = filepath.Join(home, ".config")
	}
	if !filepath.IsAbs(dir) {
		return "", usage("this account has no configuration directory to store logins in: use --store or PIPEDRIVE_STORE")
	}
	return dir, nil
}

// clientID names the app.
func (env *environment) clientID() (string, error) {
	const name = "PIPEDRIVE_CLIENT_ID"
	id := env.setting(name)
	if id == "" {
		return "", usage("the app is missing: set %s, and PIPEDRIVE_CLIENT_SECRET or PIPEDRIVE_CLIENT_SECRET_FILE", name)
	}
	return id, checkClientID(name, id)
}

// checkClientID refuses what HTTP Basic cannot carry, or no client id has.
func checkClientID(setting, id string) error {
	if strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }) {
		return usage("%s is %s, which is not a client id", setting, printable(id))
	}
	return nil
}

// clientSecret is the secret of the app.
func (env *environment) clientSecret() (auth.Secret, error) {
	const name = "PIPEDRIVE_CLIENT_SECRET"
	secret, err := env.secret(name)
	if err == nil && secret == "" {
		err = usage("the app's secret is missing: set %s, or the name of a file that holds it in %[1]s_FILE", name)
	}
	return auth.NewSecret(secret), err
}

// warn reports trouble with tokens that no call returns.
func (env *environment) warn(_ context.Context, _ auth.Installation, err error) {
	if !errors.Is(err, auth.ErrReauthorize) { // that one the call reports
		env.stderr.printf("warning: %s\n", plain(err))
	}
}

// choose returns the token source of the one login there is, or of the one that is named.
func (l *logins) choose(ctx context.Context, named string) (*auth.TokenSource, error) {
	stored, err := l.store.Installations()
	if err != nil {
		return nil, err
	}
	var live []auth.Installation
	for _, in := range stored {
		// An error means that the user has logged out since, or logged in to another server.
		if _, err := l.app.TokenSource(in).BaseURL(ctx); err == nil {
			live = append(live, in)
		}
	}
	slices.SortFunc(live, func(a, b auth.Installation) int {
		return cmp.Or(cmp.Compare(a.CompanyID, b.CompanyID), cmp.Compare(a.UserID, b.UserID))
	})
	var names []string
	for _, in := range live {
		if loginName(in) == named {
			return l.app.TokenSource(in), nil
		}
		names = append(names, loginName(in))
	}
	switch {
	case len(live) == 0:
		return nil, usage("nobody is logged in: run pdchannels login (looked in %s)", l.dir)
	case named != "":
		return nil, usage("--login %s is not logged in; there are %s", printable(named), strings.Join(names, ", "))
	case len(live) > 1:
		return nil, usage("several logins are stored: choose one with --login, %s", strings.Join(names, " or "))
	default:
		return l.app.TokenSource(live[0]), nil
	}
}

func loginName(in auth.Installation) string { return fmt.Sprintf("%d:%d", in.CompanyID, in.UserID) }

// settle waits for running refreshes, so that no new token is lost when the process ends before
// it is stored.
func (env *environment) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for _, app := range env.apps {
		if err := app.Wait(ctx); err != nil {
			env.stderr.printf("warning: %s\n", plain(err))
		}
	}
}

// hasStore reports whether the directory of the app's logins exists, without creating it.
func (l *loginSettings) hasStore(env *environment) bool {
	dir, err := l.directory(env)
	if err != nil {
		return false
	}
	_, err = os.Stat(dir)
	return err == nil || l.store != "" || env.setting("PIPEDRIVE_STORE") != ""
}
