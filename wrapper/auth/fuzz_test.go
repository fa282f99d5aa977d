package auth

// What comes from outside as text, against anything.

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/internal/trust"
)

func fuzzApp(t testing.TB) *App {
	t.Helper()
	app, err := NewApp(AppConfig{
		ClientID: "id", ClientSecret: NewSecret("se:cret"), RedirectURL: "https://app.example/", Store: new(MemoryStore),
		Warn: func(context.Context, Installation, error) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func FuzzAPIDomainOnThisMachine(f *testing.F) {
	for _, s := range []string{
		"http://127.0.0.1:8484", "http://127.0.0.1", "https://localhost:1", "http://[::1]:80", "http://127.0.0.1@evil.example", "http://127.0.0.1:8484?x", "http://127.0.0.1:8484/",
		"http://0.0.0.0", "http://127.1", "http://localhost.evil.example", "http://127.0.0.1#", "http://127.0.0.1?", "http://[::1%25x]", "http://127.0.0.1:", "https://acme.pipedrive.com", "",
	} {
		f.Add(s)
	}
	app := fuzzApp(f)
	app.config.OAuthURL = "http://127.0.0.1:8484"
	app.oauthURL = &url.URL{Scheme: "http", Host: "127.0.0.1:8484"}
	f.Fuzz(func(t *testing.T, domain string) {
		base, err := app.baseURL(domain)
		if err != nil {
			return
		}
		// Where a request to it would go is this machine, below the path of the API.
		req, err := http.NewRequest(http.MethodGet, base+"/users/me", nil)
		if err != nil {
			t.Fatalf("%q is accepted and leads nowhere: %v", domain, err)
		}
		if !trust.IsLoopback(req.URL.Hostname()) || req.URL.User != nil || req.URL.Path != "/api/v1/users/me" || req.URL.RawQuery != "" {
			t.Errorf("%q is accepted and leads to %s", domain, req.URL)
		}
	})
}

func FuzzUninstallBody(f *testing.F) {
	for _, s := range []string{
		`{"client_id":"id","company_id":1001,"user_id":42,"timestamp":"2026-03-01 07:58:00"}`, `{"client_id":"id","company_id":"1001","user_id":"42"}`,
		`{"client_id":"id","company_id":1e3,"user_id":42,"timestamp":1}`, `{"CLIENT_ID":"id","company_id":1,"company_id":2,"user_id":"\"3"}`,
		`{"client_id":"id","company_id":-1,"user_id":42,"timestamp":{}}`, `{`, `null`, `[]`, `{"client_id":"id","company_id":9223372036854775808,"user_id":1}`,
	} {
		f.Add([]byte(s))
	}
	app := fuzzApp(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		in, _, err := app.parseUninstall(body)
		if err == nil && in.check() != nil {
			t.Errorf("%q gives %v", body, in)
		}
		r := httptest.NewRequest(http.MethodDelete, "/", strings.NewReader(string(body)))
		r.SetBasicAuth("id", "se:cret")
		w := httptest.NewRecorder()
		app.Handler().ServeHTTP(w, r)
		if got, want := w.Code == http.StatusNoContent, err == nil; got != want && len(body) <= maxUninstall {
			t.Errorf("%q: %d %s, while it parses: %v", body, w.Code, w.Body, err)
		}
	})
}

func FuzzBasicAuth(f *testing.F) {
	good := "Basic " + base64.StdEncoding.EncodeToString([]byte("id:se:cret"))
	for _, s := range []string{good, "basic " + good[6:], good + " ", good + "=", good[:len(good)-1], "Basic", "", "Basic =", "Bearer " + good[6:], "Basic " + base64.StdEncoding.EncodeToString([]byte("id:se:cret\x00"))} {
		f.Add(s)
	}
	app := fuzzApp(f)
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodDelete, "/", nil)
		r.Header.Set("Authorization", header)
		scheme, rest, _ := strings.Cut(header, " ")
		text, err := base64.StdEncoding.DecodeString(rest)
		if want := strings.EqualFold(scheme, "basic") && err == nil && string(text) == "id:se:cret"; app.isPipedrive(r) != want {
			t.Errorf("%q: got %v, want %v", header, !want, want)
		}
	})
}

func TestRememberedStatesAreBounded(t *testing.T) {
	t.Parallel()
	var visits visits
	for i := range 3 * maxVisits {
		_, first := visits.add(strconv.Itoa(i), "query")
		if _, again := visits.add(strconv.Itoa(i), "query"); !first || again {
			t.Fatalf("state %d is not good exactly once", i)
		}
		if len(visits.byState) > maxVisits {
			t.Fatalf("%d states are kept", len(visits.byState))
		}
	}
	if _, first := visits.add(strconv.Itoa(2*maxVisits+1), "query"); first {
		t.Error("one of the last states is good again")
	}
}
