package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// block is one fenced block of a page.
type block struct {
	where      string // file:line
	language   string
	parameters string // of a Go block
	text       string
}

var (
	parameters = regexp.MustCompile(`^<!-- go: (.*) -->$`)
	comment    = regexp.MustCompile(`(?m)//.*$`)
)

// pages returns the paths of the pages that users read, from the root of the module.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"} {
		found = append(found, filepath.Join("../..", name))
	}
	return found
}

func blocks(t *testing.T) []block {
	t.Helper()
	var found []block
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		var open *block
		declared := ""
		for i, line := range strings.Split(string(text), "\n") {
			language, fence := strings.CutPrefix(line, "```")
			switch {
			case fence && open == nil:
				open = &block{where: fmt.Sprintf("%s:%d", filepath.Base(page), i+1), language: language, parameters: declared}
			case fence:
				found, open, declared = append(found, *open), nil, ""
			case open != nil:
				open.text += line + "\n"
			default:
				if m := parameters.FindStringSubmatch(line); m != nil {
					declared = m[1]
				}
			}
		}
		if open != nil {
			t.Errorf("%s: the block does not end", open.where)
		}
	}
	return found
}

// imports are the packages that snippets may use, by the name they use them by.
var imports = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "http": "net/http", "iter": "iter", "log": "log", "os": "os", "slices": "slices", "slog": "log/slog",
	"testing": "testing", "time": "time", "oauth2": "golang.org/x/oauth2", "openapi3": "github.com/getkin/kin-openapi/openapi3",
	"auth": module + "wrapper/auth", "channels": module + "wrapper/channels", "channelsclient": module + "gen/channelsclient", "conformance": module + "wrapper/conformance",
	"emulator": module + "wrapper/emulator", "filestore": module + "wrapper/auth/filestore", "provider": module + "wrapper/provider",
}

const module = "github.com/pdchannels/pdchannels/"

// A snippet is compiled as it stands, with the imports that it needs, in a file that only
// the compiler sees.
func TestGoSnippetsCompile(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	args := []string{"build", "-overlay", filepath.Join(dir, "overlay.json")}
	for i, b := range blocks(t) {
		if b.language != "go" {
			continue
		}
		var source bytes.Buffer
		body := fmt.Sprintf("func _(%s) {\n//line %s\n%s}\n", b.parameters, b.where, b.text)
		source.WriteString("package snippet\n")
		code := comment.ReplaceAllString(body, "")
		for _, name := range slices.Sorted(maps.Keys(imports)) {
			if regexp.MustCompile(`\b` + name + `\.[A-Z]`).MatchString(code) {
				fmt.Fprintf(&source, "import %q\n", imports[name])
			}
		}
		source.WriteString(body)
		file, pkg := filepath.Join(dir, fmt.Sprintf("%d.go", i)), fmt.Sprintf("tests/docs/snippet%d", i)
		if err := os.WriteFile(file, source.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(root, pkg, "snippet.go")] = file
		args = append(args, "./"+pkg)
	}
	if len(overlay.Replace) < 5 {
		t.Errorf("found %d Go snippets, want those of the README at least", len(overlay.Replace))
	}
	text, err := json.Marshal(overlay)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "overlay.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", args...)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// prelude stands before each shell block.
const prelude = `set -eu
make() { command make -C "$ROOT" -n "$@" >/dev/null; }
go() {
	case "$1 $2" in
	"run ./cmd/pdchannels") shift 2; pdchannels "$@" ;;
	"run ./"*) command go vet -C "$ROOT" "$2" ;;
	"get "* | "install "*) command go list -C "$ROOT" "${2%@*}" >/dev/null ;;
	*) echo "the test has no rule for go $*" >&2; return 1 ;;
	esac
}
curl() { DOCS_TEST_IS_CURL=1 "$CURL" "$@"; }
pdchannels() {
	case "$*" in
	emulator | "emulator --"*) timeout --preserve-status -s INT 2 pdchannels.bin emulator --addr 127.0.0.1:0 ;; # it goes on until Ctrl-C
	*) pdchannels.bin "$@" ;;
	esac
}
`

func TestShellBlocksRun(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "pdchannels.bin"), "./cmd/pdchannels")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pipedrive := emulator.Start(t, emulator.Config{})
	scratch := t.TempDir()
	if err := os.WriteFile(filepath.Join(scratch, "messages.jsonl"), []byte(`{"id":"m-1","channel_id":"shop-1","conversation_id":"c-1","sender_id":"nils","message":"hi","status":"sent","created_at":"2026-03-01 07:58"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "ROOT="+root, "CURL="+self, "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+scratch,
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"), "GOPROXY="+goEnv(t, "GOPROXY"),
		"PIPEDRIVE_OAUTH_URL="+pipedrive.URL, "PIPEDRIVE_BASE_URL="+pipedrive.BaseURL, "PIPEDRIVE_ACCESS_TOKEN="+pipedrive.AccessToken())
	run := func(script string) ([]byte, error) {
		sh := exec.CommandContext(t.Context(), "sh", "-c", prelude+script)
		sh.Dir, sh.Env = scratch, env
		return sh.CombinedOutput()
	}
	if out, err := run("pdchannels channel add --name shop --id shop-1"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, b := range blocks(t) {
		if b.language != "sh" {
			continue
		}
		if out, err := run(b.text); err != nil {
			t.Errorf("%s: %v\n%s%s", b.where, err, b.text, out)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)

func TestLinksLeadToFiles(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", filepath.Base(page), m[1], err)
			}
		}
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
