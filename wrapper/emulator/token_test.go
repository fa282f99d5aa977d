// The token endpoint: codes and refresh tokens, and what its access tokens open.

package emulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// token asks the token endpoint, as the app unless the header says otherwise.
func (a api) token(form url.Values) answer {
	a.tb.Helper()
	return a.do("POST", "/oauth/token", form.Encode())
}

func (a api) asApp() api {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(a.ClientID(), a.ClientSecret())
	return a.with("Authorization", r.Header.Get("Authorization")).with("Content-Type", "application/x-www-form-urlencoded")
}

func code(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"https://app.example/callback"}}
}

func refresh(token any) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.(string)}}
}

func (a answer) wantOAuthError(t *testing.T, kind string) {
	t.Helper()
	if a.status != http.StatusBadRequest || a.body["error"] != kind {
		t.Errorf("got %d %s, want 400 %s", a.status, a.raw, kind)
	}
}

func TestTokensFromACode(t *testing.T) {
	t.Parallel()
	clock := newClock()
	a := start(t, emulator.Config{Clock: clock.Now})
	app := a.asApp()
	got := app.token(code(a.AuthorizationCode()))
	first := got.body
	if got.status != http.StatusOK || first["token_type"] != "Bearer" || first["expires_in"] != 3600.0 || first["api_domain"] != a.URL {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	if !strings.Contains(first["scope"].(string), "messengers-integration") || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %v %s", got.header, got.raw)
	}
	opens := func(token any) bool {
		return a.with("Authorization", "Bearer "+token.(string)).receive("{}").status == http.StatusBadRequest
	}
	if got := a.with("Authorization", "Bearer "+first["access_token"].(string)).do("POST", "/api/v1/channels", channel()); got.status != http.StatusOK {
		t.Errorf("got %d %s at api_domain + /api/v1", got.status, got.raw)
	}
	clock.advance(time.Hour - time.Nanosecond)
	second := app.token(refresh(first["refresh_token"])).body
	if !opens(first["access_token"]) || !opens(second["access_token"]) {
		t.Error("both access tokens should open the API within their hour")
	}
	clock.advance(time.Nanosecond)
	if opens(first["access_token"]) || !opens(second["access_token"]) {
		t.Error("the first access token should have expired, the second not")
	}
	if !opens(a.AccessToken()) {
		t.Error("the token that the emulator was made with should not expire")
	}
	app.token(refresh(first["refresh_token"])).wantOAuthError(t, "invalid_grant")

	clock.advance(60*24*time.Hour - time.Hour)
	third := app.token(refresh(second["refresh_token"])).body
	clock.advance(60 * 24 * time.Hour)
	app.token(refresh(third["refresh_token"])).wantOAuthError(t, "invalid_grant")
}

func TestACodeWorksOnceWithinFiveMinutes(t *testing.T) {
	t.Parallel()
	clock := newClock()
	a := start(t, emulator.Config{Clock: clock.Now})
	late, good := a.AuthorizationCode(), a.AuthorizationCode()
	clock.advance(5*time.Minute - time.Nanosecond)
	if got := a.asApp().token(code(good)); got.status != http.StatusOK {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	a.asApp().token(code(good)).wantOAuthError(t, "invalid_grant")
	clock.advance(time.Nanosecond)
	a.asApp().token(code(late)).wantOAuthError(t, "invalid_grant")
}

func TestTokenRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{ClientID: "app 1", ClientSecret: "s+cret"})
	app := a.asApp()
	good := a.AuthorizationCode()
	basic := func(id, secret string) api {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(id, secret)
		return app.with("Authorization", r.Header.Get("Authorization"))
	}
	for _, stranger := range []api{
		app.with("Authorization"), app.with("Authorization", "Bearer "+a.AccessToken()),
		basic("app 1", ""), basic("", "s+cret"), basic("app 1", "s+cre"), basic("app 2", "s+cret"),
	} {
		stranger.token(code(good)).wantOAuthError(t, "invalid_client")
	}
	app.with("Content-Type", "application/json").token(code(good)).wantOAuthError(t, "invalid_request")
	app.do("POST", "/oauth/token", "grant_type=%zz").wantOAuthError(t, "invalid_request")
	app.do("POST", "/oauth/token?"+code(good).Encode(), "").wantOAuthError(t, "invalid_request")
	app.do("POST", "/oauth/token?grant_type=authorization_code", "code="+good).wantOAuthError(t, "invalid_request")
	app.do("POST", "/oauth/token?code="+good, "grant_type=authorization_code").wantOAuthError(t, "invalid_request")
	app.do("POST", "/oauth/token", code(good).Encode()+"&code=another").wantOAuthError(t, "invalid_request")
	app.do("POST", "/oauth/token", code(good).Encode()+"&x="+strings.Repeat("x", 64<<10)).wantOAuthError(t, "invalid_request")
	app.token(url.Values{"grant_type": {"authorization_code"}}).wantOAuthError(t, "invalid_request")
	app.token(url.Values{"grant_type": {"password"}}).wantOAuthError(t, "unsupported_grant_type")
	app.token(refresh(good)).wantOAuthError(t, "invalid_grant") // a code is no refresh token
	app.token(refresh(a.AccessToken())).wantOAuthError(t, "invalid_grant")
	app.token(code("unknown")).wantOAuthError(t, "invalid_grant")

	// OAuth encodes both parts as a form within Basic; the code is still good.
	if got := basic("app+1", "s%2Bcret").token(code(good)); got.status != http.StatusOK {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}
