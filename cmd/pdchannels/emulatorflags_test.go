package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// A compose file gives the same credentials to the emulator and to what calls it.
func TestTheEmulatorTakesPresets(t *testing.T) {
	t.Parallel()
	preset := vars{
		"PIPEDRIVE_CLIENT_ID": "my-app", "PIPEDRIVE_CLIENT_SECRET_FILE": writeFile(t, "secret", "s3cret\r\n"),
		"PIPEDRIVE_ACCESS_TOKEN": "t0ken", "PIPEDRIVE_API_TOKEN": "ap1token",
	}
	banner, stop := startEmulatorIn(t, preset, "--addr", "127.0.0.1:0", "--user", "7:Ada:admin", "--user", "8:Bo", "--burst-limit", "3", "--token-lifetime", "90s",
		"--daily-budget", "35", "--refresh", "repeating", "--redirect-url", "http://localhost:3000/callback", "--allow-host", "pipedrive.test")
	env := settingsIn(t, banner)
	for _, secret := range []string{"s3cret", "t0ken", "ap1token"} {
		if strings.Contains(banner, secret) {
			t.Errorf("the banner shows %s:\n%s", secret, banner)
		}
	}
	if env["PIPEDRIVE_CLIENT_ID"] != "my-app" || env["PIPEDRIVE_ACCESS_TOKEN"] != "" || !strings.Contains(banner, "# PIPEDRIVE_CLIENT_SECRET is as you set it") {
		t.Errorf("the banner is:\n%s", banner)
	}
	url := vars{"PIPEDRIVE_BASE_URL": env["PIPEDRIVE_BASE_URL"]}
	add := []string{"channel", "add", "--name", "Shop", "--id", "shop-1", "--json"}
	r := pdchannels(t, url.with("PIPEDRIVE_ACCESS_TOKEN", "t0ken"), add...)
	if r.code != exitDone || field(r.object(t), "channel", "pd_user_id") != 7.0 || field(r.object(t), "channel", "marketplace_client_id") != "my-app" {
		t.Errorf("%+v", r)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, env["PIPEDRIVE_BASE_URL"]+"/channels/messages/receive", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Token", "ap1token")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := resp.Header.Get("X-RateLimit-Limit"); got != "3" {
		t.Errorf("the limit is %q", got)
	}
	// Of 35 tokens a day, 20 are spent.
	pdchannels(t, url.with("PIPEDRIVE_API_TOKEN", "ap1token"), "probe").wants(t, exitDone, "alive", "")
	pdchannels(t, url.with("PIPEDRIVE_API_TOKEN", "ap1token"), "probe", "--attempts", "1").wants(t, exitNotAllowed, "a limit is used up", "")
	if r := stop(); strings.Contains(r.stderr, "t0ken") {
		t.Errorf("the log shows a token:\n%s", r.stderr)
	}
}

func TestTheEmulatorForPrograms(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, w := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"emulator", "--addr", "127.0.0.1:0", "--json"}, vars{}.getenv, nil, w, &stderr)
	}()
	first, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	env := vars{}
	settings, _ := field(result{stdout: first}.object(t), "emulator", "environment").(map[string]any)
	for name, value := range settings {
		env[name], _ = value.(string)
	}
	pdchannels(t, env, "emulator", "wait").wants(t, exitDone, "is ready", "")
	pdchannels(t, env, "probe").wants(t, exitDone, "alive", "")
	cancel()
	if code := <-ended; code != exitDone {
		t.Errorf("exit code %d", code)
	}
	for line := range strings.Lines(stderr.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("the log has a line that is no JSON: %s", line)
		}
	}
	if !strings.Contains(stderr.String(), `"path":"/v1/channels/messages/receive","status":400`) {
		t.Errorf("the log: %s", stderr.String())
	}
}

func TestTheEmulatorKeepsItsStateInAFile(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "inbox.jsonl")
	for _, want := range []struct {
		code           int
		stdout, stderr string
	}{{exitDone, "is registered", ""}, {exitFailed, "", "CHANNEL_ALREADY_EXISTS"}} {
		banner, stop := startEmulator(t, "--addr", "127.0.0.1:0", "--data", data, "--sync")
		pdchannels(t, settingsIn(t, banner), "channel", "add", "--name", "Shop", "--id", "shop-1").wants(t, want.code, want.stdout, want.stderr)
		stop()
	}
	banner, stop := startEmulator(t, "--addr", "127.0.0.1:0", "--seed", data)
	pdchannels(t, settingsIn(t, banner), "channel", "add", "--name", "Shop", "--id", "shop-1").wants(t, exitFailed, "", "CHANNEL_ALREADY_EXISTS")
	stop()
}

func TestTheEmulatorsProfileAndSeed(t *testing.T) {
	t.Parallel()
	banner, stop := startEmulator(t, "--addr", "127.0.0.1:0", "--profile", "withdrawn", "--seed", "demo", "--company", "Ada's shop")
	defer stop()
	env := settingsIn(t, banner)
	pdchannels(t, env, "probe").wants(t, exitFailed, "withdrawn", "")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, env["PIPEDRIVE_OAUTH_URL"]+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "WhatsApp") {
		t.Errorf("the inbox: %v, %s\n%s", err, resp.Status, page)
	}
}

func TestWaitingForAnEmulatorEnds(t *testing.T) {
	t.Parallel()
	pdchannels(t, nil, "emulator", "wait", "--url", "http://127.0.0.1:1", "--timeout", "10ms").wants(t, exitFailed, "", "no emulator is ready at http://127.0.0.1:1 after 10ms: ")
	env := scripted(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusServiceUnavailable, "") })
	pdchannels(t, nil, "emulator", "wait", "--url", env["PIPEDRIVE_BASE_URL"], "--timeout", "2s").wants(t, exitFailed, "", "it answers 503 Service Unavailable")
	pdchannels(t, nil, "emulator", "wait", "--url", "emulator:8484").wants(t, exitUsage, "", "has no scheme")
}

// The emulator calls the app that --app or --manifest names.
func TestTheEmulatorCallsTheApp(t *testing.T) {
	t.Parallel()
	called := make(chan string, 1)
	app := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case called <- r.URL.Path:
		default:
		}
		answer(w, http.StatusOK, `{"success":true,"data":[]}`)
	})["PIPEDRIVE_BASE_URL"]
	manifest := writeFile(t, "manifest.json", pdchannels(t, nil, "manifest", "--base-url", app).stdout)
	for _, args := range [][]string{{"--app", app}, {"--manifest", manifest}, {"--app", app, "--plain-http"}} {
		banner, stop := startEmulator(t, append(args, "--addr", "127.0.0.1:0")...)
		pdchannels(t, settingsIn(t, banner), "channel", "add", "--name", "Shop", "--id", "shop-1").wants(t, exitDone, "shop-1", "")
		if path := <-called; path != "/v1/channels/shop-1/conversations" {
			t.Errorf("%v: it calls %s", args, path)
		}
		stop()
		select { // what it may have called besides
		case <-called:
		default:
		}
	}
}

func TestSettingsOfTheEmulatorThatCannotBeRight(t *testing.T) {
	t.Parallel()
	bad := writeFile(t, "manifest.json", "{}")
	for args, want := range map[string]string{
		"--user Rosa": "not of the form ID:NAME", "--user 0:Rosa": "not of the form", "--user 1:Rosa:owner": "not of the form",
		"--burst-limit 0": "--burst-limit is below 1", "--token-lifetime 10ms": "--token-lifetime is below 1", "--refresh never": "never",
		"--app localhost:3000": "write http://localhost:3000", "--app http://127.0.0.1:3000 --manifest " + bad: "either --app or --manifest", "--manifest " + bad: "names no getConversations", "--app http://app:3000": "--plain-http", "--client-id a:b": "not a client id",
		"start": `unknown command "start"`, "--sync": "goes with --data", "--profile asleep": "asleep", "--seed " + bad + "x": "no such file", "--seed " + bad: "kind is missing",
	} {
		pdchannels(t, nil, append([]string{"emulator", "--addr", "127.0.0.1:0"}, strings.Fields(args)...)...).wants(t, exitUsage, "", want)
	}
	pdchannels(t, vars{"PIPEDRIVE_CLIENT_ID": "two\nlines"}, "emulator", "--addr", "127.0.0.1:0").wants(t, exitUsage, "", "PIPEDRIVE_CLIENT_ID is ")
	pdchannels(t, vars{"PIPEDRIVE_PLAIN_HTTP": "maybe"}, "emulator", "--addr", "127.0.0.1:0").wants(t, exitUsage, "", "it is 1 or 0")
	pdchannels(t, vars{"PIPEDRIVE_ACCESS_TOKEN": "two words"}, "emulator", "--addr", "127.0.0.1:0").wants(t, exitUsage, "", "PIPEDRIVE_ACCESS_TOKEN: ")
}
