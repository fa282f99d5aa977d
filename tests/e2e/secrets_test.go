//go:build unix

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

const canary = "cAnArY-tweets-0815"

// Whatever a process prints, it prints no credential: here everything that answers echoes it.
func TestNoCredentialIsPrinted(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		credential := r.Header.Get("Authorization") + r.Header.Get("X-Api-Token")
		if strings.Contains(credential, canary) {
			seen.Add(1)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, `{"success":false,"error":%q,"errorCode":401,"error_info":%[1]q}`, credential) //nolint:gosec // no browser reads it
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "token")
	if err := errors.Join(os.WriteFile(file, []byte(canary+"\n"), 0o600), os.Chmod(file, 0o640)); err != nil {
		t.Fatal(err)
	}
	messages, _ := inFile(t, conversation(1, 3))

	var all strings.Builder
	runs := 0
	for _, credential := range []string{
		"PIPEDRIVE_ACCESS_TOKEN=" + canary, "PIPEDRIVE_API_TOKEN=" + canary,
		"PIPEDRIVE_ACCESS_TOKEN_FILE=" + file, "PIPEDRIVE_API_TOKEN_FILE=" + file,
	} {
		for _, args := range []string{
			"probe", "channel add --name Shop --id shop-1", "channel delete --id shop-1", "conversation delete --channel shop-1 --id c-1",
			"message receive --id m-1 --channel shop-1 --conversation c-1 --sender nils --status sent --text Hi",
			fmt.Sprintf("message receive -file %s -undelivered %s", messages, filepath.Join(t.TempDir(), "kept.jsonl")),
			"probe --json",
		} {
			env := []string{"PIPEDRIVE_BASE_URL=" + server.URL + "/v1", credential}
			r := pdchannels(t, env, strings.Fields(args)...)
			if !strings.Contains(r.stdout+r.stderr, "401") {
				t.Errorf("%s does not tell of the refusal: %+v", args, r)
			}
			all.WriteString(r.stdout + r.stderr)
			runs++
		}
		// Two credentials at once are named, and not printed.
		r := pdchannels(t, []string{credential, "PIPEDRIVE_API_TOKEN=" + canary, "PIPEDRIVE_ACCESS_TOKEN=" + canary}, "probe")
		r.wants(t, 2, "", "more than one credential")
		all.WriteString(r.stdout + r.stderr)
	}
	if got := seen.Load(); got != int64(runs) { // the positive control: it was there to be printed
		t.Errorf("the server got the credential %d times, want %d", got, runs)
	}
	if strings.Contains(all.String(), canary) {
		t.Errorf("the credential is printed:\n%s", all.String())
	}
	if !strings.Contains(all.String(), "warning: other users of this machine may read the secret in") || !strings.Contains(all.String(), "[redacted]") {
		t.Errorf("the output is not what was to be searched:\n%s", all.String())
	}
}
