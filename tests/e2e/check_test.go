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
	"syscall"
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
	messenger := messenger.NewWithHistory(server.URL)
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
		cmd.Env = []string{"GODEBUG=gctrace=1", "GOMEMLIMIT=40MiB", "PIPEDRIVE_CLIENT_ID=" + appID, "PIPEDRIVE_CLIENT_SECRET=" + appSecret}
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

// An app may answer with whatever it likes: judging it takes bounded memory, and a signal ends it.
func TestCheckOfAHostileApp(t *testing.T) {
	t.Parallel()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	const size, mostKiB = 8<<20 - 1000, 64 << 10
	const page = `{"success":true,"additional_data":{"after":"c-next"},"data":`
	for name, app := range map[string]struct {
		body    string
		gzipped bool
		calls   int64 // after which it is stopped
	}{
		"empty objects": {page + "[{}" + strings.Repeat(",{}", size/3) + "]}", true, 2},
		"nesting":       {page + strings.Repeat("[", size), false, 10},
		"long texts":    {page + `[{"id":"` + strings.Repeat("x", size) + `"}]}`, true, 10},
		"many keys":     {page + `[],"a":1` + strings.Repeat(`,"a":1`, size/6) + "}", false, 10},
		"conversations": {page + "[" + numbered(`{"id":"c%d","link":"","status":"open","seen":true,"messages":[],"participants":[]}`, 15_000) + "]}", true, 10},
		"strangers":     {page + `[{"id":"c","messages":[` + numbered(`{"id":"m%d","sender_id":"s%[1]d"}`, 20_000) + `],"participants":[` + numbered(`{"id":"p%d"}`, 20_000) + "]}]}", false, 10},
		"messages":      {page + `[{"id":"c","messages":[{"id":"m"}` + strings.Repeat(`,{"id":"m","message":"`+strings.Repeat("x", 300)+`"}`, size/330) + "]}]}", false, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := []byte(app.body)
			if app.gzipped {
				var b bytes.Buffer
				w := gzip.NewWriter(&b)
				_, _ = w.Write(content)
				_ = w.Close()
				content = b.Bytes()
			}
			var p *process
			started := make(chan struct{})
			var peak, calls atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				<-started
				peak.Store(residentPeak(p.cmd.Process.Pid))
				if calls.Add(1) == app.calls {
					p.signal(syscall.SIGTERM)
				}
				w.Header().Set("Content-Type", "application/json")
				if app.gzipped {
					w.Header().Set("Content-Encoding", "gzip")
				}
				_, _ = w.Write(content)
			}))
			t.Cleanup(server.Close)
			p = start(t, []string{"PIPEDRIVE_CLIENT_ID=" + appID, "PIPEDRIVE_CLIENT_SECRET=" + appSecret}, "check", "--provider", server.URL)
			close(started)
			p.end().wants(t, 1, "The run ended early", "")
			if peak.Load() > mostKiB || calls.Load() < app.calls || calls.Load() > app.calls+30 { // a busy machine hands the signal over late
				t.Errorf("%d calls took %d KiB", calls.Load(), peak.Load())
			}
		})
	}
}

// numbered repeats a value with numbers in it.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(",", min(i, 1)) + fmt.Sprintf(format, i))
	}
	return b.String()
}

// residentPeak is the most memory that a process had so far, in KiB.
func residentPeak(pid int) (kib int64) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib
		}
	}
	return 0 // no Linux
}
