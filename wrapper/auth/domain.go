package auth

// This file decides which hosts may be given credentials: where the OAuth server may be, and
// which api_domain is believed.

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// apiPath leads from api_domain to the API; Pipedrive's guide writes https://{company}.pipedrive.com/api/v1.
const apiPath = "/api/v1"

// parseEndpoint reads a URL that credentials go to or come back to: https, or http where the
// host is this machine.
func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil: // its text repeats the URL, which may hold a password
		return nil, errors.New("it is not a URL")
	case u.User != nil:
		return nil, errors.New("it carries a user name or password; leave them out")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("it has no host; write https://host/path")
	case u.Fragment != "":
		return nil, errors.New("it has a fragment; leave out what begins with #")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u)):
		return nil, errors.New("it is not https; plain http is for loopback only")
	}
	return u, nil
}

// isLoopback reports whether the host is this machine: a literal address, or localhost.
func isLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return ip.IsLoopback() || u.Hostname() == "localhost"
}

// checkAPIDomain accepts what the OAuth server may name as api_domain, as an origin such as
// https://company.pipedrive.com: https, one label below pipedrive.com, and nothing else in it.
// An OAuth server on this machine, such as the emulator, may name an origin on this machine
// instead, and only such a one: a token of the emulator has no business at Pipedrive, and
// one of Pipedrive's none here. An error tells the host alone: the rest may be a credential.
func checkAPIDomain(domain string, oauthOnLoopback bool) error {
	u, err := url.Parse(domain)
	if err != nil || len(domain) > 253 {
		return fmt.Errorf("%w: it is not a URL", ErrAPIDomain)
	}
	if oauthOnLoopback {
		// An origin says scheme and host, and rebuilt from them it is the same text.
		if (u.Scheme == "http" || u.Scheme == "https") && isLoopback(u) && domain == u.Scheme+"://"+u.Host {
			return nil
		}
		return fmt.Errorf("%w: with host %.100q it is not an origin on this machine, as the OAuth server is", ErrAPIDomain, u.Host)
	}
	label, found := strings.CutSuffix(u.Host, ".pipedrive.com")
	if found && isLabel(label) && domain == "https://"+u.Host {
		return nil
	}
	return fmt.Errorf("%w: with host %.100q it is not https://{company}.pipedrive.com", ErrAPIDomain, u.Host)
}

// isLabel reports whether s is one label of a host name, in lower case.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}
