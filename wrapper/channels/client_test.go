package channels_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

func TestNewClientChecksTheBaseURL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ url, problem string }{
		{"https://api.pipedrive.com/v1", ""},
		{"https://api.pipedrive.com/v1/", ""},
		{"https://acme.pipedrive.com/api/v1", ""},
		{"https://proxy.example:8443", ""},
		{"http://127.0.0.1:8484/v1", ""},
		{"http://[::1]:8484/v1", ""},
		{"http://localhost/v1", ""},
		{"", "not absolute"},
		{"api.pipedrive.com/v1", "not absolute"},
		{"/v1", "not absolute"},
		{"ftp://api.pipedrive.com/v1", "not absolute"},
		{"https:///v1", "not absolute"},
		{"https://:443/v1", "not absolute"},
		{"http://api.pipedrive.com/v1", "in the clear"},
		{"http://127.0.0.1.evil.example/v1", "in the clear"},
		{"https://user:hunter2@api.pipedrive.com/v1", "credentials"},
		{"https://api.pipedrive.com/v1?api_token=hunter2", "query"},
		{"https://api.pipedrive.com/v1?", "query"},
		{"https://api.pipedrive.com/v1#hunter2", "fragment"},
		{"https://api.pipedrive.com//v1", "empty or a dot segment"},
		{"https://api.pipedrive.com/v1//", "empty or a dot segment"},
		{"https://api.pipedrive.com/v1/..", "empty or a dot segment"},
		{"https://api.pipedrive.com/%2e%2e/v1", "empty or a dot segment"},
		{"https://api.pipedrive.com/v1/channels", "ends in /channels"},
		{"https://api.pipedrive.com/%zz hunter2", "cannot be parsed"},
	} {
		_, err := channels.NewClient(channels.APIToken("t"), channels.WithBaseURL(tt.url))
		checkProblem(t, tt.url, err, tt.problem)
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the secret: %v", tt.url, err)
		}
	}
}

func TestNewClientChecksCredentialAndOptions(t *testing.T) {
	t.Parallel()
	good := channels.APIToken("t")
	for _, tt := range []struct {
		name       string
		credential channels.Credential
		opts       []channels.Option
		problem    string
	}{
		{"zero credential", channels.Credential{}, nil, "credential is empty"},
		{"nil token source", channels.OAuth(nil), nil, "token source is nil"},
		{"empty API token", channels.APIToken(""), nil, "API token is empty"},
		{"API token with its line break", channels.APIToken("t\n"), nil, "line break"},
		{"token source", channels.OAuth(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t"})), nil, ""},
		{"nil client", good, []channels.Option{channels.WithHTTPClient(nil)}, "http.Client is nil"},
		{"a client that authenticates by itself", good, []channels.Option{channels.WithHTTPClient(&http.Client{Transport: &oauth2.Transport{}})}, "authenticates by itself"},
		{"nil option", good, []channels.Option{nil}, "option is nil"},
		{"nil logger", good, []channels.Option{channels.WithLogger(nil)}, "logger is nil"},
		{"no time", good, []channels.Option{channels.WithTimeout(0)}, "not positive"},
		{"user agent with a header in it", good, []channels.Option{channels.WithUserAgent("a\r\nX: y")}, "not printable"},
		{"empty user agent", good, []channels.Option{channels.WithUserAgent("")}, "not printable"},
		{"plain http that is meant", good, []channels.Option{channels.WithBaseURL("http://a.example"), channels.WithPlainHTTP()}, ""},
		{"the same in the other order", good, []channels.Option{channels.WithPlainHTTP(), channels.WithBaseURL("http://a.example")}, ""},
		{"everything", good, []channels.Option{
			channels.WithLogger(slog.Default()), channels.WithTimeout(time.Second),
			channels.WithHTTPClient(http.DefaultClient), channels.WithUserAgent("shop/2.1"),
		}, ""},
	} {
		_, err := channels.NewClient(tt.credential, tt.opts...)
		checkProblem(t, tt.name, err, tt.problem)
	}
}

func checkProblem(t *testing.T, name string, err error, problem string) {
	t.Helper()
	switch {
	case problem == "" && err != nil:
		t.Errorf("%q: %v", name, err)
	case problem != "" && err == nil:
		t.Errorf("%q: accepted, want an error about %q", name, problem)
	case problem != "" && !strings.Contains(err.Error(), problem):
		t.Errorf("%q: got %v, want an error about %q", name, err, problem)
	}
}

// The caller's client is not changed behind its back.
func TestTheCallersClientIsLeftAlone(t *testing.T) {
	t.Parallel()
	mine := &http.Client{Timeout: time.Minute}
	client := newClient(t, answer(200, `{"success":true}`), channels.WithHTTPClient(mine))
	if err := client.DeleteChannel(t.Context(), channels.DeleteChannelRequest{ProviderChannelID: "c"}); err != nil {
		t.Fatal(err)
	}
	if mine.CheckRedirect != nil || mine.Transport != nil || mine.Timeout != time.Minute {
		t.Errorf("the caller's client was changed: %+v", mine)
	}
}
