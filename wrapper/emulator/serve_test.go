// The emulator as a whole: its settings, its secrets, its life on a listener.

package emulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]emulator.Config{
		"BurstLimit":                  {BurstLimit: -1},
		"DailyBudget":                 {DailyBudget: -1},
		"Users[0].ID is 0":            {Users: []emulator.User{{}}},
		"Users[1].ID is 7":            {Users: []emulator.User{{ID: 7}, {ID: 7}}},
		"token of Users[1] is in use": {Users: []emulator.User{{ID: 1, APIToken: emulator.NewSecret("t")}, {ID: 2, APIToken: emulator.NewSecret("t")}}},
		"token of Users[0] is in use": {Users: []emulator.User{{ID: 1, APIToken: emulator.NewSecret("t"), AccessToken: emulator.NewSecret("t")}}},
		"AccessTokenLifetime is -1s":  {AccessTokenLifetime: -time.Second},
		"AccessTokenLifetime is 1.5s": {AccessTokenLifetime: 1500 * time.Millisecond},
		`RefreshMode is "once"`:       {RefreshMode: "once"},
		"RedirectURLs[1]":             {RedirectURLs: []string{"https://app.example/callback", "app.example"}},
		"cannot carry":                {Users: []emulator.User{{ID: 1, AccessToken: emulator.NewSecret("t t")}}},
	} {
		e, err := emulator.New(cfg)
		if err == nil || e != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%+v) = %v, %v, want an error with %q", cfg, e, err, want)
		}
	}
}

func TestGivenTokensAreKept(t *testing.T) {
	t.Parallel()
	users := []emulator.User{{ID: 9, Admin: true, AccessToken: emulator.NewSecret("a9")}, {ID: 8, APIToken: emulator.NewSecret("p8")}}
	a := start(t, emulator.Config{Users: users, ClientID: "id", ClientSecret: emulator.NewSecret("secret")})
	got := a.Users()
	if a.AccessToken() != "a9" || got[1].APIToken.Reveal() != "p8" || got[0].APIToken.Reveal() == "" || got[1].AccessToken.Reveal() == "" ||
		a.ClientID() != "id" || a.ClientSecret() != "secret" {
		t.Error("a given token was not kept, or one left out was not made")
	}
	if users[0].APIToken.Reveal() != "" {
		t.Error("New wrote into the caller's slice")
	}
	got[0].AccessToken = emulator.NewSecret("changed")
	if a.AccessToken() != "a9" {
		t.Error("Users gave out the emulator's own slice")
	}
	other := start(t, emulator.Config{})
	if another := start(t, emulator.Config{}); other.AccessToken() == another.AccessToken() || other.ClientSecret() == another.ClientSecret() {
		t.Error("two emulators have the same random tokens")
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	cfg := emulator.Config{
		Users:    []emulator.User{{ID: 1, AccessToken: emulator.NewSecret("canary-1"), APIToken: emulator.NewSecret("canary-2")}},
		ClientID: "app", ClientSecret: emulator.NewSecret("canary-3"),
	}
	s := emulator.Start(t, cfg)
	var printed strings.Builder
	for _, value := range []any{cfg, &cfg, cfg.Users, cfg.Users[0], cfg.ClientSecret, struct{ inside emulator.Config }{cfg}, s, *s, s.Emulator, *s.Emulator, s.Users()} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&printed, verb+"\n", value)
		}
		slog.New(slog.NewTextHandler(&printed, nil)).Info("", "value", value)
		slog.New(slog.NewJSONHandler(&printed, nil)).Info("", "value", value)
	}
	b, err := json.Marshal([]emulator.Secret{cfg.ClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	printed.Write(b)
	for _, secret := range []string{"canary", fmt.Sprintf("%x", "canary")} {
		if at := strings.Index(printed.String(), secret); at >= 0 {
			t.Errorf("a secret is printed: …%s", printed.String()[max(0, at-80):at+10])
		}
	}
	if !strings.Contains(printed.String(), "[redacted]") { // the search looks where secrets would be
		t.Error("nothing was redacted")
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	e, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- e.Serve(ctx, l) }()
	idle, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String()) // a client that never asks does not hold it up
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = idle.Close() }()
	if err := idle.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	api{Server: &emulator.Server{Emulator: e, URL: "http://" + l.Addr().String()}, tb: t}.with("Accept", "*/*").do("GET", "/nowhere", "")
	cancel()
	select {
	case err := <-served:
		if err != nil {
			t.Errorf("Serve = %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("Serve goes on after its context has ended")
	}
	if _, err := idle.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the idle connection reads %v, want its end", err)
	}
	if _, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String()); err == nil {
		t.Error("the listener is still open")
	}
	if err := e.Serve(t.Context(), l); !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("Serve on a closed listener = %v", err)
	}
}

// failing is a test that notes what Start tells it.
type failing struct {
	said     string
	cleanups []func()
}

func (f *failing) Helper()          {}
func (f *failing) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }
func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	panic(f)
}

func TestStartFailsTheTest(t *testing.T) {
	t.Parallel()
	f := &failing{}
	defer func() {
		if recover() != f || !strings.Contains(f.said, "BurstLimit") || len(f.cleanups) != 0 {
			t.Errorf("Start said %q", f.said)
		}
	}()
	emulator.Start(f, emulator.Config{BurstLimit: -1})
}

func TestStartEndsWithTheTest(t *testing.T) {
	t.Parallel()
	f := &failing{}
	s := emulator.Start(f, emulator.Config{})
	if s.BaseURL != s.URL+"/v1" || !strings.HasPrefix(s.URL, "http://127.0.0.1:") {
		t.Errorf("URL %q, BaseURL %q", s.URL, s.BaseURL)
	}
	for _, cleanup := range f.cleanups {
		cleanup()
	}
	if _, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://")); err == nil {
		t.Error("the port is still open")
	}
}

// Off loopback, a name as docker compose gives is served; both paths for health checks answer.
func TestServedBeyondLoopback(t *testing.T) {
	t.Parallel()
	e, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- e.Serve(ctx, l) }()
	port := l.Addr().(*net.TCPAddr).Port
	for host, want := range map[string]int{"emulator": 200, "emulator:8484": 200, "127.0.0.1": 200, "evil.example": 403} {
		for _, path := range []string{"/livez", "/readyz", "/", "/_emulator/state"} {
			want := want
			if want == 200 && len(path) != len("/livez") && path != "/readyz" {
				want = 401 // there is a password
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s as %s: got %d, want %d", path, host, resp.StatusCode, want)
			}
		}
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
