// The authorization page: who is let on it, and where it leads.

package emulator_test

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// page is what a browser gets.
type page struct {
	status int
	header http.Header
	html   string
}

// browse asks for a page, or with a form posts it, as a browser that follows no redirect.
func (a api) browse(target string, form url.Values) page {
	a.tb.Helper()
	method, body := "GET", io.Reader(http.NoBody)
	if form != nil {
		method, body = "POST", strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(a.tb.Context(), method, a.URL+target, body)
	if err != nil {
		a.tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := transport.RoundTrip(r)
	if err != nil {
		a.tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	html, err := io.ReadAll(resp.Body)
	if err != nil {
		a.tb.Fatal(err)
	}
	got := page{resp.StatusCode, resp.Header, string(html)}
	if got.status == http.StatusSeeOther {
		return got
	}
	policy := got.header.Get("Content-Security-Policy")
	if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || !strings.Contains(policy, "default-src 'none'") ||
		!strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") ||
		got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Cache-Control") != "no-store" {
		a.tb.Errorf("%s %s: the headers are %v", method, target, got.header)
	}
	if strings.Contains(got.html, "<script") || !strings.Contains(got.html, "Nothing on this page reaches Pipedrive") {
		a.tb.Errorf("%s %s: the page is\n%s", method, target, got.html)
	}
	return got
}

// location is where a page leads; it fails the test if that is nowhere.
func (a api) location(p page) *url.URL {
	a.tb.Helper()
	u, err := url.Parse(p.header.Get("Location"))
	if err != nil || p.status != http.StatusSeeOther {
		a.tb.Fatalf("got %d, Location %q, want to be sent on\n%s", p.status, p.header.Get("Location"), p.html)
	}
	return u
}

func (a api) asks(redirectURL, state string) url.Values {
	return url.Values{"client_id": {a.ClientID()}, "redirect_uri": {redirectURL}, "state": {state}}
}

func with(form url.Values, keysAndValues ...string) url.Values {
	out := maps.Clone(form)
	for i := 0; i < len(keysAndValues); i += 2 {
		out.Set(keysAndValues[i], keysAndValues[i+1])
	}
	return out
}

func TestAUserAllowsTheApp(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{Users: []emulator.User{{ID: 7, Name: "Ada & Co", Admin: true}, {ID: 8}}})
	asked := a.asks(callback, "s t/&a=te")
	shown := a.browse("/oauth/authorize?response_type=code&scope=&"+asked.Encode(), nil)
	for _, want := range []string{"Ada &amp; Co", "User 8", `value="s t/&amp;a=te"`, a.ClientID(), "messengers-integration"} {
		if !strings.Contains(shown.html, want) {
			t.Errorf("the page does not show %q:\n%s", want, shown.html)
		}
	}
	if shown.status != http.StatusOK || len(a.Installations()) != 0 {
		t.Errorf("got %d, %+v", shown.status, a.Installations())
	}
	back := a.location(a.browse("/oauth/authorize", with(asked, "user", "8", "decision", "allow")))
	got := back.Query()
	if !strings.HasPrefix(back.String(), callback+"&code=") || got.Get("state") != "s t/&a=te" || got.Get("from") != "pipedrive" || len(got) != 3 {
		t.Errorf("sent to %s", back)
	}
	tokens := a.asApp().token(code(got.Get("code")))
	if tokens.status != http.StatusOK {
		t.Fatalf("got %d %s", tokens.status, tokens.raw)
	}
	me := a.with("Authorization", "Bearer "+tokens.body["access_token"].(string)).do("GET", "/api/v1/users/me", "")
	if me.status != http.StatusOK || me.body["success"] != true || me.data()["id"] != 8.0 || me.data()["company_id"] != 1.0 || me.data()["name"] != "User 8" {
		t.Errorf("got %d %s", me.status, me.raw)
	}
	if got := a.Installations(); len(got) != 1 || got[0].User.ID != 8 || got[0].RedirectURL != callback || got[0].CompanyID != 1 || got[0].Since.IsZero() {
		t.Errorf("the installations are %+v", got)
	}
}

func TestAUserDeniesTheApp(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	back := a.location(a.browse("/oauth/authorize", with(a.asks("http://localhost:4000", "s"), "user", "1", "decision", "deny")))
	if back.String() != "http://localhost:4000?error=user_denied&state=s" {
		t.Errorf("sent to %s", back)
	}
	back = a.location(a.browse("/oauth/authorize", with(a.asks("http://[::1]:4000/x", ""), "decision", "deny")))
	if back.String() != "http://[::1]:4000/x?error=user_denied" {
		t.Errorf("sent to %s, want no state, as there was none", back)
	}
}

func TestWhatCannotBeTrustedIsNotRedirected(t *testing.T) {
	t.Parallel()
	loopback := start(t, emulator.Config{})
	registered := start(t, emulator.Config{RedirectURLs: []string{"https://app.example/callback", "http://127.0.0.1:4000/other"}})
	for _, c := range []struct {
		a    api
		form url.Values
		want string
	}{
		{loopback, with(loopback.asks(callback, "s"), "client_id", "another"), "client_id"},
		{loopback, loopback.asks("", "s"), "redirect_uri is missing"},
		{loopback, loopback.asks("https://app.example/callback", "s"), "leaves this machine"},
		{loopback, loopback.asks("http://app.example/callback", "s"), "leaves this machine"},
		{loopback, loopback.asks("http://127.0.0.1.app.example/", "s"), "leaves this machine"},
		{loopback, loopback.asks("http://localhost@app.example/", "s"), "user name"},
		{loopback, loopback.asks("https://127.0.0.1/callback", "s"), "leaves this machine"},
		{loopback, loopback.asks("//127.0.0.1/callback", "s"), "begin with http"},
		{loopback, loopback.asks("/callback", "s"), "begin with http"},
		{loopback, loopback.asks("javascript:alert(1)", "s"), "begin with http"},
		{loopback, loopback.asks("http://:80/callback", "s"), "begin with http"},
		{loopback, loopback.asks("http://127.0.0.1/callback#x", "s"), "fragment"},
		{loopback, loopback.asks("http://127.0.0.1/callback#", "s"), "fragment"},
		{loopback, loopback.asks("http://127.0.0.1:port/", "s"), "no URL"},
		{loopback, loopback.asks("http://127.0.0.1/<script>", ""), ""}, // escaped on the page
		{registered, registered.asks("https://app.example/callback/", "s"), "character by character"},
		{registered, registered.asks("https://app.example/callback?x=1", "s"), "character by character"},
		{registered, registered.asks("https://APP.example/callback", "s"), "character by character"},
		{registered, registered.asks(callback, "s"), "character by character"},
		{registered, registered.asks("https://app.example/callback", "s"), ""},
		{registered, registered.asks("http://127.0.0.1:4000/other", "s"), ""},
	} {
		shown := c.a.browse("/oauth/authorize?"+c.form.Encode(), nil)
		decided := c.a.browse("/oauth/authorize", with(c.form, "user", "1", "decision", "allow"))
		if c.want == "" {
			if shown.status != http.StatusOK || decided.status != http.StatusSeeOther {
				t.Errorf("%v: got %d and %d, want it to be good", c.form, shown.status, decided.status)
			}
			continue
		}
		for _, got := range []page{shown, decided} {
			if got.status != http.StatusBadRequest || got.header.Get("Location") != "" || !strings.Contains(got.html, c.want) {
				t.Errorf("%v: got %d, Location %q, want a page with %q\n%s", c.form, got.status, got.header.Get("Location"), c.want, got.html)
			}
		}
		if callback, err := c.a.MarketplaceInstall(1, c.form.Get("redirect_uri")); err == nil && !strings.Contains(c.want, "client_id") {
			t.Errorf("%v: MarketplaceInstall leads to %s", c.form, callback)
		}
	}
}

func TestDecisionsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Config{})
	asked := a.asks(callback, "s")
	for want, form := range map[string]url.Values{
		"decision must be": with(asked, "user", "1"),
		"no user of":       with(asked, "user", "3", "decision", "allow"),
		"names no user":    with(asked, "user", "one", "decision", "allow"),
		"could not be":     with(asked, "user", "1", "decision", "allow", "more", strings.Repeat("x", 64<<10)),
	} {
		if got := a.browse("/oauth/authorize", form); got.status != http.StatusBadRequest || !strings.Contains(got.html, want) {
			t.Errorf("%s: got %d\n%s", want, got.status, got.html)
		}
	}
	// A page of another site cannot decide for the user.
	a.with("Sec-Fetch-Site", "cross-site").with("Content-Type", "application/x-www-form-urlencoded").
		do("POST", "/oauth/authorize", with(asked, "user", "1", "decision", "allow").Encode()).want(t, http.StatusForbidden, "EMULATOR_WRONG_ORIGIN")
}
