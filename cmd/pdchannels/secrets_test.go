package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

const canary = "cAnArY-tweets-0815"

// parrot answers every request with the credential that it came with.
func parrot(status int, seen *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		credential := r.Header.Get("Authorization") + r.Header.Get("X-Api-Token")
		if strings.Contains(credential, canary) {
			seen.Add(1)
		}
		w.Header().Set("X-Correlation-Id", credential)
		w.Header().Set("Location", "https://elsewhere.example/"+credential)
		answer(w, status, fmt.Sprintf(`{"success":false,"error":%q,"error_info":%q,"additional_data":{"code":%q},"data":{"id":%q}}`,
			credential, credential, credential, credential))
	}
}

func TestNoSecretIsEverPrinted(t *testing.T) {
	t.Parallel()
	for name, credential := range map[string]vars{
		"access token":         {"PIPEDRIVE_ACCESS_TOKEN": canary},
		"API token":            {"PIPEDRIVE_API_TOKEN": canary},
		"access token in file": {"PIPEDRIVE_ACCESS_TOKEN_FILE": writeFile(t, "token", canary+"\n")},
		"API token in file":    {"PIPEDRIVE_API_TOKEN_FILE": writeFile(t, "token", canary+"\n")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all strings.Builder
			for _, status := range []int{200, 302, 400, 401, 403, 404, 410, 429, 500} {
				var seen atomic.Int64
				env := scripted(t, parrot(status, &seen)).with("PIPEDRIVE_ACCESS_TOKEN", "")
				for name, value := range credential {
					env = env.with(name, value)
				}
				for _, args := range []string{
					"probe", "channel add --name Shop --id shop-1", "channel delete --id shop-1", "conversation delete --channel shop-1 --id c-1",
					"message receive --id m-1 --channel shop-1 --conversation c-1 --sender nils --status sent --text Hi",
				} {
					before := seen.Load()
					for _, more := range []string{" --attempts 1", " --attempts 1 --json"} {
						r := pdchannels(t, env, strings.Fields(args+more)...)
						all.WriteString(r.stdout + r.stderr)
					}
					if seen.Load() != before+2 { // the positive control: the secret was there to be printed
						t.Errorf("%d %s: the server did not get the secret", status, args)
					}
				}
				if status == 429 {
					continue // a delivery would wait this out
				}
				r := piped(t, env, jsonLines("m-1 c-1", "m-2 c-2"), "message", "receive", "--attempts", "1", "--file", "-", "--undelivered", t.TempDir()+"/kept")
				all.WriteString(r.stdout + r.stderr)
			}
			if strings.Contains(all.String(), canary) {
				t.Errorf("the secret is printed:\n%s", all.String())
			}
			if !strings.Contains(all.String(), "answered 400") { // and there was something to search
				t.Errorf("no error was printed:\n%s", all.String())
			}
		})
	}
}

func TestASecretOfTwoVariablesIsNotPrinted(t *testing.T) {
	t.Parallel()
	r := pdchannels(t, vars{"PIPEDRIVE_ACCESS_TOKEN": canary, "PIPEDRIVE_API_TOKEN": canary}, "probe", "--json")
	if r.code != exitUsage || strings.Contains(r.stdout+r.stderr, canary) {
		t.Errorf("%+v", r)
	}
}

func TestTheDemoPrintsNoSecret(t *testing.T) {
	t.Parallel()
	transport := &keyhole{}
	screen, err := playDemo(t, demoNetwork{transport, straight.toApp})
	if err != nil || len(transport.secrets) < 9 {
		t.Fatalf("%v; %d secrets passed", err, len(transport.secrets))
	}
	for _, secret := range transport.secrets {
		if strings.Contains(screen, secret) {
			t.Errorf("%q is on the screen", secret)
		}
	}
}

// keyhole collects the credentials that pass.
type keyhole struct{ secrets []string }

func (k *keyhole) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	form, _ := url.ParseQuery(string(body)) // what is no form has none of these
	query := r.URL.Query()
	_, client, _ := r.BasicAuth()
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	for _, secret := range []string{client, bearer, form.Get("code"), form.Get("refresh_token"), form.Get("state"), query.Get("code"), query.Get("state")} {
		if secret != "" {
			k.secrets = append(k.secrets, secret)
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}
