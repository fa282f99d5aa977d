// POST /oauth/token: codes and refresh tokens, and what its access tokens open.

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

const callback = "http://127.0.0.1:4000/callback?from=pipedrive"

// newCode is a code that was sent to callback, for the first user or for another.
func (a api) newCode(user ...int64) string {
	a.tb.Helper()
	sentTo, err := a.MarketplaceInstall(append(user, a.Users()[0].ID)[0], callback)
	if err != nil {
		a.tb.Fatal(err)
	}
	u, err := url.Parse(sentTo)
	if err != nil {
		a.tb.Fatal(err)
	}
	return u.Query().Get("code")
}

// install installs the app, and returns what the token endpoint answered.
func (a api) install(user ...int64) map[string]any {
	a.tb.Helper()
	got := a.asApp().token(code(a.newCode(user...)))
	if got.status != http.StatusOK {
		a.tb.Fatalf("got %d %s", got.status, got.raw)
	}
	return got.body
}

// opens tells whether an access token opens the API.
func (a api) opens(token any) bool {
	a.tb.Helper()
	return a.with("Authorization", "Bearer "+token.(string)).do("GET", "/v1/users/me", "").status == http.StatusOK
}

func code(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
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
	got := app.token(code(a.newCode()))
	first := got.body
	if got.status != http.StatusOK || first["token_type"] != "Bearer" || first["expires_in"] != 3600.0 || first["api_domain"] != a.URL {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	if !strings.Contains(first["scope"].(string), "messengers-integration") || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %v %s", got.header, got.raw)
	}
	if got := a.with("Authorization", "Bearer "+first["access_token"].(string)).do("POST", "/api/v1/channels", channel()); got.status != http.StatusOK {
		t.Errorf("got %d %s at api_domain + /api/v1", got.status, got.raw)
	}
	clock.advance(time.Hour - time.Nanosecond)
	second := app.token(refresh(first["refresh_token"])).body
	if !a.opens(first["access_token"]) || !a.opens(second["access_token"]) {
		t.Error("both access tokens should open the API within their hour")
	}
	clock.advance(time.Nanosecond)
	if a.opens(first["access_token"]) || !a.opens(second["access_token"]) {
		t.Error("the first access token should have expired, the second not")
	}
	if !a.opens(a.AccessToken()) {
		t.Error("the token that the emulator was made with should not expire")
	}
	app.token(refresh(first["refresh_token"])).wantOAuthError(t, "invalid_grant")

	clock.advance(60*24*time.Hour - time.Hour)
	third := app.token(refresh(second["refresh_token"])).body
	clock.advance(60 * 24 * time.Hour)
	app.token(refresh(third["refresh_token"])).wantOAuthError(t, "invalid_grant")
	if got, want := a.TokenCalls(), (emulator.TokenCalls{Codes: 1, Refreshes: 2, RefusedRefreshes: 2, Reused: 1}); got != want {
		t.Errorf("the calls are counted as %+v, want %+v", got, want)
	}
}

func TestRepeatingRefreshTokens(t *testing.T) {
	t.Parallel()
	clock := newClock()
	a := start(t, emulator.Config{Clock: clock.Now, RefreshMode: emulator.RepeatingRefresh, AccessTokenLifetime: time.Minute})
	first := a.install()
	for range 3 { // each use begins the 60 days anew
		clock.advance(60*24*time.Hour - time.Nanosecond)
		got := a.asApp().token(refresh(first["refresh_token"]))
		if got.status != http.StatusOK || got.body["refresh_token"] != first["refresh_token"] || got.body["access_token"] == first["access_token"] ||
			got.body["expires_in"] != 60.0 {
			t.Fatalf("got %d %s", got.status, got.raw)
		}
		if !a.opens(got.body["access_token"]) {
			t.Error("the new access token is not good")
		}
		clock.advance(time.Minute)
		if a.opens(got.body["access_token"]) {
			t.Error("the access token outlived its minute")
		}
		clock.advance(-time.Minute)
	}
	clock.advance(60 * 24 * time.Hour)
	a.asApp().token(refresh(first["refresh_token"])).wantOAuthError(t, "invalid_grant")
	a.asApp().token(refresh(first["refresh_token"])).wantOAuthError(t, "invalid_grant")
	if got, want := a.TokenCalls(), (emulator.TokenCalls{Codes: 1, Refreshes: 3, RefusedRefreshes: 2}); got != want {
		t.Errorf("the calls are counted as %+v, want %+v", got, want)
	}
}

func TestACodeIsBoundToItsRedirectURLAndUser(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	stolen := a.newCode()
	form := code(stolen)
	form.Set("redirect_uri", "http://127.0.0.1:4000/callback")
	a.asApp().token(form).wantOAuthError(t, "invalid_grant")
	a.asApp().token(code(stolen)).wantOAuthError(t, "invalid_grant") // it is spent
	if got := a.Installations(); len(got) != 0 {
		t.Errorf("a refused code has installed the app: %+v", got)
	}
	second := a.Users()[1]
	tokens := a.install(second.ID)
	me := a.with("Authorization", "Bearer "+tokens["access_token"].(string)).do("GET", "/v1/users/me", "")
	if me.data()["id"] != float64(second.ID) {
		t.Errorf("the token is of %v", me.data())
	}
	if got, want := a.TokenCalls(), (emulator.TokenCalls{Codes: 1, RefusedCodes: 2, Reused: 1}); got != want {
		t.Errorf("the calls are counted as %+v, want %+v", got, want)
	}
}

func TestACodeWorksOnceWithinFiveMinutes(t *testing.T) {
	t.Parallel()
	clock := newClock()
	a := start(t, emulator.Config{Clock: clock.Now})
	late, good := a.newCode(), a.newCode()
	clock.advance(5*time.Minute - time.Nanosecond)
	tokens := a.asApp().token(code(good)).body
	a.asApp().token(code(good)).wantOAuthError(t, "invalid_grant")
	clock.advance(time.Nanosecond)
	a.asApp().token(code(late)).wantOAuthError(t, "invalid_grant")
	if !a.opens(tokens["access_token"]) {
		t.Error("the code's second use has ended the tokens of its first")
	}
}

func TestTokenRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{ClientID: "app 1", ClientSecret: emulator.NewSecret("s+cret")})
	app := a.asApp()
	good := a.newCode()
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
	app.token(url.Values{"grant_type": {"authorization_code"}, "code": {good}}).wantOAuthError(t, "invalid_request")
	app.token(url.Values{"grant_type": {"refresh_token"}, "code": {good}}).wantOAuthError(t, "invalid_request")
	app.token(url.Values{"grant_type": {"password"}}).wantOAuthError(t, "unsupported_grant_type")
	if got, want := a.TokenCalls(), (emulator.TokenCalls{Malformed: 17}); got != want {
		t.Errorf("the calls are counted as %+v, want %+v", got, want)
	}
	app.token(refresh(good)).wantOAuthError(t, "invalid_grant") // a code is no refresh token
	app.token(refresh(a.AccessToken())).wantOAuthError(t, "invalid_grant")
	app.token(code("unknown")).wantOAuthError(t, "invalid_grant")

	// OAuth encodes both parts as a form within Basic; the code is still good.
	if got := basic("app+1", "s%2Bcret").token(code(good)); got.status != http.StatusOK {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}
