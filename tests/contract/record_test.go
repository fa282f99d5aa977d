// The recorder as a test: `make record BASE_URL=…`. Without its flag the same code plays
// the corpus against an emulator of its own, so that it works on the day it is needed.
package contract

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/tests/recordings"
	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

var (
	recordFlag = flag.Bool("record", false, "play the corpus against -base-url and write down what answers")
	baseURL    = flag.String("base-url", "", "the prefix of /channels at the service to record")
	outDir     = flag.String("out", "", "a new folder for the recordings (default: one named by the time, in tests/recordings)")
)

func TestRecord(t *testing.T) {
	t.Parallel()
	if *recordFlag {
		recordForReal(t)
		return
	}
	server := emulator.Start(t, emulator.Config{BurstLimit: 10_000})
	dir := filepath.Join(t.TempDir(), "new")
	s := &session{
		baseURL: server.BaseURL,
		dir:     dir,
		tokens: map[string]string{
			recordings.AccessToken:       server.Users()[0].AccessToken.Reveal(),
			recordings.APIToken:          server.Users()[0].APIToken.Reveal(),
			recordings.MemberAccessToken: server.Users()[1].AccessToken.Reveal(),
		},
	}
	report, err := s.recordAll(t.Context(), corpus(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range report.left {
		if !strings.Contains(line, "given") && !strings.Contains(line, "no call") && !strings.Contains(line, "same call") {
			t.Errorf("not recorded: %s", line)
		}
	}
	for source, name := range report.written {
		sameAsItsSource(t, dir, named(t, source), name)
	}
	for _, want := range []string{"addChannel-200", "addChannel-200-unicode", "addChannel-403", "deleteConversation-404", "receiveMessage-400-probe"} {
		if report.written[want] == "" {
			t.Errorf("%s was not recorded", want)
		}
	}
	if left := server.Channels(); len(left) > 0 {
		t.Errorf("the recorder left %d channels behind", len(left))
	}
	if _, err := s.recordAll(t.Context(), corpus(t)); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second recording into the same folder returned %v, want os.ErrExist", err)
	}
}

// sameAsItsSource checks what was written down of the emulator: a recording fit for the
// corpus, that claims to be nothing else, with the same exchange as the one it was played from.
func sameAsItsSource(t *testing.T, dir string, source *recordings.Recording, name string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := recordings.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	if got.Origin != recordings.Emulator {
		t.Errorf("%s has the origin %s", name, got.Origin)
	}
	if source.ExemptFrom(recordings.CheckEmulator) {
		return
	}
	want := source.Request
	_, gotPath, _ := strings.Cut(got.Request.Path, "/channels")
	_, want.Path, _ = strings.Cut(want.Path, "/channels")
	got.Request.Path = gotPath
	if got.Request.String() != want.String() {
		t.Errorf("%s was recorded from %s with the request\n%s\nand not\n%s", name, source.Name, got.Request, want)
	}
	if got.Response.Status != source.Response.Status {
		t.Errorf("%s was recorded from %s, whose status is %d", name, source.Name, source.Response.Status)
	}
}

func recordForReal(t *testing.T) {
	t.Helper()
	dir := *outDir
	if dir == "" {
		dir = filepath.Join("..", "recordings", time.Now().UTC().Format("recorded-20060102-150405"))
	}
	s := &session{
		baseURL: *baseURL,
		dir:     dir,
		tokens: map[string]string{
			recordings.AccessToken:       os.Getenv("PIPEDRIVE_ACCESS_TOKEN"),
			recordings.APIToken:          os.Getenv("PIPEDRIVE_API_TOKEN"),
			recordings.MemberAccessToken: os.Getenv("PIPEDRIVE_MEMBER_ACCESS_TOKEN"),
		},
		pace: 50 * time.Millisecond, // 40 requests in 2 seconds, half of the smallest burst limit
	}
	report, err := s.recordAll(t.Context(), corpus(t))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	_, _ = fmt.Fprintf(&text, "%d exchanges were recorded. Read each file, its result above all, against the reference;\nthen move it into tests/recordings. Do not add this report to the corpus.\n\n", len(report.written))
	for _, source := range slices.Sorted(maps.Keys(report.written)) {
		_, _ = fmt.Fprintf(&text, "recorded %s.txtar from %s\n", report.written[source], source)
	}
	for _, line := range report.left {
		_, _ = fmt.Fprintln(&text, "left out", line)
	}
	if err := os.WriteFile(filepath.Join(dir, "report.txt"), []byte(s.scrub.text(text.String())), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s:\n%s", dir, &text)
}

// originOf tells what a recording from a base URL is evidence of. It is derived and not
// asked for, so that nobody can label the emulator as live by mistake.
func originOf(baseURL string) (recordings.Origin, error) {
	u, err := url.Parse(baseURL)
	switch {
	case err != nil || u.Host == "":
		return "", fmt.Errorf("the base URL %q is none: it looks like https://company.pipedrive.com/api/v1", baseURL)
	case u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1":
		return recordings.Emulator, nil
	case u.Scheme == "https" && strings.HasSuffix(u.Host, ".pipedrive.com"):
		return recordings.Live, nil
	default:
		return "", fmt.Errorf("the base URL %q is neither Pipedrive's by https nor on loopback: what answers there is evidence of nothing", baseURL)
	}
}

func TestOriginFollowsFromTheBaseURL(t *testing.T) {
	t.Parallel()
	for baseURL, want := range map[string]recordings.Origin{
		"https://api.pipedrive.com/v1":            recordings.Live,
		"https://acme.pipedrive.com/api/v1":       recordings.Live,
		"http://127.0.0.1:8484/v1":                recordings.Emulator,
		"https://localhost/v1":                    recordings.Emulator,
		"http://[::1]:8484/v1":                    recordings.Emulator,
		"http://api.pipedrive.com/v1":             "",
		"https://api.pipedrive.com.evil.test/v1":  "",
		"https://evilpipedrive.com/v1":            "",
		"https://api.pipedrive.com@evil.test/v1":  "",
		"https://acme.pipedrive.com:8443/api/v1":  "",
		"https://emulator.example/v1":             "",
		"api.pipedrive.com/v1":                    "",
		"":                                        "",
		"https://api.pipedrive.com%2f.evil.test/": "",
	} {
		got, err := originOf(baseURL)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", baseURL, got, err, want)
		}
	}
}
