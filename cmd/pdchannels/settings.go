// The settings of the commands that call the API: from flags, the environment and files.

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
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
	flags.IntVar(&s.attempts, "attempts", 4, "the `NUMBER` of attempts at a call if no answer comes or a limit is used up; 1 means no retries")
	s.loginSettings.declare(flags)
}

// client makes a client of the settings, and returns the base URL that it calls.
func (s *settings) client(ctx context.Context, env *environment, more ...channels.Option) (*channels.Client, string, error) {
	if s.attempts < 1 {
		return nil, "", usage("--attempts %d: a call takes at least 1", s.attempts)
	}
	credential, itsURL, err := s.credential(ctx, env)
	if err != nil {
		return nil, "", err
	}
	baseURL := cmp.Or(s.baseURL, env.getenv("PIPEDRIVE_BASE_URL"), itsURL, channels.DefaultBaseURL)
	client, err := channels.NewClient(credential, append(more, channels.WithBaseURL(baseURL), channels.WithTimeout(s.timeout),
		channels.WithRetries(channels.RetryPolicy{Attempts: s.attempts}))...)
	if err != nil {
		return nil, "", usageError{err}
	}
	return client, strings.TrimSuffix(baseURL, "/"), nil
}

const howToAuthenticate = "log in with pdchannels login, or set PIPEDRIVE_ACCESS_TOKEN or PIPEDRIVE_API_TOKEN, or the name of " +
	"a file that holds it in PIPEDRIVE_ACCESS_TOKEN_FILE or PIPEDRIVE_API_TOKEN_FILE"

// credential finds the one secret that is set, or else a stored login, which knows its base URL.
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
	name, fromFile := strings.CutSuffix(found[0], "_FILE")
	secret := env.getenv(found[0])
	if fromFile {
		if secret, err = env.readSecret(secret); err != nil {
			return c, "", usage("%s: %w", found[0], err)
		}
	}
	secret = strings.TrimRight(secret, "\r\n")
	if name == "PIPEDRIVE_API_TOKEN" {
		return channels.APIToken(secret), "", nil
	}
	return channels.OAuth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: secret})), "", nil
}

// credentialsSet names the variables that hold a credential.
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
		return "", err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0 {
		env.stderr.printf("warning: other users of this machine may read the secret in %s: chmod 600 %[1]s\n", name)
	}
	secret, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	switch {
	case err != nil:
		return "", err
	case len(secret) > maxSecret:
		return "", fmt.Errorf("%s is longer than any token: is it the right file?", name)
	case len(strings.TrimRight(string(secret), "\r\n")) == 0:
		return "", fmt.Errorf("%s is empty", name)
	}
	return string(secret), nil
}
