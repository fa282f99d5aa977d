package auth

// This file decides which hosts are given credentials: where the OAuth server may be, and
// which api_domain is believed.

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/pdchannels/pdchannels/internal/trust"
)

// parseEndpoint reads a URL that credentials are sent to or come back to: https, or http if the
// host is this machine or plain http is allowed.
func parseEndpoint(text string, plainHTTP bool) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil: // its text repeats the URL, which may hold a password
		return nil, errors.New("it is not a URL")
	case u.User != nil:
		return nil, errors.New("it has a user name or password; leave them out")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("it has no host; write https://host/path")
	case u.Fragment != "":
		return nil, errors.New("it has a fragment; leave out the part from # on")
	case u.Scheme != "https" && (u.Scheme != "http" || !plainHTTP && !trust.IsLoopback(u.Hostname())):
		return nil, errors.New("it is not https; plain http is for loopback only, unless PlainHTTP is set")
	}
	return u, nil
}

// apiOrigin checks the api_domain that the OAuth server named, and returns it without what it
// should not have, such as a slash at its end. Pipedrive's must name a company's host. A server on
// this machine, such as the emulator, may name an origin on this machine and nothing else: a token
// of the emulator has no business at Pipedrive. With PlainHTTP a server may also name its own host.
// An empty api_domain stays empty; see baseURL.
func (a *App) apiOrigin(domain string) (origin string, err error) {
	switch host := a.oauthURL.Hostname(); {
	case domain == "":
		return "", nil
	case trust.IsLoopback(host):
		origin, err = trust.NearOrigin(domain, trust.IsLoopback)
	case a.config.PlainHTTP:
		if origin, err = trust.NearOrigin(domain, func(named string) bool { return named == host }); err == nil {
			return origin, nil
		}
		fallthrough
	default:
		if !strings.Contains(domain, "://") {
			domain = "https://" + domain
		}
		origin, err = trust.APIOrigin(domain)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrAPIDomain, err)
	}
	return origin, nil
}

// baseURL returns the URL of the API below an api_domain. If the OAuth server named none, that is
// Pipedrive's host common to all companies, or the host of another OAuth server (our choice).
func (a *App) baseURL(domain string) (string, error) {
	origin, err := a.apiOrigin(domain)
	switch {
	case err != nil:
		return "", err
	case origin != "":
		return origin + trust.APIPath, nil
	case a.config.OAuthURL == PipedriveURL:
		return trust.Default, nil
	default:
		return a.config.OAuthURL + trust.APIPath, nil
	}
}
