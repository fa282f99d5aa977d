// Where the API is, by what the OAuth server names as api_domain and which server that is.

package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// naming is an OAuth server that names this api_domain.
type naming struct{ domain any }

func (n naming) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := json.Marshal(map[string]any{"access_token": "canary-a", "refresh_token": "canary-r", "expires_in": 3600, "api_domain": n.domain})
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body)))}, err
}

func TestWhereTheAPIIs(t *testing.T) {
	t.Parallel()
	const pipedrive, here, container = "", "http://127.0.0.1:8484", "http://emulator:8484"
	for _, c := range []struct {
		oauth     string
		plainHTTP bool
		domain    any
		want      string // "" if the api_domain must be refused
	}{
		{pipedrive, false, "https://acme.pipedrive.com", "https://acme.pipedrive.com/api/v1"},
		{pipedrive, false, "https://ACME.pipedrive.com/", "https://acme.pipedrive.com/api/v1"},
		{pipedrive, false, "acme.pipedrive.com", "https://acme.pipedrive.com/api/v1"},
		{pipedrive, false, nil, "https://api.pipedrive.com/v1"},
		{pipedrive, false, "", "https://api.pipedrive.com/v1"},
		{pipedrive, false, "http://acme.pipedrive.com", ""},
		{pipedrive, true, "http://acme.pipedrive.com", ""},
		{pipedrive, false, "https://acme.pipedrive.com.evil.example", ""},
		{pipedrive, false, "evil.example", ""},
		{pipedrive, false, here, ""},
		{here, false, here, here + "/api/v1"},
		{here, false, "http://localhost:1", "http://localhost:1/api/v1"},
		{here, false, nil, here + "/api/v1"},
		{here, false, "https://acme.pipedrive.com", ""},
		{here, true, container, ""},
		{container, true, container, container + "/api/v1"},
		{container, true, "http://emulator", "http://emulator/api/v1"},
		{container, true, nil, container + "/api/v1"},
		{container, true, "https://acme.pipedrive.com", "https://acme.pipedrive.com/api/v1"},
		{container, true, "http://other:8484", ""},
		{container, true, here, ""},
	} {
		app, err := auth.NewApp(auth.AppConfig{
			ClientID: clientID, ClientSecret: auth.NewSecret(clientSecret), RedirectURL: "https://app.example/callback", Store: new(auth.MemoryStore),
			OAuthURL: c.oauth, PlainHTTP: c.plainHTTP, HTTPClient: &http.Client{Transport: naming{c.domain}},
			Warn:     func(context.Context, auth.Installation, error) {},
			Identify: func(context.Context, *auth.TokenSource) (auth.Installation, error) { return alice, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		src, err := app.Install(t.Context(), "code")
		if c.want == "" {
			if !errors.Is(err, auth.ErrAPIDomain) {
				t.Errorf("%q names %v: %v", c.oauth, c.domain, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q names %v: %v", c.oauth, c.domain, err)
			continue
		}
		if got, err := src.BaseURL(t.Context()); got != c.want || err != nil {
			t.Errorf("%q names %v: the API is at %q, %v, want %q", c.oauth, c.domain, got, err, c.want)
		}
	}
}

// An installation that was saved without an api_domain takes the first that a refresh names, and keeps it.
func TestAMissingAPIDomainIsFilledInOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *harness) {
		h.do(func() { h.apiDomain = "" })
		src := h.install()
		for _, named := range []string{"http://127.0.0.1:8585", "http://127.0.0.1:8686"} {
			h.do(func() { h.apiDomain = named })
			if _, err := src.Renew(h.Context(), h.token(src)); err != nil {
				t.Fatal(err)
			}
			if got, err := src.BaseURL(h.Context()); got != "http://127.0.0.1:8585/api/v1" || err != nil {
				t.Errorf("BaseURL, when the server names %s: %q, %v", named, got, err)
			}
		}
		h.wantWarning(auth.ErrAPIDomain)
		warned := len(h.warns.all())
		h.do(func() { h.apiDomain = "" })
		if _, err := src.Renew(h.Context(), h.token(src)); err != nil || len(h.warns.all()) != warned {
			t.Errorf("a refresh that names none: %v, Warn was told %v", err, h.warns.all())
		}
	})
}
