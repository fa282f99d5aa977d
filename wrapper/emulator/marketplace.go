// The Marketplace: the app is installed from outside the app, which then gets a code that it
// did not ask for, and is uninstalled again.

package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
)

const (
	marketplacePath = "/marketplace"

	// exampleRedirectURL is what the page proposes if none is registered.
	exampleRedirectURL = "http://127.0.0.1:8080/oauth/callback"
)

// MarketplaceInstall agrees to the app as a user does in Pipedrive's Marketplace, and returns
// where the user's browser is sent: redirectURL with a code and without a state. The
// installation begins when the app exchanges the code; [Emulator.Installations] shows it then.
//
// It fails if there is no such user, or if the app may not be called back there; see
// [Config].RedirectURLs.
func (e *Emulator) MarketplaceInstall(userID int64, redirectURL string) (callback string, err error) {
	user, ok := e.userWithID(userID)
	if !ok {
		return "", fmt.Errorf("emulator: installing the app: there is no user %d", userID)
	}
	if problem := e.cfg.redirectProblem(redirectURL); problem != "" {
		return "", fmt.Errorf("emulator: installing the app: %w", errors.New(problem))
	}
	return backTo(redirectURL, url.Values{"code": {e.oauth.newCode(user, redirectURL)}}), nil
}

// marketplace is what its page shows.
type marketplace struct {
	ClientID     string
	RedirectURLs []string // empty: any on loopback
	Example      string
	Users        []User
	Installed    []Installation
}

func (e *Emulator) serveMarketplace(w http.ResponseWriter, r *http.Request) {
	exchangeOfAnswer(w, "marketplace").Decided(rule.Marketplace)
	e.page(w, r, http.StatusOK, "marketplace", marketplace{
		ClientID:     e.cfg.ClientID,
		RedirectURLs: e.cfg.RedirectURLs,
		Example:      exampleRedirectURL,
		Users:        e.cfg.Users,
		Installed:    e.Installations(),
	})
}

func (e *Emulator) serveInstall(w http.ResponseWriter, r *http.Request) {
	exchangeOfAnswer(w, "install").Decided(rule.Marketplace)
	form, ok := e.pageForm(w, r)
	if !ok {
		return
	}
	user, ok := e.userOf(form)
	if !ok {
		e.pageProblem(w, r, "user names no user of the company")
		return
	}
	redirectURL := form.Get("redirect_uri")
	if problem := e.cfg.redirectProblem(redirectURL); problem != "" {
		e.pageProblem(w, r, problem)
		return
	}
	sendBack(w, redirectURL, url.Values{"code": {e.oauth.newCode(user, redirectURL)}})
}

func (e *Emulator) serveUninstall(w http.ResponseWriter, r *http.Request) {
	x := exchangeOfAnswer(w, "uninstall")
	x.Decided(rule.Marketplace)
	form, ok := e.pageForm(w, r)
	if !ok {
		return
	}
	user, ok := e.userOf(form)
	if !ok {
		e.pageProblem(w, r, "user names no user of the company")
		return
	}
	if uninstalled := e.oauth.uninstallOf(user.ID); uninstalled != nil {
		uninstalled.endedBy = x.Number
		e.tellLater(r.Context(), uninstalled)
	}
	http.Redirect(w, r, marketplacePath, http.StatusSeeOther)
}
