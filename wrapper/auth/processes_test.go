//go:build unix

package auth_test

// Real processes on one file store: many at once, killed at each step of a refresh, and stopped
// there for longer than a call may take. The test binary runs itself as the child.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/auth/filestore"
)

const (
	childTimeout = 30 * time.Second
	// callTimeout is what a call may take in a child that stops, of the time that the child runs.
	callTimeout = 1500 * time.Millisecond
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("PDCHANNELS_TEST_STORE"); dir != "" {
		if err := child(dir); err != nil {
			fmt.Println("error", err)
		}
		return
	}
	os.Exit(m.Run())
}

// steps are the places in a refresh where a child can be stopped or killed by itself.
var steps = []string{"locked", "pending saved", "unsent", "answered", "unsaved", "saved"}

// child asks for a token in ten goroutines, as a process of an app would, and prints it.
func child(dir string) error {
	send := map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP}[os.Getenv("PDCHANNELS_TEST_SIGNAL")]
	goOn := make(chan os.Signal, 1)
	signal.Notify(goOn, syscall.SIGCONT)
	reached := func(step string) {
		if send != 0 && step == os.Getenv("PDCHANNELS_TEST_STEP") {
			_ = syscall.Kill(os.Getpid(), send)
			<-goOn // the threads stop, or die, one after the other: without this, one could get ahead
		}
	}
	store, err := filestore.Open(dir)
	if err != nil {
		return err
	}
	app, err := auth.NewApp(auth.AppConfig{
		ClientID: clientID, ClientSecret: auth.NewSecret(clientSecret), RedirectURL: "http://127.0.0.1/callback",
		OAuthURL: os.Getenv("PDCHANNELS_TEST_OAUTH"), Store: steppedStore{store, reached}, HTTPClient: &http.Client{Transport: steppedTransport{reached}},
	})
	if err != nil {
		return err
	}
	if send == syscall.SIGSTOP {
		app.SetCallTimeout(callTimeout)
	}
	ctx, cancel := context.WithTimeout(context.Background(), childTimeout)
	defer cancel()
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[string]bool{}
	for range 10 {
		all.Go(func() {
			token, err := app.TokenSource(alice).TokenContext(ctx)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, auth.ErrReauthorize):
				got["reauthorise"] = true
			case err != nil:
				got["error "+err.Error()] = true
			default:
				got["token "+token.AccessToken] = true
			}
		})
	}
	all.Wait()
	for line := range got {
		fmt.Println(line)
	}
	return app.Wait(ctx)
}

type steppedStore struct {
	auth.Store
	reached func(string)
}

func (s steppedStore) Update(ctx context.Context, key auth.Installation, f func(context.Context, auth.Record, func(auth.Record) error) error) error {
	return s.Store.Update(ctx, key, func(ctx context.Context, r auth.Record, save func(auth.Record) error) error {
		s.reached("locked")
		saves := 0
		return f(ctx, r, func(r auth.Record) error {
			if saves++; saves == 2 {
				s.reached("unsaved")
			}
			err := save(r)
			s.reached(map[int]string{1: "pending saved", 2: "saved"}[saves])
			return err
		})
	})
}

type steppedTransport struct{ reached func(string) }

func (t steppedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.reached("unsent")
	resp, err := http.DefaultTransport.RoundTrip(r)
	t.reached("answered")
	return resp, err
}

func TestOneRefreshForEightProcesses(t *testing.T) {
	t.Parallel()
	for _, repeats := range []bool{false, true} {
		f := newFamily(t, repeats)
		var cmds [8]*exec.Cmd
		var outs [8]*bytes.Buffer
		for i := range cmds {
			cmds[i], outs[i] = f.start("", "")
		}
		for i := range cmds {
			f.wantToken(cmds[i], outs[i])
		}
		f.wantCalls(1, 0)
	}
}

func TestAProcessKilledInARefresh(t *testing.T) {
	t.Parallel()
	for _, step := range append(steps, "spent") {
		for _, repeats := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, repeats %v", step, repeats), func(t *testing.T) {
				t.Parallel()
				f := newFamily(t, repeats)
				if step == "spent" { // the server has spent the token, and its answer finds nobody
					f.do(func() {
						f.spent = func(r *http.Request) {
							f.kill(syscall.SIGKILL)
							<-r.Context().Done() // its connection ends with it
						}
					})
				}
				victim, out := f.start("kill", step)
				f.do(func() { f.pid = victim.Process.Pid })
				if err := victim.Wait(); err == nil {
					t.Fatalf("the child was not killed: %s", out)
				}
				f.do(func() { f.spent = nil })

				next, out := f.start("", "")
				lost := step == "answered" || step == "unsaved" || step == "spent"
				switch {
				case !lost:
					f.wantToken(next, out)
					f.wantCalls(1, 0)
				case repeats:
					f.wantToken(next, out)
					f.wantCalls(2, 0)
				default: // the only copy of the new refresh token died
					if err := next.Wait(); err != nil || !strings.HasSuffix(strings.TrimSpace(out.String()), "reauthorise") {
						t.Errorf("the next process: %v\n%s", err, out)
					}
					f.wantCalls(2, 1)
				}
			})
		}
	}
}

// TestAProcessStoppedInARefresh stops one process of a family at each step for longer than its
// call may take. The others wait, since only that one may have the answer; when it goes on it
// finds the answer in its socket, and all have the token of one refresh.
func TestAProcessStoppedInARefresh(t *testing.T) {
	t.Parallel()
	type child struct {
		cmd *exec.Cmd
		out *bytes.Buffer
	}
	families := map[string]*family{}
	children := map[string][]child{} // the first is the one to be stopped
	stopped := make(chan struct{})
	start := func(step, signal string) {
		cmd, out := families[step].start(signal, step)
		children[step] = append(children[step], child{cmd, out})
	}
	for _, step := range append(steps, "spent") {
		f := newFamily(t, false)
		families[step] = f
		if step == "spent" {
			f.do(func() {
				f.spent = func(r *http.Request) {
					f.kill(syscall.SIGSTOP)
					select {
					case <-stopped: // no answer finds it running
					case <-r.Context().Done():
					}
				}
			})
		}
		start(step, "stop")
		f.do(func() { f.pid = children[step][0].cmd.Process.Pid })
	}
	for step, c := range children {
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(c[0].cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
			t.Fatalf("%s: the child did not stop: %v, %v\n%s", step, err, status, c[0].out)
		}
	}
	close(stopped)
	for step := range families {
		for range map[string]int{"spent": 7}[step] + 1 {
			start(step, "")
		}
	}
	<-time.After(2 * callTimeout)
	for step, f := range families {
		if err := children[step][0].cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		for _, c := range children[step] {
			f.wantToken(c.cmd, c.out)
		}
		f.wantCalls(1, 0)
		if t.Failed() {
			t.Fatalf("stopped at %q", step)
		}
	}
}

// kill signals the child, whose process id is known soon after it has started.
func (f *family) kill(signal syscall.Signal) {
	for {
		var pid int
		f.do(func() { pid = f.pid })
		if pid != 0 {
			_ = syscall.Kill(pid, signal)
			return
		}
		<-time.After(time.Millisecond)
	}
}
