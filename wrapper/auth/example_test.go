package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

// A complete app: it is installed, calls the API, and hears of its end. The server stands in for
// Pipedrive, and a small browser for the user.
func Example() {
	pipedrive := exampleServer()
	defer pipedrive.Close()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()

	app, err := auth.NewApp(auth.AppConfig{
		ClientID:     "client-id",
		ClientSecret: auth.NewSecret("client-secret"),
		RedirectURL:  server.URL + "/oauth/callback",
		OAuthURL:     pipedrive.URL, // leave it out for Pipedrive
		Store:        new(auth.MemoryStore),
		Installed: func(ctx context.Context, src *auth.TokenSource) error {
			token, err := src.TokenContext(ctx) // channels.OAuth(src) does this for each call
			if err == nil {
				fmt.Println("installed by", src.Installation(), "with", token.AccessToken)
			}
			return err
		},
		Uninstalled: func(_ context.Context, in auth.Installation) error {
			fmt.Println("uninstalled by", in)
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux.Handle("/oauth/callback", app.Handler())

	visit(server.URL + "/oauth/callback") // the link "connect to Pipedrive"
	uninstall(server.URL + "/oauth/callback")
	_, err = app.TokenSource(auth.Installation{CompanyID: 1001, UserID: 42}).Token()
	fmt.Println(err)
	// Output:
	// installed by company 1001, user 42 with access-token
	// uninstalled by company 1001, user 42
	// auth: renew the token of company 1001, user 42: not installed: the user has to authorise the app again
}

// exampleServer grants every request at once.
func exampleServer() *httptest.Server {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	mux.HandleFunc("GET /oauth/authorize", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.FormValue("redirect_uri")+"?code=code&state="+r.FormValue("state"), http.StatusFound)
	})
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"access-token","token_type":"Bearer","expires_in":3599,"refresh_token":"r","api_domain":%q}`, server.URL)
	})
	mux.HandleFunc("GET /api/v1/users/me", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"success":true,"data":{"id":42,"company_id":1001}}`)
	})
	return server
}

// visit follows the user's browser from link to link.
func visit(url string) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := (&http.Client{Jar: jar}).Get(url)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
}

// uninstall tells the app that the user has removed it, as Pipedrive does.
func uninstall(url string) {
	req, err := http.NewRequest(http.MethodDelete, url, strings.NewReader(`{"client_id":"client-id","company_id":1001,"user_id":42}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.SetBasicAuth("client-id", "client-secret")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
}
