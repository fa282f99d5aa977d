package main

import (
	"encoding/binary"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheCredentialComesFromTheEnvironmentOrAFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		variable, file string // of which a file is written if there is a file
		header, want   string
	}{
		"access token":               {"PIPEDRIVE_ACCESS_TOKEN", "", "Authorization", "Bearer s3cret"},
		"API token":                  {"PIPEDRIVE_API_TOKEN", "", "X-Api-Token", "s3cret"},
		"access token in a file":     {"PIPEDRIVE_ACCESS_TOKEN_FILE", "s3cret", "Authorization", "Bearer s3cret"},
		"API token, file with a end": {"PIPEDRIVE_API_TOKEN_FILE", "s3cret\n", "X-Api-Token", "s3cret"},
		"file written on Windows":    {"PIPEDRIVE_API_TOKEN_FILE", "s3cret\r\n", "X-Api-Token", "s3cret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := make(chan http.Header, 1)
			env := scripted(t, func(w http.ResponseWriter, r *http.Request) {
				sent <- r.Header
				answer(w, http.StatusOK, `{"success":true}`)
			}).with("PIPEDRIVE_ACCESS_TOKEN", "")
			value := "s3cret"
			if c.file != "" {
				value = writeFile(t, "token", c.file)
			}
			pdchannels(t, env.with(c.variable, value), "channel", "delete", "--id", "shop-1").wants(t, exitDone, "shop-1", "")
			if got := (<-sent).Get(c.header); got != c.want {
				t.Errorf("%s is %q, want %q", c.header, got, c.want)
			}
		})
	}
}

func TestCredentialsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	good := writeFile(t, "token", "s3cret")
	for name, c := range map[string]struct {
		env  vars
		want string
	}{
		"none":                            {vars{}, "set PIPEDRIVE_ACCESS_TOKEN or PIPEDRIVE_API_TOKEN"},
		"two":                             {vars{"PIPEDRIVE_ACCESS_TOKEN": "s3cret", "PIPEDRIVE_API_TOKEN": "s3cret"}, "PIPEDRIVE_ACCESS_TOKEN and PIPEDRIVE_API_TOKEN are set"},
		"one and its file":                {vars{"PIPEDRIVE_API_TOKEN": "s3cret", "PIPEDRIVE_API_TOKEN_FILE": good}, "PIPEDRIVE_API_TOKEN and PIPEDRIVE_API_TOKEN_FILE are set"},
		"a missing file":                  {vars{"PIPEDRIVE_API_TOKEN_FILE": good + ".no"}, ": no such file or directory"},
		"an empty file":                   {vars{"PIPEDRIVE_API_TOKEN_FILE": writeFile(t, "empty", "\n")}, "is empty"},
		"a folder":                        {vars{"PIPEDRIVE_API_TOKEN_FILE": filepath.Dir(good)}, ": is a directory"},
		"a large file":                    {vars{"PIPEDRIVE_API_TOKEN_FILE": writeFile(t, "large", strings.Repeat("s3cret", 20_000))}, "longer than any token"},
		"two lines":                       {vars{"PIPEDRIVE_API_TOKEN_FILE": writeFile(t, "lines", "s3cret\nno secret")}, "it has several lines"},
		"a base URL in a hurry":           {vars{"PIPEDRIVE_API_TOKEN": "s3cret", "PIPEDRIVE_BASE_URL": "localhost:8484/v1"}, "has no scheme: write http://localhost:8484/v1"},
		"an IPv6 base URL":                {vars{"PIPEDRIVE_API_TOKEN": "s3cret", "PIPEDRIVE_BASE_URL": "[::1]:8484/v1"}, "has no scheme: write http://[::1]:8484/v1"},
		"a switch that is neither":        {vars{"PIPEDRIVE_API_TOKEN": "s3cret", "PIPEDRIVE_PLAIN_HTTP": "maybe"}, "it is 1 or 0"},
		"blanks":                          {vars{"PIPEDRIVE_ACCESS_TOKEN": " \t"}, "is empty"},
		"two in one":                      {vars{"PIPEDRIVE_ACCESS_TOKEN": "s3cret s4cret"}, "a character that no secret has: ' '"},
		"an answer of the token endpoint": {vars{"PIPEDRIVE_ACCESS_TOKEN_FILE": writeFile(t, "json", `{"access_token":"s3cret"}`)}, "it is JSON"},
		"a base URL, no host":             {vars{"PIPEDRIVE_API_TOKEN": "s3cret", "PIPEDRIVE_BASE_URL": "pipedrive"}, "has no scheme: write https://pipedrive"},
		"a base URL in clear":             {vars{"PIPEDRIVE_API_TOKEN": "s3cret", "PIPEDRIVE_BASE_URL": "http://pipedrive.example/v1"}, "in the clear"},
		"a base URL too long":             {vars{"PIPEDRIVE_API_TOKEN": "s3cret", "PIPEDRIVE_BASE_URL": "https://api.pipedrive.com/v1/channels"}, "ends in /channels"},
		"a secret in the URL":             {vars{"PIPEDRIVE_API_TOKEN": "s3cret", "PIPEDRIVE_BASE_URL": "https://me:s3cret@pipedrive.example/v1"}, "holds credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := pdchannels(t, c.env, "probe")
			r.wants(t, exitUsage, "", c.want)
			if strings.Contains(r.stderr, "s3cret") {
				t.Errorf("the secret is in %s", r.stderr)
			}
			for name := range c.env {
				if name == "PIPEDRIVE_API_TOKEN" && len(c.env) > 1 && !strings.Contains(c.want, name) {
					continue // the other one is wrong
				}
				if !strings.Contains(r.stderr, name) {
					t.Errorf("%s is not named in %s", name, r.stderr)
				}
			}
		})
	}
}

// What editors and PowerShell make of a token is understood, whichever way it is given.
func TestATokenAsPeopleStoreIt(t *testing.T) {
	t.Parallel()
	server, env := pipedrive(t)
	token := server.AccessToken()
	env = env.with("PIPEDRIVE_ACCESS_TOKEN", "")
	for name, text := range map[string]string{
		"a byte order mark": byteOrderMark + token + "\r\n", "UTF-16": inUTF16(binary.LittleEndian, true, token+"\r\n"), "UTF-16, big endian": inUTF16(binary.BigEndian, true, token),
		"a blank": token + " \n", "quotes": `"` + token + `"`, "its scheme": "Bearer " + token + "\n", "the other end first": "\n\n  " + token,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pdchannels(t, env.with("PIPEDRIVE_ACCESS_TOKEN_FILE", writeFile(t, "token", text)), "probe").wants(t, exitDone, "alive", "")
			if !strings.Contains(text, "\x00") { // which no environment can hold
				pdchannels(t, env.with("PIPEDRIVE_ACCESS_TOKEN", text).with("PIPEDRIVE_BASE_URL", " '"+server.BaseURL+"'\r\n"), "probe").wants(t, exitDone, "alive", "")
			}
		})
	}
}

func TestPlainHTTPBeyondThisMachineIsSwitchedOn(t *testing.T) {
	t.Parallel()
	env := vars{"PIPEDRIVE_ACCESS_TOKEN": "s3cret", "PIPEDRIVE_BASE_URL": "http://pipedrive.invalid/v1"}
	pdchannels(t, env, "probe").wants(t, exitUsage, "", "use https, or --plain-http if that is meant")
	pdchannels(t, env.with("PIPEDRIVE_PLAIN_HTTP", "0"), "probe").wants(t, exitUsage, "", "use https")
	pdchannels(t, env, "probe", "--plain-http", "--attempts", "1").wants(t, exitUnsure, "does not answer", "")
	pdchannels(t, env.with("PIPEDRIVE_PLAIN_HTTP", "1"), "probe", "--attempts", "1").wants(t, exitUnsure, "does not answer", "")
}

func TestASecretThatOthersMayReadIsWarnedOf(t *testing.T) {
	t.Parallel()
	server, env := pipedrive(t)
	file := writeFile(t, "token", server.AccessToken())
	env = env.with("PIPEDRIVE_ACCESS_TOKEN", "").with("PIPEDRIVE_ACCESS_TOKEN_FILE", file)
	pdchannels(t, env, "probe").wants(t, exitDone, "alive", "")
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	pdchannels(t, env, "probe").wants(t, exitDone, "alive", "warning: other users of this machine may read the secret in "+file)
}

func TestTheFlagGoesBeforeTheEnvironment(t *testing.T) {
	t.Parallel()
	server, env := pipedrive(t)
	env = env.with("PIPEDRIVE_BASE_URL", "http://127.0.0.1:1/v1")
	pdchannels(t, env, "probe", "--base-url", server.BaseURL).wants(t, exitDone, "alive", "")
	pdchannels(t, env, "--base-url", server.BaseURL, "probe").wants(t, exitDone, "alive", "")
	pdchannels(t, env, "--base-url", "http://127.0.0.1:2/v1", "probe", "--base-url="+server.BaseURL).wants(t, exitDone, "alive", "")
	pdchannels(t, env, "probe").wants(t, exitUnsure, "does not answer", "")
}

func TestACallTakesNoLongerThanTheTimeout(t *testing.T) {
	t.Parallel()
	env := scripted(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	// On a busy machine the time may be over before anything is sent.
	r := pdchannels(t, env, "channel", "delete", "--id", "shop-1", "--timeout", "20ms")
	if (r.code != exitUnsure && r.code != exitFailed) || !strings.Contains(r.stderr, "deadline exceeded") {
		t.Errorf("%+v", r)
	}
	pdchannels(t, env, "probe", "--timeout", "0s").wants(t, exitUsage, "", "the timeout 0s is not positive")
}
