package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/scale/internal/fakeapi"
)

// shell is where command lines are typed.
type shell struct {
	*testing.T
	env map[string]string
}

func newShell(t *testing.T) (*shell, *fakeapi.API) {
	t.Helper()
	api := fakeapi.Start()
	t.Cleanup(api.Close)
	return &shell{t, map[string]string{
		"PDCHANNELS_OUTBOX_DB": "sqlite:" + filepath.Join(t.TempDir(), "outbox.db"),
		"PIPEDRIVE_BASE_URL":   api.URL + "/v1", "PIPEDRIVE_API_TOKEN": "canary-token",
	}}, api
}

// run runs a command line, and fails if its exit code is another.
func (s *shell) run(want int, stdin string, args ...string) (stdout, stderr string) {
	s.Helper()
	var out, err bytes.Buffer
	if code := run(s.Context(), args, func(name string) string { return s.env[name] }, strings.NewReader(stdin), &out, &err); code != want {
		s.Fatalf("%q ended with %d, want %d\n%s%s", args, code, want, &out, &err)
	}
	if strings.Contains(out.String()+err.String(), "canary") {
		s.Errorf("%q printed a secret:\n%s%s", args, &out, &err)
	}
	return out.String(), err.String()
}

const lines = `{"id":"m1","channel_id":"shop-1","conversation_id":"c1","sender_id":"nils","message":"one","status":"sent","created_at":"2026-03-01 07:58"}

{"id":"m2","channel_id":"shop-1","conversation_id":"c1","sender_id":"nils","message":"two","status":"sent","created_at":"2026-03-01T07:58:00Z"}
`

func TestMessagesFromAFileAreDelivered(t *testing.T) {
	t.Parallel()
	s, api := newShell(t)
	if out, _ := s.run(exitDone, lines, "append", "--installation", "1001:42", "--file", "-"); out != "2 messages appended\n" {
		t.Errorf("append said %q", out)
	}
	if out, _ := s.run(exitDone, "", "list", "--state", "waiting"); strings.Count(out, "1001:42  waiting") != 2 {
		t.Errorf("list said %q", out)
	}
	out, _ := s.run(exitDone, "", "run", "--once", "--json")
	var sum totals
	if err := json.Unmarshal([]byte(out), &sum); err != nil || sum.Delivered != 2 || sum.Waiting != 0 || sum.Installations != 1 {
		t.Errorf("run said %q, %v", out, err)
	}
	if got := api.Accepted(); len(got) != 2 || got[0].Text != "one" || got[1].Text != "two" {
		t.Errorf("%v arrived", got)
	}
	if out, _ := s.run(exitDone, "", "stats"); !strings.Contains(out, "1001:42  0 waiting (the oldest for 0.0 s), 0 parked, 2 delivered") {
		t.Errorf("stats said %q", out)
	}
}

func TestARefusedMessageIsShownAndRepaired(t *testing.T) {
	t.Parallel()
	s, api := newShell(t)
	var accept atomic.Bool
	api.Respond = func(m fakeapi.Message) (int, string) {
		if m.Text == "one" && !accept.Load() {
			return http.StatusBadRequest, `{"success":false,"error":"no \u202e","additional_data":{"code":"INVALID_RECEIVE_MESSAGE_PAYLOAD"}}`
		}
		return 0, ""
	}
	s.run(exitDone, lines, "append", "--installation", "1001:42", "--file", "-")
	s.run(exitIncomplete, "", "run", "--once")
	out, _ := s.run(exitDone, "", "parked", "--json")
	var parked entryLine
	if err := json.Unmarshal([]byte(out), &parked); err != nil || parked.Message.ID != "m1" || parked.State != "parked" {
		t.Fatalf("parked said %q, %v", out, err)
	}
	if plain, _ := s.run(exitDone, "", "parked"); strings.Contains(plain, "\u202e") || !strings.Contains(plain, "INVALID_RECEIVE_MESSAGE_PAYLOAD") {
		t.Errorf("parked said %q", plain)
	}
	accept.Store(true)
	s.run(exitDone, "", "retry", "1")
	s.run(exitFailed, "", "retry", "1")
	s.run(exitFailed, "", "drop", "1")
	s.run(exitDone, "", "run", "--once")
	if got := api.Accepted(); len(got) != 2 || got[0].Text != "one" {
		t.Errorf("%v arrived", got)
	}
}

func TestWrongUseEndsWith2(t *testing.T) {
	t.Parallel()
	s, _ := newShell(t)
	for want, args := range map[string][]string{
		"holds a password":      {"stats", "--db", "postgres://me:canary@db.example/x"},
		"neither sqlite:FILE":   {"stats", "--db", "mysql://x"},
		"names no file":         {"stats", "--db", "sqlite:"},
		"COMPANY:USER":          {"append", "--installation", "me", "--file", "-"},
		"line 1":                {"append", "--installation", "1:2", "--file", "-"},
		"no such file":          {"append", "--installation", "1:2", "--file", filepath.Join(t.TempDir(), "none")},
		"is not waiting":        {"list", "--state", "lost"},
		"is no number":          {"retry", "x"},
		"give its number":       {"drop"},
		"unknown flag":          {"stats", "--colour"},
		"unknown command":       {"sned"},
		"less than a second":    {"run", "--progress", "1ms"},
		"required flag(s)":      {"append"},
		"unknown command \"x\"": {"stats", "x"},
	} {
		out, err := s.run(exitUsage, `{"id":"m1","chanel_id":"shop-1"}`, args...)
		if !strings.Contains(out+err, want) {
			t.Errorf("%q said %q%q, without %q", args, out, err, want)
		}
	}
	s.env = map[string]string{"PDCHANNELS_OUTBOX_DB": "sqlite:" + filepath.Join(t.TempDir(), "outbox.db")}
	if _, err := s.run(exitUsage, "", "run"); !strings.Contains(err, "PIPEDRIVE_CLIENT_ID") {
		t.Errorf("without credentials: %q", err)
	}
	s.env = nil
	s.run(exitUsage, "", "stats")
}
