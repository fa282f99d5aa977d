package trust_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/internal/trust"
)

func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.8.9.1": true, "::1": true, "::ffff:127.0.0.1": true, "localhost": true, "LocalHost": true,
		"": false, "0.0.0.0": false, "::": false, "127.1": false, "localhost.example": false, "127.0.0.1.example": false, "10.0.0.1": false, "[::1]": false,
	} {
		if got := trust.IsLoopback(host); got != want {
			t.Errorf("%q: got %t", host, got)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://company.pipedrive.com/api/v1": "https://company.pipedrive.com/api/v1/",
		"http://localhost:8484/v1/":            "http://localhost:8484/v1/",
		"localhost:8484/v1":                    `no scheme; write "http://localhost:8484/v1"`,
		"127.0.0.1:8484/v1":                    `no scheme; write "http://127.0.0.1:8484/v1"`,
		"company.pipedrive.com/api/v1":         `no scheme; write "https://company.pipedrive.com/api/v1"`,
		"company.pipedrive.com:443":            `no scheme; write "https://company.pipedrive.com:443"`,
		"user:canary@host/v1":                  "not absolute",
		"host/v1?api_token=canary":             "not absolute",
		"http://company.pipedrive.com":         "in the clear",
		"/v1":                                  "not absolute",
		"":                                     "not absolute",
	} {
		got, err := trust.Parse(text, false)
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != want || err != nil && !strings.Contains(got, want) || strings.Contains(got, "canary") {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestFromSource(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text  string
		plain bool
		want  string
	}{
		{"https://company.pipedrive.com/api/v1", false, "https://company.pipedrive.com/api/v1/"},
		{"https://Company.Pipedrive.com/api/v1/", false, "https://company.pipedrive.com/api/v1/"},
		{"https://api.pipedrive.com/v1", false, "https://api.pipedrive.com/v1/"},
		{"http://127.0.0.1:8484/v1", false, "http://127.0.0.1:8484/v1/"},
		{"http://emulator:8484/api/v1", true, "http://emulator:8484/api/v1/"},
		{"http://emulator:8484/api/v1", false, ""},
		{"https://evil.example/api/v1", true, ""},
		{"https://company.pipedrive.com/v2", true, ""},
		{"https://evil.example/v1?https://api.pipedrive.com/v1", true, ""},
	} {
		if got, err := trust.FromSource(tt.text, tt.plain); got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%q: got %q, %v, want %q", tt.text, got, err, tt.want)
		}
	}
}

var companyOrigin = regexp.MustCompile(`^https://[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.pipedrive\.com$`)

// An api_domain leads to a company's host, or nowhere; one as it is documented is taken as it is.
func FuzzAPIOrigin(f *testing.F) {
	for _, s := range []string{
		"https://acme.pipedrive.com", "https://a-1.pipedrive.com", "http://acme.pipedrive.com", "https://pipedrive.com", "https://.pipedrive.com",
		"https://a.b.pipedrive.com", "https://acme.pipedrive.com.evil.example", "https://evilpipedrive.com", "https://acme.pipedrive.com:443", "https://acme.pipedrive.com/",
		"https://user@acme.pipedrive.com", "https://evil.example#.pipedrive.com", "https://evil.example?.pipedrive.com", "https://evil.example/.pipedrive.com",
		"https://evil.example\\.pipedrive.com", "https://ACME.pipedrive.com", "https://acme.pipedrive.com.", "https://-a.pipedrive.com", "https://a%2eb.pipedrive.com",
		"https://a\x00.pipedrive.com", "HTTPS://acme.pipedrive.com", "https:acme.pipedrive.com", "//acme.pipedrive.com", " https://acme.pipedrive.com",
		"https://аcme.pipedrive.com", "http://127.0.0.1:8484", "acme.pipedrive.com", "https://https://acme.pipedrive.com", "https://acme.pipedrive.com///",
		"https://" + strings.Repeat("a", 63) + ".pipedrive.com", "https://" + strings.Repeat("a", 64) + ".pipedrive.com", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, domain string) {
		got, err := trust.APIOrigin(domain)
		if (err == nil) != companyOrigin.MatchString(got) || companyOrigin.MatchString(domain) && got != domain {
			t.Errorf("%q: got %q, %v", domain, got, err)
		}
		if err == nil && !strings.Contains(strings.ToLower(domain), got[len("https://"):]) {
			t.Errorf("%q leads to %q", domain, got)
		}
	})
}
