package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// settingsIn reads a banner as a shell does: exports, and nothing else but comments.
func settingsIn(t *testing.T, banner string) vars {
	t.Helper()
	env := vars{}
	for text := range strings.Lines(banner) {
		assignment, isExport := strings.CutPrefix(strings.TrimSuffix(text, "\n"), "export ")
		name, value, _ := strings.Cut(assignment, "=")
		switch {
		case isExport:
			env[name] = strings.Trim(value, "'")
		case !strings.HasPrefix(text, "#"):
			t.Errorf("the banner has a line that a shell would run: %q", text)
		}
	}
	return env
}

// startEmulator runs the command until stop is called, which returns its end.
func startEmulator(t *testing.T, args ...string) (banner string, stop func() result) {
	t.Helper()
	return startEmulatorIn(t, vars{}, args...)
}

func startEmulatorIn(t *testing.T, env vars, args ...string) (banner string, stop func() result) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, w := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan result, 1)
	go func() {
		code := run(ctx, append([]string{"emulator"}, args...), env.getenv, nil, w, &stderr)
		_ = w.Close()
		ended <- result{code, "", stderr.String()}
	}()
	r := bufio.NewReader(stdout)
	for !strings.Contains(banner, "/marketplace\n") { // its last line
		text, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("%v after %q; %+v", err, banner, <-ended)
		}
		banner += text
	}
	return banner, func() result {
		cancel()
		_, _ = io.Copy(io.Discard, r)
		return <-ended
	}
}

func TestTheEmulatorsBannerWorksWhenPasted(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"127.0.0.1:0", ":0", "localhost:0", "0.0.0.0:0"} {
		banner, stop := startEmulator(t, "--addr", addr)
		env := settingsIn(t, banner)
		if !strings.HasPrefix(env["PIPEDRIVE_BASE_URL"], "http://127.0.0.1:") {
			t.Errorf("--addr %s listens at %s", addr, env["PIPEDRIVE_BASE_URL"])
		}
		pdchannels(t, env, "probe").wants(t, exitDone, "alive", "")
		pdchannels(t, env, "channel", "add", "--name", "Shop", "--id", "shop-1").wants(t, exitDone, "shop-1", "")

		// The alternatives stand in comments.
		for text := range strings.Lines(banner) {
			if commented, ok := strings.CutPrefix(text, "# export "); ok {
				name, value, _ := strings.Cut(strings.TrimSpace(commented), "=")
				alternative := vars{"PIPEDRIVE_BASE_URL": env["PIPEDRIVE_BASE_URL"], name: value}
				pdchannels(t, alternative, "probe").wants(t, exitDone, "alive", "")
				env["another "+name] = value
			}
		}
		r := stop()
		for _, want := range []string{"POST   /v1/channels/messages/receive → 400", "POST   /v1/channels → 200"} {
			if !strings.Contains(r.stderr, want) {
				t.Errorf("the log does not have %q:\n%s", want, r.stderr)
			}
		}
		for name, value := range env {
			if (strings.HasSuffix(name, "TOKEN") || strings.HasSuffix(name, "SECRET")) && strings.Contains(r.stderr, value) {
				t.Errorf("%s is in the log:\n%s", name, r.stderr)
			}
		}
		if r.code != exitDone || strings.Contains(r.stderr, "warning") != (addr == "0.0.0.0:0") {
			t.Errorf("%+v", r)
		}
		if len(env) != 7 {
			t.Errorf("the banner offers %d settings, want 7:\n%s", len(env), banner)
		}
	}
}

func TestTheEmulatorCanBeStrict(t *testing.T) {
	t.Parallel()
	// Attachments without their nullable keys: some published sources allow that, some do not.
	body := `{"id":"m","channel_id":"shop-1","conversation_id":"c","sender_id":"n","message":"Hi","status":"sent","created_at":"2026-03-01 07:58"}`
	for args, want := range map[string]int{"--strict=false": http.StatusOK, "--strict": http.StatusBadRequest} {
		banner, stop := startEmulator(t, "--addr", "127.0.0.1:0", args)
		env := settingsIn(t, banner)
		pdchannels(t, env, "channel", "add", "--name", "Shop", "--id", "shop-1").wants(t, exitDone, "shop-1", "")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, env["PIPEDRIVE_BASE_URL"]+"/channels/messages/receive", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+env["PIPEDRIVE_ACCESS_TOKEN"])
		resp, err := new(http.Transport).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", args, resp.StatusCode, want)
		}
		if r := stop(); want == http.StatusOK && !strings.Contains(r.stderr, "warn: ") {
			t.Errorf("what --strict would refuse is not told:\n%s", r.stderr)
		}
	}
}

func TestAnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	pdchannels(t, nil, "emulator", "--addr", taken.Addr().String()).wants(t, exitFailed, "", "another emulator may be running")
	pdchannels(t, nil, "emulator", "--addr", "127.0.0.1:99999").wants(t, exitFailed, "", "invalid port")
}

func TestAnAddressThatOthersReachIsWarnedOf(t *testing.T) {
	t.Parallel()
	e, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]string{
		"127.0.0.1:8484": "http://127.0.0.1:8484/v1", "127.0.0.7:8484": "http://127.0.0.7:8484/v1", "[::1]:8484": "http://[::1]:8484/v1",
		"0.0.0.0:8484": "http://127.0.0.1:8484/v1", "[::]:8484": "http://[::1]:8484/v1", "192.0.2.1:8484": "http://192.0.2.1:8484/v1",
		"[fe80::1%eth0]:8484": "http://[fe80::1%25eth0]:8484/v1",
	} {
		bound := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr))
		b := banner{Emulator: e, url: reachableURL(bound), plainHTTP: !reachable(bound).IsLoopback(), preset: func(string) bool { return false }}
		env := settingsIn(t, b.text())
		if got := env["PIPEDRIVE_BASE_URL"]; got != want || env["PIPEDRIVE_OAUTH_URL"]+"/v1" != want {
			t.Errorf("%s: the base URL is %s, want %s", addr, got, want)
		}
		s := settings{attempts: 1, timeout: time.Second}
		if _, _, err := s.client(t.Context(), &environment{getenv: env.getenv}); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
		if warned := exposure(bound) != ""; warned == bound.IP.IsLoopback() {
			t.Errorf("%s: %q", addr, exposure(bound))
		}
	}
}
