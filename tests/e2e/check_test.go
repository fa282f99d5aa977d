//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/examples/messenger"
	"github.com/pdchannels/pdchannels/wrapper/conformance"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
	"github.com/pdchannels/pdchannels/wrapper/provider"
)

const appID, appSecret = "the-app", "canary-app-secret"

// serveSample serves the sample app, with credentials that may be others, until the test ends.
func serveSample(t *testing.T, credentials provider.Credentials) (url string, h *provider.Handler) {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	messenger := messenger.New(server.URL)
	h, err := provider.NewHandler(messenger, credentials)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/channels/", h)
	mux.Handle("/files/", messenger)
	return server.URL, h
}

// The judge shares no code with the handler, and finds nothing wrong with it, not even a risk.
func TestTheSampleAppPassesTheCheck(t *testing.T) {
	t.Parallel()
	url, h := serveSample(t, provider.BasicAuth(appID, appSecret))
	manifest, err := h.Manifest(url)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	for name, where := range map[string]emulator.Provider{"at its base URL": {BaseURL: url}, "by its manifest": {Manifest: text}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := conformance.Run(t.Context(), conformance.Config{
				Provider: where, Channel: messenger.Channel, ClientID: appID, ClientSecret: emulator.NewSecret(appSecret),
			})
			if err != nil || report.Verdict != conformance.Passed || report.Risks > 0 || report.Calls < 200 {
				t.Error(err, report)
			}
		})
	}
}

func TestCheckAsACommand(t *testing.T) {
	t.Parallel()
	good, _ := serveSample(t, provider.BasicAuth(appID, appSecret))
	others, _ := serveSample(t, provider.BasicAuth(appID, "another secret"))
	for url, want := range map[string]struct {
		code int
		says string
	}{good: {0, "0 violations\n0 risks\n"}, others: {1, "the app refuses the credentials"}} {
		if err := build(); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), binary, "check", "--provider", url)
		cmd.Env = []string{"PIPEDRIVE_CLIENT_ID=" + appID, "PIPEDRIVE_CLIENT_SECRET=" + appSecret}
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		code := 0
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			code = exit.ExitCode()
		}
		if code != want.code || !strings.Contains(stdout.String(), want.says) || strings.Contains(stdout.String()+stderr.String(), "canary") {
			t.Errorf("%s: exit code %d, want %d and %q\n%s%s", url, code, want.code, want.says, &stdout, &stderr)
		}
	}
}
