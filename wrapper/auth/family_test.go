//go:build unix

// The parent of the processes: their server, their store, their signals.

package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/auth/filestore"
)

// A family is an installation in a file store, its access token expired, and a server.
type family struct {
	*testing.T
	*oauthServer
	dir, url string
	pid      int // of the child that the server signals
}

func newFamily(t *testing.T, repeats bool) *family {
	t.Helper()
	f := &family{T: t, oauthServer: newServer(), dir: t.TempDir()}
	f.repeats = repeats
	f.url = f.httpServer(t).URL
	store, err := filestore.Open(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	app, err := auth.NewApp(auth.AppConfig{
		ClientID: clientID, ClientSecret: auth.NewSecret(clientSecret), RedirectURL: "http://127.0.0.1/callback", OAuthURL: f.url, Store: store,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Install(t.Context(), f.code()); err != nil {
		t.Fatal(err)
	}
	err = store.Update(t.Context(), alice, func(_ context.Context, r auth.Record, save func(auth.Record) error) error {
		var fields map[string]any
		if err := json.Unmarshal(r, &fields); err != nil {
			return err
		}
		fields["expires_at"] = time.Now().Add(-time.Minute)
		r, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		return save(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// start starts a child; what it prints is in the buffer when it has ended.
func (f *family) start(signal, step string) (*exec.Cmd, *bytes.Buffer) {
	f.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PDCHANNELS_TEST_STORE="+f.dir, "PDCHANNELS_TEST_OAUTH="+f.url, "PDCHANNELS_TEST_SIGNAL="+signal, "PDCHANNELS_TEST_STEP="+step)
	out := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = out, out
	// In a group of its own: should this process die, the kernel ends the stopped children of an orphaned group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = cmd.Process.Kill() }) // a stopped one, after a failure
	return cmd, out
}

// wantToken checks that a child ended with the one token that the server now accepts.
func (f *family) wantToken(cmd *exec.Cmd, out *bytes.Buffer) {
	f.Helper()
	if err := cmd.Wait(); err != nil {
		f.Errorf("the child: %v\n%s", err, out)
	}
	token, found := strings.CutPrefix(strings.TrimSpace(out.String()), "token ")
	f.do(func() {
		if !found || !time.Now().Before(f.access[token]) {
			f.Errorf("the child ended with %q", out)
		}
	})
}

func (f *family) wantCalls(refreshes, refusals int) {
	f.Helper()
	if got := f.count("refresh_token"); got != refreshes || f.refusals != refusals {
		f.Errorf("the server was asked for %d refreshes and refused %d, want %d and %d", got, f.refusals, refreshes, refusals)
	}
}
