package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// vars is the environment of a command under test.
type vars map[string]string

func (v vars) getenv(name string) string { return v[name] }

func (v vars) with(name, value string) vars {
	more := vars{name: value}
	for n, old := range v {
		if n != name {
			more[n] = old
		}
	}
	return more
}

type result struct {
	code           int
	stdout, stderr string
}

// pdchannels runs a command line as main does.
func pdchannels(t *testing.T, env vars, args ...string) result {
	t.Helper()
	return piped(t, env, "", args...)
}

// piped is pdchannels with an input.
func piped(t *testing.T, env vars, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, env.getenv, strings.NewReader(stdin), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// wants fails the test unless the command ended so; the texts are parts of what it wrote.
func (r result) wants(t *testing.T, code int, stdout, stderr string) {
	t.Helper()
	part := func(got, want string) bool {
		if want == "" {
			return got == ""
		}
		return strings.Contains(got, want)
	}
	if r.code != code || !part(r.stdout, stdout) || !part(r.stderr, stderr) {
		t.Errorf("exit code %d, stdout %q, stderr %q\nwant      %d, stdout %q, stderr %q", r.code, r.stdout, r.stderr, code, stdout, stderr)
	}
}

// object is the one JSON object that the command wrote.
func (r result) object(t *testing.T) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(r.stdout))
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		t.Fatalf("stdout is no JSON object: %v\n%s", err, r.stdout)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("stdout is more than one JSON object:\n%s", r.stdout)
	}
	return object
}

// field walks down an object: field(o, "error", "code").
func field(object map[string]any, path ...string) any {
	var at any = object
	for _, name := range path {
		inner, _ := at.(map[string]any)
		at = inner[name]
	}
	return at
}

// pipedrive starts an emulator, and returns it with the settings that lead there.
func pipedrive(t *testing.T) (*emulator.Server, vars) {
	t.Helper()
	server := emulator.Start(t, emulator.Config{})
	return server, vars{"PIPEDRIVE_BASE_URL": server.BaseURL, "PIPEDRIVE_ACCESS_TOKEN": server.AccessToken()}
}

// scripted starts a server that answers as the handler does, and returns the settings.
func scripted(t *testing.T, handler http.HandlerFunc) vars {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return vars{"PIPEDRIVE_BASE_URL": server.URL + "/v1", "PIPEDRIVE_ACCESS_TOKEN": "token"}
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) //nolint:gosec // no browser reads what the tests answer
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
