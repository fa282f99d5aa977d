// The token endpoints, for the app's server: POST /oauth/token and POST /oauth/revoke.

package emulator

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/rule"
)

// maxForm is the most bytes a form may have.
const maxForm = 64 << 10

type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope"`
	APIDomain    string `json:"api_domain"`
}

type tokenError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// serveToken answers POST /oauth/token.
func (e *Emulator) serveToken(w http.ResponseWriter, r *http.Request) {
	x := exchangeOfAnswer(w, "token")
	form, refused := e.appForm(w, r)
	grantType := form.Get("grant_type")
	x.About = grantType
	var access, refresh string
	var err error
	switch {
	case refused != nil:
	case grantType == "":
		refused = &tokenError{"invalid_request", "grant_type is missing"}
	case grantType == "authorization_code" && (form.Get("code") == "" || form.Get("redirect_uri") == ""):
		refused = &tokenError{"invalid_request", "code and redirect_uri are both needed"}
	case grantType == "authorization_code":
		access, refresh, err = e.oauth.redeem(form.Get("code"), form.Get("redirect_uri"))
	case grantType == "refresh_token" && form.Get("refresh_token") == "":
		refused = &tokenError{"invalid_request", "refresh_token is missing"}
	case grantType == "refresh_token":
		access, refresh, err = e.oauth.renew(form.Get("refresh_token"))
	default:
		refused = &tokenError{"unsupported_grant_type", "grant_type must be authorization_code or refresh_token"}
	}
	switch {
	case refused != nil:
		x.Stopped("oauth", rule.TokenError)
		e.oauth.countMalformed()
		writeJSON(w, http.StatusBadRequest, refused)
	case errors.Is(err, errNotKept):
		e.failed(w, r, err)
	case err != nil:
		x.Stopped("oauth", rule.TokenError)
		e.cfg.Logger.WarnContext(r.Context(), "refused a code or a refresh token", "grant_type", grantType, "reason", err)
		writeJSON(w, http.StatusBadRequest, tokenError{"invalid_grant", err.Error()})
	default:
		x.Decided(rule.TokenEndpoint)
		if grantType == "refresh_token" && e.cfg.RefreshMode == RotatingRefresh {
			x.Decided(rule.Rotating)
		} else if grantType == "refresh_token" {
			x.Decided(rule.Repeating)
		}
		writeJSON(w, http.StatusOK, tokenAnswer{
			AccessToken:  access,
			TokenType:    "Bearer",
			ExpiresIn:    int(e.cfg.AccessTokenLifetime / time.Second),
			RefreshToken: refresh,
			Scope:        tokenScope,
			APIDomain:    ownOrigin(r),
		})
	}
}

// serveRevoke answers POST /oauth/revoke.
//
// The hint is not needed, so it is not read, and the answer is an empty object.
func (e *Emulator) serveRevoke(w http.ResponseWriter, r *http.Request) {
	x := exchangeOfAnswer(w, "revoke")
	form, refused := e.appForm(w, r)
	if refused == nil && form.Get("token") == "" {
		refused = &tokenError{"invalid_request", "token is missing"}
	}
	if refused != nil {
		x.Stopped("oauth", rule.TokenError)
		writeJSON(w, http.StatusBadRequest, refused)
		return
	}
	x.Decided(rule.Revoke)
	// The app hears of an uninstall that it caused itself as of any other.
	if uninstalled := e.oauth.revoke(form.Get("token")); uninstalled != nil {
		uninstalled.endedBy = x.Number
		e.tellLater(r.Context(), uninstalled)
	}
	writeJSON(w, http.StatusOK, struct{}{})
}

// appForm reads a form that the app sends with its credentials, or says what is wrong.
//
// The credentials may be fields of the form, but not if Strict; see [rule.TokenByForm]. With an
// Authorization header, the fields are not looked at.
func (e *Emulator) appForm(w http.ResponseWriter, r *http.Request) (url.Values, *tokenError) {
	w.Header().Set("Cache-Control", "no-store")
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	isForm := media == "application/x-www-form-urlencoded" && r.ParseForm() == nil
	switch inForm := r.Header.Get("Authorization") == "" && isForm; {
	case !inForm && !e.isApp(r), inForm && !e.oauth.isClient(r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")):
		return nil, &tokenError{"invalid_client", "send the app's client id and secret by HTTP Basic"}
	case inForm && e.cfg.Strict:
		return nil, &tokenError{"invalid_client", "send the client id and secret by HTTP Basic, not as fields of the form"}
	case inForm:
		x := exchangeOfAnswer(w, "")
		x.Decided(rule.TokenByForm)
		x.Found("", "client_id and client_secret are fields of the form, not HTTP Basic", false)
		e.cfg.Logger.WarnContext(r.Context(), "accepted what another published source refuses", "path", r.URL.Path, "reason", "client_id and client_secret are fields of the form, not HTTP Basic")
	case !isForm:
		return nil, &tokenError{"invalid_request", "send a form, application/x-www-form-urlencoded"}
	}
	for key, values := range r.PostForm {
		if len(values) > 1 {
			return nil, &tokenError{"invalid_request", "a parameter comes twice: " + key}
		}
	}
	return r.PostForm, nil
}

// isApp tells whether a request carries the app's credentials.
func (e *Emulator) isApp(r *http.Request) bool {
	id, secret, _ := r.BasicAuth()
	// OAuth wants both parts form encoded within Basic; clients differ in whether they do so.
	plainID, err1 := url.QueryUnescape(id)
	plainSecret, err2 := url.QueryUnescape(secret)
	return e.oauth.isClient(id, secret) || err1 == nil && err2 == nil && e.oauth.isClient(plainID, plainSecret)
}

// ownOrigin is the scheme and host that the emulator was reached at.
func ownOrigin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
