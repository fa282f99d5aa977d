// The settings of the commands that call the API: from flags, the environment and files.

package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// settings are the flags that these commands share.
type settings struct {
	loginSettings
	baseURL  string
	timeout  time.Duration
	attempts int
}

func (s *settings) declare(flags *pflag.FlagSet) {
	flags.StringVar(&s.baseURL, "base-url", "", "the `URL` before /channels; else PIPEDRIVE_BASE_URL, else the login's, else "+channels.DefaultBaseURL)
	flags.DurationVar(&s.timeout, "timeout", 15*time.Second, "the `TIME` that one attempt at a call may take")
	flags.IntVar(&s.attempts, "attempts", 4, "the `NUMBER` of attempts at a call if no answer comes or a limit is used up; 1 means no retries; a file of messages waits out the burst limit as often as it takes")
	s.loginSettings.declare(flags)
}

// client returns a client for the settings, and the base URL that it calls.
func (s *settings) client(ctx context.Context, env *environment, more ...channels.Option) (*channels.Client, string, error) {
	if s.attempts < 1 {
		return nil, "", usage("--attempts %d: a call takes at least 1", s.attempts)
	}
	credential, itsURL, err := s.credential(ctx, env)
	if err != nil {
		return nil, "", err
	}
	name, baseURL := "--base-url", s.baseURL
	if baseURL == "" {
		name, baseURL = "PIPEDRIVE_BASE_URL", env.setting("PIPEDRIVE_BASE_URL")
	}
	if err := absolute(name, baseURL); err != nil {
		return nil, "", err
	}
	baseURL = cmp.Or(baseURL, itsURL, channels.DefaultBaseURL)
	plainHTTP, err := env.allows(s.plainHTTP)
	if err != nil {
		return nil, "", err
	}
	if plainHTTP {
		more = append(more, channels.WithPlainHTTP())
	}
	client, err := channels.NewClient(credential, append(more, silent, channels.WithBaseURL(baseURL), channels.WithTimeout(s.timeout),
		channels.WithRetries(channels.RetryPolicy{Attempts: s.attempts}))...)
	switch {
	case err == nil:
		return client, strings.TrimSuffix(baseURL, "/"), nil
	case strings.Contains(err.Error(), "base URL"):
		return nil, "", usage("%s: %s", name, forUsers.Replace(plain(err)))
	default:
		return nil, "", usageError{err}
	}
}

// silent keeps the log of the client off the terminal: the command reports what matters itself.
var silent = channels.WithLogger(slog.New(slog.DiscardHandler))

// forUsers names the settings of the command where the packages name their own.
var forUsers = strings.NewReplacer("WithPlainHTTP", "--plain-http", "give them to NewClient", "set PIPEDRIVE_ACCESS_TOKEN",
	"AppConfig.OAuthURL", "PIPEDRIVE_OAUTH_URL", "AppConfig.RedirectURL", "--redirect-url", "PlainHTTP", "--plain-http")

func declarePlainHTTP(flags *pflag.FlagSet, allowed *bool) {
	flags.BoolVar(allowed, "plain-http", false, "allow http beyond this machine, as between containers, where others may read credentials; or set PIPEDRIVE_PLAIN_HTTP=1")
}

// allows reports whether credentials may go over http to another machine: by the flag, or by the environment.
func (env *environment) allows(plainHTTP bool) (bool, error) {
	const name = "PIPEDRIVE_PLAIN_HTTP"
	text := env.setting(name)
	if text == "" {
		return plainHTTP, nil
	}
	allowed, err := strconv.ParseBool(text)
	if err != nil {
		return false, usage("%s is %s; it is 1 or 0", name, printable(text))
	}
	return allowed || plainHTTP, nil
}

// absolute refuses a URL without a scheme, as localhost:8484/v1 is typed, and says what it should be.
func absolute(setting, url string) error {
	if url == "" || strings.Contains(url, "://") || strings.Contains(url, "@") { // an @ may follow a password
		return nil
	}
	host, _, _ := strings.Cut(url, "/")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	scheme := "https://"
	if host == "localhost" || net.ParseIP(strings.Trim(host, "[]")).IsLoopback() {
		scheme = "http://"
	}
	return usage("%s: %s has no scheme: write %s", setting, printable(url), printable(scheme+url))
}

const howToAuthenticate = "log in with pdchannels login, or set PIPEDRIVE_ACCESS_TOKEN or PIPEDRIVE_API_TOKEN, or the name of " +
	"a file that holds it in PIPEDRIVE_ACCESS_TOKEN_FILE or PIPEDRIVE_API_TOKEN_FILE"

// credential uses the one secret that is set, or else a stored login, which knows its base URL.
func (s *settings) credential(ctx context.Context, env *environment) (c channels.Credential, baseURL string, err error) {
	found := env.credentialsSet()
	if s.login != "" {
		found = append(found, "--login")
	}
	switch {
	case len(found) > 1:
		return c, "", usage("more than one credential: %s are set; unset all but one", strings.Join(found, " and "))
	case s.login != "", len(found) == 0 && s.hasStore(env):
		return s.storedLogin(ctx, env)
	case len(found) == 0:
		return c, "", usage("no credential: %s", howToAuthenticate)
	}
	name := strings.TrimSuffix(found[0], "_FILE")
	secret, err := env.secret(name)
	if err != nil {
		return c, "", err
	}
	if name == "PIPEDRIVE_API_TOKEN" {
		return channels.APIToken(secret), "", nil
	}
	return channels.OAuth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: secret})), "", nil
}

// setting reads an environment variable, without what copying left around it.
func (env *environment) setting(name string) string { return unwrap(env.getenv(name)) }

// secret reads a variable, or the file that the variable with _FILE names. It returns "" if neither is set.
func (env *environment) secret(name string) (secret string, err error) {
	value, file := env.getenv(name), env.setting(name+"_FILE")
	switch {
	case value != "" && file != "":
		return "", usage("%s and %[1]s_FILE are both set; unset one", name)
	case file != "":
		name += "_FILE"
		value, err = env.readSecret(file)
	case value == "":
		return "", nil
	}
	if err == nil {
		secret, err = bareSecret(value)
	}
	switch {
	case err != nil && file != "":
		return "", usage("%s: %s: %w", name, printable(file), err)
	case err != nil:
		return "", usage("%s: %w", name, err)
	default:
		return secret, nil
	}
}

// credentialsSet lists the variables that hold a credential.
func (env *environment) credentialsSet() (found []string) {
	for _, name := range []string{"PIPEDRIVE_ACCESS_TOKEN", "PIPEDRIVE_ACCESS_TOKEN_FILE", "PIPEDRIVE_API_TOKEN", "PIPEDRIVE_API_TOKEN_FILE"} {
		if env.getenv(name) != "" {
			found = append(found, name)
		}
	}
	return found
}

func (s *settings) storedLogin(ctx context.Context, env *environment) (c channels.Credential, baseURL string, err error) {
	all, err := s.open(env, auth.AppConfig{})
	if err != nil {
		return c, "", err
	}
	src, err := all.choose(ctx, s.login)
	if err != nil {
		return c, "", err
	}
	baseURL, err = src.BaseURL(ctx)
	return channels.OAuth(src), baseURL, err
}

// maxSecret is far beyond the length of any token.
const maxSecret = 64 << 10

func (env *environment) readSecret(name string) (string, error) {
	f, err := os.Open(name) //nolint:gosec // the user names the file
	if err != nil {
		return "", withoutPath(err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0 {
		env.stderr.printf("warning: other users of this machine may read the secret in %s: chmod 600 %s\n", printable(name), shellWord(name))
	}
	secret, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	switch {
	case err != nil:
		return "", withoutPath(err)
	case len(secret) > maxSecret:
		return "", errors.New("it is longer than any token: is it the right file?")
	}
	text, _, err := decodeText(secret)
	return text, err
}

// withoutPath leaves the name of the file out of an error that a caller prefixes with it.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
