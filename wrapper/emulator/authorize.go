// The authorization page: a user of the emulated company allows the app, or does not.

package emulator

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
)

// authorization is what the app asks for by /oauth/authorize.
type authorization struct {
	ClientID    string
	RedirectURL string
	State       string
	Users       []User
}

// authorization reads the request of an app, or says what is wrong with it.
//
// Our choice: parameters that Pipedrive does not document, such as response_type and scope,
// are not read. All three are taken from a form as from a query.
func (e *Emulator) authorization(form url.Values) (a authorization, problem string) {
	a = authorization{
		ClientID:    form.Get("client_id"),
		RedirectURL: form.Get("redirect_uri"),
		State:       form.Get("state"),
		Users:       e.cfg.Users,
	}
	if a.ClientID != e.cfg.ClientID {
		return a, "client_id is not the one of the app that is emulated"
	}
	return a, e.cfg.redirectProblem(a.RedirectURL)
}

// serveAuthorize shows the page. A request that cannot be trusted gets an error page: a
// redirect would lead the user to wherever the request says.
func (e *Emulator) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	exchangeOfAnswer(w, "authorize").Decided(rule.Authorize)
	a, problem := e.authorization(r.URL.Query())
	if problem != "" {
		e.pageProblem(w, r, problem)
		return
	}
	e.page(w, r, http.StatusOK, "authorize", a)
}

// serveDecision takes what the user decided.
func (e *Emulator) serveDecision(w http.ResponseWriter, r *http.Request) {
	exchangeOfAnswer(w, "authorize").Decided(rule.Authorize)
	form, ok := e.pageForm(w, r)
	if !ok {
		return
	}
	if _, problem := e.authorization(form); problem != "" {
		e.pageProblem(w, r, problem)
		return
	}
	var user int64
	switch form.Get("decision") {
	case "allow":
		u, ok := e.userOf(form)
		if !ok {
			e.pageProblem(w, r, noSuchUser)
			return
		}
		user = u.ID
	case "deny":
	default:
		e.pageProblem(w, r, "decision must be allow or deny")
		return
	}
	location, problem := e.decide(form, user, form.Get("decision") == "allow")
	if problem != "" {
		e.pageProblem(w, r, problem)
		return
	}
	sendTo(w, location)
}

const noSuchUser = "user names no user of the company"

// decide is what a user decides on an authorization: where the browser is sent, or what is wrong.
//
// Our choice: a request without a state gets none back, not an empty one.
func (e *Emulator) decide(form url.Values, userID int64, allow bool) (location, problem string) {
	a, problem := e.authorization(form)
	if problem != "" {
		return "", problem
	}
	added := url.Values{"error": {"user_denied"}}
	if allow {
		user, ok := e.userWithID(userID)
		if !ok {
			return "", noSuchUser
		}
		added = url.Values{"code": {e.oauth.newCode(user, a.RedirectURL)}}
	}
	if a.State != "" {
		added.Set("state", a.State)
	}
	return backTo(a.RedirectURL, added), ""
}

// userOf finds the user that a form names.
func (e *Emulator) userOf(form url.Values) (User, bool) {
	id, err := strconv.ParseInt(form.Get("user"), 10, 64)
	if err != nil {
		return User{}, false
	}
	return e.userWithID(id)
}

func (e *Emulator) userWithID(id int64) (User, bool) { return e.oauth.userWithID(id) }
