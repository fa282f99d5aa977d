package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestALoginIsRenewed(t *testing.T) {
	t.Parallel()
	server, env := oauthApp(t, emulator.Config{})
	logIn(t, env, "1").wants(t, exitDone, "Logged in", "")
	for i := range 3 {
		expire(t, env)
		pdchannels(t, env, "probe").wants(t, exitDone, "alive", "")
		pdchannels(t, env, "probe").wants(t, exitDone, "alive", "")
		if got := server.TokenCalls(); got.Refreshes != i+1 || got.RefusedRefreshes != 0 {
			t.Errorf("the token calls are %+v", got)
		}
	}
	// The user uninstalls the app in Pipedrive, and nobody listens here.
	if err := server.Uninstall(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	pdchannels(t, env, "probe").wants(t, exitNotAllowed, "refuses this credential", "")
	expire(t, env)
	pdchannels(t, env, "channel", "delete", "--id", "shop-1").wants(t, exitFailed, "", "Log in again: pdchannels login")
}

// expire has the stored access token end a minute ago.
func expire(t *testing.T, env vars) {
	t.Helper()
	records, err := filepath.Glob(filepath.Join(env["PIPEDRIVE_STORE"], "*", "*.json"))
	if err != nil || len(records) != 1 {
		t.Fatalf("%v; stored are %v", err, records)
	}
	var record map[string]any
	if err := json.Unmarshal([]byte(readFile(t, records[0])), &record); err != nil {
		t.Fatal(err)
	}
	record["expires_at"] = time.Now().Add(-time.Minute)
	text, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(records[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheSecretOfTheAppMayBeInAFile(t *testing.T) {
	t.Parallel()
	server, env := oauthApp(t, emulator.Config{})
	env = env.with("PIPEDRIVE_CLIENT_SECRET", "").with("PIPEDRIVE_CLIENT_SECRET_FILE", writeFile(t, "secret", server.ClientSecret()+"\n"))
	logIn(t, env, "1").wants(t, exitDone, "Logged in", "")
}

// What is stored is readable by its owner only, and nothing of it is ever printed.
func TestALoginIsKeptSecret(t *testing.T) {
	t.Parallel()
	_, env := oauthApp(t, emulator.Config{ClientID: "../app", ClientSecret: emulator.NewSecret(canary)})
	said := logIn(t, env, "1")
	all := said.stdout + said.stderr
	var stored strings.Builder
	files, err := filepath.Glob(filepath.Join(env["PIPEDRIVE_STORE"], "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(files, filepath.Dir(files[0]), env["PIPEDRIVE_STORE"]) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		if !info.IsDir() {
			stored.WriteString(readFile(t, path))
		}
	}
	secrets := regexp.MustCompile(`emulator-(access|refresh)-\w+`).FindAllString(stored.String(), -1)
	if len(secrets) != 2 || strings.Contains(stored.String(), canary) {
		t.Fatalf("stored is %s", stored.String())
	}
	for _, args := range []string{"probe", "channel delete --id shop-1 --json", "logout --json", "logout --local", "probe"} {
		r := pdchannels(t, env, strings.Fields(args)...)
		all += r.stdout + r.stderr
	}
	for _, secret := range append(secrets, canary) {
		if strings.Contains(all, secret) {
			t.Errorf("%s is printed:\n%s", secret, all)
		}
	}
}

func TestWhereLoginsAreStored(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	server, env := oauthApp(t, emulator.Config{})
	env = env.with("PIPEDRIVE_STORE", "").with("HOME", home).with("AppData", home)
	got := logIn(t, env, "1")
	if !strings.Contains(got.stdout, home) || !strings.Contains(got.stdout, filepath.Join("pdchannels", "app-"+server.ClientID())) {
		t.Errorf("%+v", got)
	}
	pdchannels(t, env, "probe").wants(t, exitDone, "alive", "")
	other := t.TempDir()
	pdchannels(t, env, "probe", "--store", other).wants(t, exitUsage, "", "there is no directory")
	if entries, err := os.ReadDir(other); err != nil || len(entries) != 0 {
		t.Errorf("looking for a login has made %v, %v", entries, err)
	}
}

// A directory that is missing may be a volume that is not mounted. Only a login makes it.
func TestAMissingStoreIsNotMade(t *testing.T) {
	t.Parallel()
	_, env := oauthApp(t, emulator.Config{})
	missing := filepath.Join(t.TempDir(), "volume")
	env = env.with("PIPEDRIVE_STORE", missing)
	for _, args := range [][]string{{"probe"}, {"logout"}} {
		pdchannels(t, env, args...).wants(t, exitUsage, "", "there is no directory "+missing)
	}
	if _, err := os.Stat(missing); !os.IsNotExist(err) {
		t.Errorf("the directory was made: %v", err)
	}
}
