package storetest

// This file lets two apps live on one store: the records that package auth writes know whose they are.

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func (s *suite) appsApart() {
	ids := []string{"first-app", "second-app"}
	for _, id := range ids {
		if _, err := s.app(id).Install(s.ctx, "code"); err != nil {
			s.Fatalf("Install of %s: %v", id, err)
		}
	}
	for _, id := range ids {
		token, err := s.app(id).TokenSource(key).TokenContext(s.ctx)
		if err != nil || token.AccessToken != "token-of-"+id {
			s.Errorf("the token of %s, when both apps are installed by one user: %v", id, err)
		}
	}
}

// app returns an app on the storage, as a process of its own would have it.
func (s *suite) app(id string) *auth.App {
	s.Helper()
	app, err := auth.NewApp(auth.AppConfig{
		ClientID: id, ClientSecret: auth.NewSecret("secret"), RedirectURL: "https://app.example/callback", Store: s.Open(),
		HTTPClient: &http.Client{Transport: pipedrive(id)},
	})
	if err != nil {
		s.Fatalf("NewApp: %v", err)
	}
	return app
}

// pipedrive answers the calls of one app, for the user of key.
type pipedrive string

func (p pipedrive) RoundTrip(r *http.Request) (*http.Response, error) {
	body := fmt.Sprintf(`{"success":true,"data":{"id":%d,"company_id":%d}}`, key.UserID, key.CompanyID)
	if r.URL.Path == "/oauth/token" {
		body = fmt.Sprintf(`{"access_token":"token-of-%s","refresh_token":"refresh-of-%s","expires_in":3600,"api_domain":"https://company.pipedrive.com"}`, p, p)
	}
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}
