//go:build postgres

package pgstore_test

// Eight hosts share an installation, whose token expires again and again, while they are killed and stopped.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/scale/pgstore"
)

const (
	hostVariable     = "PDCHANNELS_TEST_HOST_DATABASE"
	oauthVariable    = "PDCHANNELS_TEST_HOST_OAUTH"
	lifetime         = 4 * time.Second // of an access token
	hosts            = 8
	hostLease        = 2 * time.Second
	expiriesWatched  = 4
	stoppedFor       = 2 * hostLease
	pauseOfTheKiller = 400 * time.Millisecond
)

// host is one of the hosts: it uses the token all the time, until it is killed.
func host() error {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv(hostVariable))
	if err != nil {
		return err
	}
	app, err := newApp(ctx, pool, os.Getenv(oauthVariable))
	if err != nil {
		return err
	}
	for {
		_, err := app.TokenSource(alice).TokenContext(ctx)
		if errors.Is(err, auth.ErrReauthorize) {
			return err
		}
		<-time.After(time.Duration(rand.IntN(40)) * time.Millisecond)
	}
}

func newApp(ctx context.Context, pool *pgxpool.Pool, oauth string) (*auth.App, error) {
	store, err := pgstore.Open(ctx, pool, pgstore.WithLease(hostLease))
	if err != nil {
		return nil, err
	}
	return auth.NewApp(auth.AppConfig{
		ClientID: "client", ClientSecret: auth.NewSecret("secret"), RedirectURL: "http://127.0.0.1/callback", OAuthURL: oauth, Store: store,
		Identify: func(context.Context, *auth.TokenSource) (auth.Installation, error) { return alice, nil },
	})
}

// oauthServer gives tokens that live for lifetime, and the same refresh token each time: one that was
// spent by a host which was killed before it could save is then not lost.
type oauthServer struct {
	*httptest.Server
	mu        sync.Mutex
	refreshes int
	refused   int
	last      time.Time
	closest   time.Duration // between two refreshes
}

func newOAuthServer(t *testing.T) *oauthServer {
	t.Helper()
	s := &oauthServer{closest: time.Hour, last: time.Now()}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *oauthServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.FormValue("grant_type") == "refresh_token" {
		if r.FormValue("refresh_token") != "refresh" {
			s.refused++
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"error":"invalid_grant"}`)
			return
		}
		s.refreshes++
		s.closest, s.last = min(s.closest, time.Since(s.last)), time.Now()
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": fmt.Sprint("access", s.refreshes), "token_type": "Bearer", "refresh_token": "refresh",
		"expires_in": int(lifetime / time.Second), "scope": "base", "api_domain": s.URL,
	})
}

func (s *oauthServer) counts() (refreshes, refused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refreshes, s.refused
}

func TestOneRefreshForEightHosts(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	watched := 0
	for began := time.Now(); watched < expiriesWatched; watched, _ = f.oauth.counts() {
		if time.Since(began) > time.Minute {
			t.Fatalf("%d refreshes in a minute", watched)
		}
		<-time.After(20 * time.Millisecond)
	}
	refreshes, refused := f.oauth.counts()
	t.Logf("%d refreshes in %v, %d refused, never two within %v", refreshes, time.Since(f.began), refused, f.oauth.closest)
	if refused > 0 || f.oauth.closest < lifetime/2 {
		t.Errorf("%d refreshes, two of them within %v, %d refused", refreshes, f.oauth.closest, refused)
	}
	for _, cmd := range f.cmds {
		if err := cmd.Process.Signal(syscall.Signal(0)); err != nil {
			t.Errorf("a host has ended: %v", err)
		}
	}
}

func TestHostsKilledAndStopped(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	var stopped sync.WaitGroup
	for range 25 {
		i := rand.IntN(hosts)
		victim := f.cmds[i]
		if rand.IntN(3) == 0 {
			_ = victim.Process.Signal(syscall.SIGSTOP)
			stopped.Go(func() {
				<-time.After(stoppedFor)
				_ = victim.Process.Signal(syscall.SIGCONT)
			})
		} else {
			_ = victim.Process.Kill()
			_ = victim.Wait()
			f.cmds[i] = f.start(t)
		}
		<-time.After(pauseOfTheKiller)
	}
	stopped.Wait()
	refreshes, refused := f.oauth.counts()
	t.Logf("%d refreshes in %v, %d refused", refreshes, time.Since(f.began), refused)
	if refused > 0 {
		t.Errorf("%d refreshes were refused", refused)
	}
	// In the end every host has a token that is good.
	app := f.app(t)
	if token, err := app.TokenSource(alice).TokenContext(t.Context()); err != nil || token.AccessToken == "" {
		t.Errorf("after all: %v", err)
	}
}

// fleet is an installation and its hosts.
type fleet struct {
	url   string
	oauth *oauthServer
	cmds  []*exec.Cmd
	began time.Time
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{url: database(t), oauth: newOAuthServer(t), began: time.Now()}
	if _, err := f.app(t).Install(t.Context(), "code"); err != nil {
		t.Fatal(err)
	}
	for range hosts {
		f.cmds = append(f.cmds, f.start(t))
	}
	t.Cleanup(func() {
		for _, cmd := range f.cmds {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return f
}

func (f *fleet) app(t *testing.T) *auth.App {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), f.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	app, err := newApp(t.Context(), pool, f.oauth.URL)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func (f *fleet) start(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), hostVariable+"="+f.url+"&pool_max_conns=2", oauthVariable+"="+f.oauth.URL)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}
