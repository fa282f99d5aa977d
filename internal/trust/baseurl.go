// Package trust decides where credentials may be sent: it checks the prefix of the API's
// paths, whoever named it.
package trust

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/pdchannels/pdchannels/internal/secret"
)

// Default is the host common to all companies.
const Default = "https://api.pipedrive.com/v1"

// Parse checks what credentials are about to be sent to, and returns it in
// the form that the generated code resolves paths against: with a slash at its end.
func Parse(text string, allowPlainHTTP bool) (string, error) {
	u, err := url.Parse(text)
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
	case u.Scheme == "http" && !allowPlainHTTP && !isLoopback(u.Hostname()):
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

// FromAPIDomain turns the api_domain of an OAuth token into a base URL. The value came
// over the network and decides where credentials go, so it has to be a company's host.
func FromAPIDomain(apiDomain string) (string, error) {
	u, err := url.Parse(apiDomain)
	if err != nil {
		return "", errors.New("the api_domain cannot be parsed")
	}
	company, isPipedrive := strings.CutSuffix(strings.ToLower(u.Host), ".pipedrive.com")
	if u.Scheme != "https" || u.User != nil || !isPipedrive || !isLabel(company) ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("the api_domain %q is not of the form https://company.pipedrive.com", secret.Clean(u.Scheme+"://"+u.Host, "", 200))
	}
	return "https://" + strings.ToLower(u.Host) + "/api/v1", nil
}

// FromSource checks the base URL that a token source tells, which comes from the
// api_domain of its token: the same suspicion applies.
func FromSource(text string) (string, error) {
	if u, err := url.Parse(text); err == nil && isLoopback(u.Hostname()) {
		return Parse(text, false)
	}
	company, err := FromAPIDomain(strings.TrimSuffix(strings.TrimSuffix(text, "/"), "/api/v1"))
	if err != nil {
		return "", err
	}
	return Parse(company, false)
}

func isLabel(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && s[0] != '-' && s[len(s)-1] != '-'
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
