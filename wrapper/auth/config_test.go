package auth_test

// What NewApp refuses, each time with a word on what is wrong.

import (
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

func TestNewAppChecksItsConfiguration(t *testing.T) {
	t.Parallel()
	valid := auth.AppConfig{ClientID: clientID, ClientSecret: auth.NewSecret(clientSecret), RedirectURL: "https://app.example/callback", Store: new(auth.MemoryStore)}
	app, err := auth.NewApp(valid)
	if err != nil {
		t.Fatal(err)
	}
	want := "https://oauth.pipedrive.com/oauth/authorize?client_id=client-id&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&response_type=code&state=S"
	if got := app.AuthorizeURL("S"); got != want {
		t.Errorf("AuthorizeURL: %s, want %s", got, want)
	}
	for name, c := range map[string]struct {
		change func(*auth.AppConfig)
		says   string
	}{
		"no id":                  {func(c *auth.AppConfig) { c.ClientID = "" }, "ClientID"},
		"no secret":              {func(c *auth.AppConfig) { c.ClientSecret = auth.Secret{} }, "ClientSecret"},
		"empty secret":           {func(c *auth.AppConfig) { c.ClientSecret = auth.NewSecret("") }, "ClientSecret"},
		"no store":               {func(c *auth.AppConfig) { c.Store = nil }, "Store"},
		"no redirect":            {func(c *auth.AppConfig) { c.RedirectURL = "" }, "RedirectURL"},
		"plain redirect":         {func(c *auth.AppConfig) { c.RedirectURL = "http://app.example/callback" }, "https"},
		"redirect w/o host":      {func(c *auth.AppConfig) { c.RedirectURL = "https:///callback" }, "host"},
		"opaque redirect":        {func(c *auth.AppConfig) { c.RedirectURL = "https:app.example" }, "host"},
		"redirect with password": {func(c *auth.AppConfig) { c.RedirectURL = "https://u:canary@app.example/" }, "password"},
		"redirect with fragment": {func(c *auth.AppConfig) { c.RedirectURL = "https://app.example/#x" }, "fragment"},
		"unparsable redirect":    {func(c *auth.AppConfig) { c.RedirectURL = "https://u:canary@app .example/%zz" }, "not a URL"},
		"plain server":           {func(c *auth.AppConfig) { c.OAuthURL = "http://oauth.example" }, "loopback"},
		"almost loopback":        {func(c *auth.AppConfig) { c.OAuthURL = "http://127.0.0.1.example" }, "loopback"},
		"server with path":       {func(c *auth.AppConfig) { c.OAuthURL = "https://oauth.example/oauth" }, "/oauth/token"},
		"server with slash":      {func(c *auth.AppConfig) { c.OAuthURL = "https://oauth.example/" }, "/oauth/token"},
		"server with query":      {func(c *auth.AppConfig) { c.OAuthURL = "https://oauth.example?x=1" }, "/oauth/token"},
		"relative done":          {func(c *auth.AppConfig) { c.DoneURL = "/done" }, "DoneURL"},
		"script done":            {func(c *auth.AppConfig) { c.DoneURL = "javascript:alert(1)" }, "DoneURL"},
	} {
		config := valid
		c.change(&config)
		_, err := auth.NewApp(config)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want a word about %q", name, err, c.says)
		}
	}
	plain := valid
	plain.RedirectURL, plain.OAuthURL, plain.PlainHTTP = "http://app:8080/callback", "http://emulator:8484", true
	if _, err := auth.NewApp(plain); err != nil {
		t.Errorf("plain http that is allowed: %v", err)
	}
	for _, server := range []string{"http://localhost:1", "http://[::1]:1", "http://127.8.9.1", "https://oauth.example"} {
		config := valid
		config.OAuthURL = server
		if _, err := auth.NewApp(config); err != nil {
			t.Errorf("OAuthURL %s: %v", server, err)
		}
	}
}
