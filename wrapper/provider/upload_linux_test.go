// How much memory a large upload takes: of a process of its own, as the kernel counts it.

package provider_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

const (
	mebibyte = 1 << 20
	appEnv   = "PROVIDER_TEST_APP"
)

// TestMain lets the test binary be the app of TestUploadMemory.
func TestMain(m *testing.M) {
	if os.Getenv(appEnv) != "" {
		runApp()
		return
	}
	os.Exit(m.Run())
}

// runApp serves an app that reads files and keeps nothing, until its input ends.
func runApp() {
	a := &ableApp{}
	a.receiveFile = func(_ context.Context, req provider.ReceiveFileRequest) (string, error) {
		_, err := io.Copy(io.Discard, req.Content)
		return "key", err
	}
	a.postMessage = func(_ context.Context, req provider.PostMessageRequest) (string, error) {
		return strconv.FormatInt(req.Files[0].Size, 10), nil
	}
	h, err := provider.NewHandler(a, provider.BasicAuth(clientID, clientSecret))
	if err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go func() { _ = (&http.Server{Handler: h, ReadHeaderTimeout: time.Minute}).Serve(l) }()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// A file of a GiB streams through a process that stays small.
func TestUploadMemory(t *testing.T) {
	t.Parallel()
	peak := upload(t, uploadSize)
	t.Log(peak/mebibyte, "MiB")
	if peak > maxUploadRSS {
		t.Errorf("the process took %d MiB at its peak, want %d at most", peak/mebibyte, maxUploadRSS/mebibyte)
	}
}

func BenchmarkUpload(b *testing.B) {
	b.SetBytes(uploadSize)
	for b.Loop() {
		upload(b, uploadSize)
	}
}

// upload posts a file of the size to an app in a process of its own, ahead of the other
// fields, and returns the most memory that process had.
func upload(t testing.TB, size int64) (peak int64) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	app := exec.Command(binary)
	app.Env = append(os.Environ(), appEnv+"=1")
	app.Stderr = os.Stderr
	stdin, err := app.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := app.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stdin.Close()
		if err := app.Wait(); err != nil {
			t.Error(err)
		}
	}()
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}

	body := io.MultiReader(strings.NewReader(formStart), io.LimitReader(zeros{}, size), strings.NewReader(formEnd))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+strings.TrimSpace(address)+"/channels/c/messages", body)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(clientID, clientSecret)
	req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	res, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(answer), strconv.FormatInt(size, 10)) {
		t.Fatalf("answered %d %s %v", res.StatusCode, answer, err)
	}

	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", app.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if match == nil {
		t.Fatalf("no peak in %s", status)
	}
	kilobytes, err := strconv.ParseInt(string(match[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
