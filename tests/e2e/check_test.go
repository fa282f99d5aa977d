//go:build unix

package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
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

// An app may answer with whatever it likes: judging it takes bounded memory, and an interruption ends it.
func TestCheckOfAHostileApp(t *testing.T) {
	t.Parallel()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	const size = 8 << 20
	const page = `{"success":true,"additional_data":{"after":"c-next"},"data":`
	for name, body := range map[string]string{
		"empty objects": page + "[{}" + strings.Repeat(",{}", size/3-30) + "]}",
		"nesting":       page + strings.Repeat("[", size-100),
		"long texts":    page + `[{"id":"` + strings.Repeat("x", size-200) + `"}]}`,
		"many keys":     page + `[],"a":1` + strings.Repeat(`,"a":1`, size/6-30) + "}",
		"long numbers":  page + `[{"id":` + strings.Repeat("9", size-200) + `}]}`,
		"messages":      page + `[{"id":"c","messages":[{"id":"m"}` + strings.Repeat(`,{"id":"m","message":"`+strings.Repeat("x", 300)+`"}`, size/330) + "]}]}",
	} {
		for _, gzipped := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", gzipped: ", gzipped), func(t *testing.T) {
				t.Parallel()
				content := []byte(body)
				if gzipped {
					var b bytes.Buffer
					w := gzip.NewWriter(&b)
					_, _ = w.Write(content)
					_ = w.Close()
					content = b.Bytes()
				}
				var pid, peak atomic.Int64
				app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					peak.Store(residentPeak(int(pid.Load())))
					w.Header().Set("Content-Type", "application/json")
					if gzipped {
						w.Header().Set("Content-Encoding", "gzip")
					}
					_, _ = w.Write(content)
				}))
				t.Cleanup(app.Close)
				cmd := exec.CommandContext(t.Context(), binary, "check", "-provider", app.URL, "-max-time", "20s")
				cmd.Env = []string{"PIPEDRIVE_CLIENT_ID=" + appID, "PIPEDRIVE_CLIENT_SECRET=" + appSecret}
				var out bytes.Buffer
				cmd.Stdout = &out
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				pid.Store(int64(cmd.Process.Pid))
				err := cmd.Wait()
				t.Logf("%d KiB, %v", peak.Load(), cmd.ProcessState.UserTime())
				t.Logf("%v %.3000s", err, out.String())
			})
		}
	}
}

func residentPeak(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		var n int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &n); err == nil {
			return n
		}
	}
	return 0
}
