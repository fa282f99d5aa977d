// Where the app is called back: which URLs are accepted, and what is added to them.

package emulator

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pdchannels/pdchannels/internal/trust"
)

// redirectProblem says why the app cannot be called back at a URL; empty if it can.
//
// Our choice: if Config.RedirectURLs names none, any http URL on loopback will do. The real
// service knows the one URL that is registered in its Developer Hub.
func (c Config) redirectProblem(redirectURL string) string {
	switch u, err := callbackURL(redirectURL); {
	case redirectURL == "":
		return "redirect_uri is missing"
	case len(c.RedirectURLs) > 0 && !slices.Contains(c.RedirectURLs, redirectURL):
		return "redirect_uri is not, character by character, one that is registered for the app"
	case err != nil:
		return "redirect_uri cannot be used: " + err.Error()
	case len(c.RedirectURLs) == 0 && (u.Scheme != "http" || !trust.IsLoopback(u.Hostname())):
		return "redirect_uri leaves this machine: none is registered for the app, so only http on 127.0.0.1, [::1] or localhost will do"
	default:
		return ""
	}
}

// callbackURL reads a URL that a browser can be sent to, and the app be called at.
func callbackURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("it is no URL")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, errors.New("it must begin with http:// or https:// and a host")
	case u.User != nil:
		return nil, errors.New("it must not hold a user name or a password")
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		return nil, errors.New("it must not have a fragment")
	default:
		return u, nil
	}
}

// backTo is redirectURL, which was judged before, with parameters of ours after its own.
func backTo(redirectURL string, added url.Values) string {
	u, err := callbackURL(redirectURL)
	if err != nil {
		return redirectURL
	}
	u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+added.Encode(), "&")
	return u.String()
}

// sendBack sends the browser to redirectURL.
func sendBack(w http.ResponseWriter, redirectURL string, added url.Values) {
	sendTo(w, backTo(redirectURL, added))
}

func sendTo(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther) // so that a form is not posted once more to the app
}
