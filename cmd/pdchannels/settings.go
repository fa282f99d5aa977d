// The settings of the commands that call the API: from flags, the environment and files.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// settings are the flags that these commands share.
type settings struct {
	baseURL string
	timeout time.Duration
}

func (s *settings) declare(flags *flag.FlagSet, env *environment) {
	flags.StringVar(&s.baseURL, "base-url", "", "the `URL` before /channels; else PIPEDRIVE_BASE_URL, else "+channels.DefaultBaseURL)
	flags.DurationVar(&s.timeout, "timeout", 15*time.Second, "the `TIME` a call may take")
	flags.BoolVar(&env.json, "json", env.json, "print the result as one JSON object")
}

// client makes a client of the settings, and returns the base URL that it calls.
func (s *settings) client(env *environment) (*channels.Client, string, error) {
	credential, err := env.credential()
	if err != nil {
		return nil, "", usageError{err}
	}
	baseURL := cmp.Or(s.baseURL, env.getenv("PIPEDRIVE_BASE_URL"), channels.DefaultBaseURL)
	client, err := channels.NewClient(credential, channels.WithBaseURL(baseURL), channels.WithTimeout(s.timeout))
	if err != nil {
		return nil, "", usageError{err}
	}
	return client, strings.TrimSuffix(baseURL, "/"), nil
}

const howToAuthenticate = "set PIPEDRIVE_ACCESS_TOKEN or PIPEDRIVE_API_TOKEN, or the name of a file that holds it in " +
	"PIPEDRIVE_ACCESS_TOKEN_FILE or PIPEDRIVE_API_TOKEN_FILE"

// credential finds the one secret that is set.
func (env *environment) credential() (channels.Credential, error) {
	var found []string
	for _, name := range []string{"PIPEDRIVE_ACCESS_TOKEN", "PIPEDRIVE_ACCESS_TOKEN_FILE", "PIPEDRIVE_API_TOKEN", "PIPEDRIVE_API_TOKEN_FILE"} {
		if env.getenv(name) != "" {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return channels.Credential{}, errors.New("no credential: " + howToAuthenticate)
	case 1:
	default:
		return channels.Credential{}, fmt.Errorf("more than one credential: %s are set; unset all but one", strings.Join(found, " and "))
	}
	name, fromFile := strings.CutSuffix(found[0], "_FILE")
	secret := env.getenv(found[0])
	if fromFile {
		var err error
		if secret, err = env.readSecret(secret); err != nil {
			return channels.Credential{}, fmt.Errorf("%s: %w", found[0], err)
		}
	}
	secret = strings.TrimRight(secret, "\r\n")
	if name == "PIPEDRIVE_API_TOKEN" {
		return channels.APIToken(secret), nil
	}
	return channels.OAuth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: secret})), nil
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
