//go:build unix

package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/pdchannels/pdchannels/wrapper/channels"
	_ "github.com/pdchannels/pdchannels/wrapper/emulator"
)

// dir is where the command is built, and binary the command.
var dir, binary string

func TestMain(m *testing.M) {
	// Tests that run in the background (nohup, &) ignore these signals, and their children would
	// inherit that. What a process handles instead, its children have at its default.
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	var err error
	if dir, err = os.MkdirTemp("", "pdchannels-e2e"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "pdchannels")
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// build builds the command once.
//
// go test answers from its cache unless it has seen what the result depends on: the files of the
// command, which are read here, and the packages below it, which are imported above. It sees
// what is read in a test, not in TestMain.
var build = sync.OnceValue(func() error {
	if err := os.CopyFS(filepath.Join(dir, "seen"), os.DirFS("../../cmd/pdchannels")); err != nil {
		return err
	}
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", binary, "../../cmd/pdchannels").CombinedOutput()
	if err != nil {
		return fmt.Errorf("building the command: %w\n%s", err, out)
	}
	return nil
})

// process is a running command.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr *bufio.Reader
	pipes  []io.Closer     // under stdout and stderr
	read   strings.Builder // what waitFor has read of stderr
}

// start runs the command, with no environment but env.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	// Nothing here takes seconds, so whatever takes a minute hangs.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	p := &process{t: t, cmd: exec.CommandContext(ctx, binary, args...)}
	p.cmd.Env = append([]string{"HOME=" + t.TempDir()}, env...)
	p.cmd.Dir = t.TempDir()
	stdin, err1 := p.cmd.StdinPipe()
	stdout, err2 := p.cmd.StdoutPipe()
	stderr, err3 := p.cmd.StderrPipe()
	if err := errors.Join(err1, err2, err3, p.cmd.Start()); err != nil {
		t.Fatal(err)
	}
	p.stdin, p.stdout, p.stderr = stdin, bufio.NewReader(stdout), bufio.NewReader(stderr)
	p.pipes = []io.Closer{stdout, stderr}
	return p
}

// waitFor reads stderr up to a line with the text.
func (p *process) waitFor(text string) {
	p.t.Helper()
	for {
		line, err := p.stderr.ReadString('\n')
		p.read.WriteString(line)
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			p.t.Fatalf("%v, and no %q in stderr: %s", err, text, p.read.String())
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

type result struct {
	code           int // -1 if a signal ended the process
	stdout, stderr string
}

// end waits for the process to end, and returns what waitFor has not taken of its output.
func (p *process) end() result {
	p.t.Helper()
	_ = p.stdin.Close()
	stderr := make(chan string)
	go func() {
		rest, _ := io.ReadAll(p.stderr)
		stderr <- string(rest)
	}()
	stdout, err := io.ReadAll(p.stdout)
	r := result{stdout: string(stdout), stderr: p.read.String() + <-stderr}
	if err := errors.Join(err, p.cmd.Wait()); err != nil && !errors.As(err, new(*exec.ExitError)) {
		p.t.Fatal(err)
	}
	r.code = p.cmd.ProcessState.ExitCode()
	return r
}

// pdchannels runs the command to its end.
func pdchannels(t *testing.T, env []string, args ...string) result {
	t.Helper()
	return start(t, env, args...).end()
}

func (r result) wants(t *testing.T, code int, stdout, stderr string) {
	t.Helper()
	if r.code != code || !strings.Contains(r.stdout, stdout) || !strings.Contains(r.stderr, stderr) {
		t.Errorf("exit code %d, stdout %q, stderr %q\nwant      %d, stdout %q, stderr %q", r.code, r.stdout, r.stderr, code, stdout, stderr)
	}
}
