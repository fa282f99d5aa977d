// Package trust decides where credentials may be sent: which URLs are accepted, whoever named
// them, and which hosts are this machine.
package trust

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/pdchannels/pdchannels/internal/secret"
)

const (
	// Default is the base URL on the host common to all companies.
	Default = "https://api.pipedrive.com/v1"
	// APIPath leads from the api_domain of a company to its API.
	APIPath = "/api/v1"
)

// IsLoopback reports whether host, a name or an address without a port, is this machine.
func IsLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// Parse checks a base URL that credentials are sent to. It returns it as the generated code
// resolves paths against it: with a slash at its end.
func Parse(text string, allowPlainHTTP bool) (string, error) {
	u, err := url.Parse(text)
	if !strings.Contains(text, "://") { // localhost:8484/v1 parses, with the scheme "localhost"
		if rest, err := url.Parse("//" + text); err == nil && rest.Hostname() != "" && rest.User == nil && rest.RawQuery == "" {
			rest.Scheme = "https"
			if IsLoopback(rest.Hostname()) {
				rest.Scheme = "http"
			}
			return "", fmt.Errorf("the base URL is not absolute: it has no scheme; write %q", rest)
		}
	}
	if err != nil {
		return "", errors.New("the base URL cannot be parsed") // the error would print it, credentials and all
	}
	shown := u.Scheme + "://" + u.Host + u.EscapedPath() // a query may hold a token
	switch {
	case u.User != nil:
		return "", errors.New("the base URL holds credentials; give them to NewClient instead")
	case u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "":
		return "", fmt.Errorf("the base URL %q is not absolute: it looks like %s", shown, Default)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("the base URL %q has a query or a fragment; it ends with the path before /channels", shown)
	case u.Scheme == "http" && !allowPlainHTTP && !IsLoopback(u.Hostname()):
		return "", fmt.Errorf("the base URL %q would send credentials in the clear: use https, or WithPlainHTTP if that is meant", shown)
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	switch {
	case strings.HasSuffix(path, "/channels"):
		return "", fmt.Errorf("the base URL %q ends in /channels; leave that out", shown)
	case path != "" && (strings.Contains(path, "//") || strings.HasSuffix(path, "/") || hasDotSegment(u.Path)):
		return "", fmt.Errorf("the base URL %q has an empty or a dot segment in its path, which servers answer with a redirect", shown)
	}
	return u.Scheme + "://" + u.Host + path + "/", nil
}

// APIOrigin returns the origin that the api_domain of an OAuth token names, such as
// https://company.pipedrive.com. The value came over the network and decides where
// credentials go, so it must be a company's host: capitals and slashes at the end are
// corrected, anything else is an error.
func APIOrigin(apiDomain string) (string, error) {
	origin := strings.TrimRight(strings.ToLower(apiDomain), "/")
	host, isHTTPS := strings.CutPrefix(origin, "https://")
	if company, ok := strings.CutSuffix(host, ".pipedrive.com"); ok && isHTTPS && isLabel(company) {
		return origin, nil
	}
	return "", notAnOrigin(apiDomain, "of the form https://company.pipedrive.com")
}

// NearOrigin is [APIOrigin] for an OAuth server that is not Pipedrive's, such as the emulator:
// it may name an http or https origin on a host that near accepts.
func NearOrigin(apiDomain string, near func(host string) bool) (string, error) {
	origin := strings.TrimRight(apiDomain, "/")
	u, err := url.Parse(origin)
	if err == nil && (u.Scheme == "http" || u.Scheme == "https") && near(u.Hostname()) && origin == u.Scheme+"://"+u.Host {
		return origin, nil
	}
	return "", notAnOrigin(apiDomain, "on the machine of the OAuth server")
}

// notAnOrigin shows no more than scheme and host: the rest may be a credential.
func notAnOrigin(apiDomain, want string) error {
	u, err := url.Parse(apiDomain)
	if err != nil {
		return errors.New("the api_domain cannot be parsed")
	}
	return fmt.Errorf("the api_domain %q is not %s", secret.Clean(u.Scheme+"://"+u.Host, "", 200), want)
}

// FromAPIDomain returns the base URL below an api_domain; see [APIOrigin].
func FromAPIDomain(apiDomain string) (string, error) {
	origin, err := APIOrigin(apiDomain)
	if err != nil {
		return "", err
	}
	return origin + APIPath, nil
}

// FromSource checks the base URL that a token source names, which comes from the api_domain
// of its token: it is a company's, the one common to all, or on this machine, or plain http
// where that is allowed.
func FromSource(text string, allowPlainHTTP bool) (string, error) {
	u, err := url.Parse(text)
	if err == nil && (IsLoopback(u.Hostname()) || allowPlainHTTP && u.Scheme == "http") || strings.TrimSuffix(text, "/") == Default {
		return Parse(text, allowPlainHTTP)
	}
	company, err := FromAPIDomain(strings.TrimSuffix(strings.TrimSuffix(text, "/"), APIPath))
	if err != nil {
		return "", err
	}
	return Parse(company, false)
}

// isLabel reports whether s is one label of a host name, in lower case.
func isLabel(s string) bool {
	return s != "" && len(s) <= 63 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && s[0] != '-' && s[len(s)-1] != '-'
}

func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
