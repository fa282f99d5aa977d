// Builds and runs the modules of testdata, and adds up what they cost.

package consumer

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

const project = "github.com/pdchannels/pdchannels"

func TestAppRuns(t *testing.T) {
	t.Parallel()
	m := checkout(t, "app")
	m.goes("build", "-o", "app", ".")
	server := emulator.Start(t, emulator.Config{})
	env := []string{"PIPEDRIVE_BASE_URL=" + server.BaseURL, "PIPEDRIVE_ACCESS_TOKEN=" + server.AccessToken()}

	for _, want := range []string{
		"registered the channel\ndelivered message-1 with 1 attachment\n",
		"the channel is there already\ndelivered message-1 with 1 attachment\n",
	} {
		if got := m.run(env, "./app"); got != want {
			t.Errorf("the app printed\n%swant\n%s", got, want)
		}
	}
	if got := server.Channels(); len(got) != 1 || got[0].ProviderType != "whatsapp" {
		t.Errorf("the emulator has channels %+v, want one of WhatsApp", got)
	}
	messages := server.Messages("whatsapp-1", "conversation-17")
	if len(messages) != 1 || len(messages[0].Attachments) != 1 || messages[0].Attachments[0].URL != "https://messenger.example/3.png" {
		t.Errorf("the emulator has messages %+v, want one with its attachment", messages)
	}
}

func TestAppsTestRuns(t *testing.T) {
	t.Parallel()
	m := checkout(t, "suite")
	if got := m.goes("test", "-count=1", "-v", "./..."); !strings.Contains(got, "--- PASS: TestRegistering") {
		t.Errorf("go test printed\n%s", got)
	}
}

// What importing wrapper/channels alone costs. The README quotes it; a dependency more is a
// decision, not an accident.
func TestWhatAnAppPays(t *testing.T) {
	t.Parallel()
	m := checkout(t, "app")
	m.goes("build", "-o", "app", ".") // fills in go.mod and go.sum

	var mod struct{ Require []struct{ Path string } }
	if err := json.Unmarshal([]byte(m.goes("mod", "edit", "-json")), &mod); err != nil {
		t.Fatal(err)
	}
	var requires []string
	for _, require := range mod.Require {
		requires = append(requires, require.Path)
	}
	slices.Sort(requires)
	want := []string{
		"github.com/apapsch/go-jsonmerge/v2", // runtime's
		"github.com/google/uuid",             // runtime's
		"github.com/oapi-codegen/runtime",
		project,
		"golang.org/x/oauth2",
	}
	if !slices.Equal(requires, want) {
		t.Errorf("go.mod requires %q, want %q", requires, want)
	}

	for _, line := range lines(m.goes("list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")) {
		if !slices.ContainsFunc([]string{
			"messenger.example/app", project + "/wrapper/channels", project + "/gen/channelsclient", project + "/internal/",
			"github.com/oapi-codegen/runtime", "github.com/apapsch/go-jsonmerge", "github.com/google/uuid", "golang.org/x/oauth2",
		}, func(prefix string) bool { return strings.HasPrefix(line, prefix) }) {
			t.Errorf("the app links %s", line)
		}
	}

	// What building needs. The project itself adds two lines once it comes from a proxy and not
	// from a folder; go mod tidy adds those for the tests of the dependencies, 9 today.
	const most = 16
	sums := lines(m.read("go.sum"))
	if len(sums) > most {
		t.Errorf("go.sum has %d lines, want at most %d:\n%s", len(sums), most, strings.Join(sums, "\n"))
	}
	own, err := os.ReadFile("../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	for _, sum := range sums {
		if !slices.Contains(lines(string(own)), sum) {
			t.Errorf("go.sum has %s, which this module's go.sum does not vouch for", sum)
		}
	}
}

// module is a copy of one of testdata's, outside this module.
type module struct {
	t   *testing.T
	dir string
}

func checkout(t *testing.T, name string) module {
	t.Helper()
	m := module{t, t.TempDir()}
	if err := os.CopyFS(m.dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	m.goes("mod", "edit", "-replace="+project+"="+root)
	return m
}

// goes runs the go command in the module. It may fill in go.mod and go.sum, from the modules
// that building this one has brought, so that no network is needed; TestWhatAnAppPays
// compares their sums, which is why nobody else is asked to.
func (m module) goes(args ...string) string {
	m.t.Helper()
	return m.run([]string{"GOFLAGS=" + os.Getenv("GOFLAGS") + " -mod=mod", "GOWORK=off", "GOSUMDB=off"}, "go", args...)
}

// run runs a command in the module's folder and returns what it prints.
func (m module) run(env []string, name string, args ...string) string {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), name, args...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		m.t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, &stderr)
	}
	return string(out)
}

func (m module) read(file string) string {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, file))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

func lines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}
