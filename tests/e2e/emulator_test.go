//go:build unix

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// startEmulator runs `pdchannels emulator` and returns its banner, which it leaves complete:
// it ends with the settings of the second user.
func startEmulator(t *testing.T) (emulator *process, banner string) {
	t.Helper()
	p := start(t, nil, "emulator", "--addr", "127.0.0.1:0")
	for strings.Count(banner, "export PIPEDRIVE_") < 4 {
		line, err := p.stdout.ReadString('\n')
		if err != nil {
			t.Fatalf("%v after %q: %+v", err, banner, p.end())
		}
		banner += line
	}
	return p, banner
}

// settings are the exports of a banner.
func settings(banner string) (env []string) {
	for line := range strings.Lines(banner) {
		if export, ok := strings.CutPrefix(line, "export "); ok {
			env = append(env, strings.TrimSpace(export))
		}
	}
	return env
}

// A shell session as the README has it: the banner is pasted, and everything works.
func TestASessionInAShell(t *testing.T) {
	t.Parallel()
	emulator, banner := startEmulator(t)
	dir := t.TempDir()
	messages := filepath.Join(dir, "messages.jsonl")
	if err := os.WriteFile(messages, []byte(conversation(1, 3)), 0o600); err != nil {
		t.Fatal(err)
	}
	script := banner + `
set -e
pdchannels probe
pdchannels channel add --name Shop --id shop-1 --provider-type whatsapp
pdchannels channel add --name Shop --id shop-1 && exit 99 || echo "exit code $?"
pdchannels message receive --id m-0 --channel shop-1 --conversation c-0 --sender nils --status sent --text "Is it in stock?"
pdchannels message receive --check --file messages.jsonl
pdchannels message receive --file messages.jsonl
pdchannels message receive --file - < messages.jsonl
pdchannels conversation delete --channel shop-1 --id c-0
PIPEDRIVE_ACCESS_TOKEN=wrong pdchannels channel delete --id shop-1 && exit 99 || echo "exit code $?"
pdchannels channel delete --id shop-1
eval "$(printf '%s\n' "$BANNER")"
pdchannels probe --json
`
	shell := exec.CommandContext(t.Context(), "sh", "-c", script)
	shell.Dir = dir
	shell.Env = []string{"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH"), "BANNER=" + banner}
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"alive and open to this credential", `Channel shop-1 is registered as "Shop".`, "409 CHANNEL_ALREADY_EXISTS", "exit code 1\n",
		"Message m-0 is in conversation c-0 of channel shop-1, with status sent.", "3 of 3 messages are well formed",
		"3 of 3 messages delivered", "Conversation c-0 of channel shop-1 is deleted", "answered 401", "exit code 4\n",
		"Channel shop-1 is deleted", `"verdict":"alive"`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the session does not show %q:\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "\r") || strings.Contains(string(out), "\x1b") {
		t.Errorf("there is no terminal, and yet it is drawn on:\n%q", out)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("the session left %v", left)
	}

	emulator.signal(os.Interrupt)
	r := emulator.end()
	r.wants(t, 0, "", "DELETE /v1/channels/shop-1 → 401")
	if posts := strings.Count(r.stderr, "POST   /v1/channels/messages/receive → 200\n"); posts != 7 {
		t.Errorf("the log has %d messages, want 7:\n%s", posts, r.stderr)
	}
	for _, setting := range settings(banner) {
		if _, token, _ := strings.Cut(setting, "TOKEN="); token != "" && strings.Contains(r.stderr, token) {
			t.Errorf("the log has a token:\n%s", r.stderr)
		}
	}
}

func TestTheEmulatorEndsWithEverySignal(t *testing.T) {
	t.Parallel()
	for _, s := range ends {
		emulator, _ := startEmulator(t)
		emulator.signal(s)
		emulator.end().wants(t, 0, "", "")
	}
}

func TestJSONForScripts(t *testing.T) {
	t.Parallel()
	_, banner := startEmulator(t)
	env := settings(banner)
	for _, c := range []struct {
		code int
		args string
		want string // the key of the object
	}{
		{0, "probe", "probe"},
		{0, "channel add --name Shop --id shop-1", "channel"},
		{1, "channel add --name Shop --id shop-1", "error"},
		{2, "channel add --name Shop", "error"},
		{0, "message receive --id m-1 --channel shop-1 --conversation c-1 --sender nils --status sent --text Hi", "message"},
		{1, "conversation delete --channel shop-1 --id c-9", "error"},
		{0, "conversation delete --channel shop-1 --id c-1", "deleted"},
		{0, "channel delete --id shop-1", "deleted"},
		{2, "no such command", "error"},
		{0, "version", "version"},
	} {
		r := pdchannels(t, env, append(strings.Fields(c.args), "--json")...)
		var object map[string]any
		if err := json.Unmarshal([]byte(r.stdout), &object); err != nil || r.code != c.code || object[c.want] == nil {
			t.Errorf("%s: exit code %d, %v\n%s%s", c.args, r.code, err, r.stdout, r.stderr)
		}
	}
}

func TestTheDemo(t *testing.T) {
	t.Parallel()
	r := pdchannels(t, nil, "demo")
	r.wants(t, 0, "and all is well.", "")
	exchanges := regexp.MustCompile(`(?m)^   (GET|POST|DELETE) +/\S+ → \d{3}( [A-Z_]+)?  \d+\.\d ms(  .+)?$`).FindAllString(r.stdout, -1)
	said := regexp.MustCompile(`(?m)^(\d+) exchanges and \d+ checks in `).FindStringSubmatch(r.stdout)
	if said == nil || said[1] != strconv.Itoa(len(exchanges)) || len(exchanges) < 30 || strings.Contains(r.stdout, "\x1b") {
		t.Errorf("%d exchanges, and it says %q:\n%s", len(exchanges), said, r.stdout)
	}
}
