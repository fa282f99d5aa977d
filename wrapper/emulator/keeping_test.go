// Seeds, snapshots and the file: what there was is there again.

package emulator_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/emulator"
)

// whole is all that can be seen of an emulator, but for numbers.
func whole(e *emulator.Emulator) string {
	var b strings.Builder
	for _, c := range e.Channels() {
		fmt.Fprintln(&b, c, e.Templates(c.ProviderChannelID))
		for _, v := range e.Conversations(c.ProviderChannelID) {
			fmt.Fprintln(&b, v, e.Messages(c.ProviderChannelID, v.ID))
		}
	}
	fmt.Fprintln(&b, e.Installations())
	return b.String()
}

func filled(t *testing.T, cfg emulator.Config) (a api, token string) {
	t.Helper()
	a = start(t, cfg)
	a.addChannel(channel()).want(t, http.StatusOK, "")
	a.addChannel(channel("provider_channel_id", "c2", "name", "Gone"))
	a.receive(message("id", "m1", "attachments", []any{map[string]any{"id": "a", "type": "image/png", "url": "https://m.example/a"}}))
	a.receive(message("id", "m2", "conversation_id", "v2", "reply_by", "2026-03-02 07:58"))
	a.receive(message("id", "m1", "status", "read"))
	a.receive(message("id", "m3", "conversation_id", "v3"))
	a.deleteConversation("c1", "v3")
	a.deleteChannel("c2")
	return a, a.install()["access_token"].(string)
}

func TestSnapshotsRestore(t *testing.T) {
	t.Parallel()
	a, token := filled(t, emulator.Config{})
	before := whole(a.Emulator)
	snapshot, err := a.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(snapshot), token) || strings.Contains(string(snapshot), a.AccessToken()) {
		t.Error("the snapshot holds a token")
	}
	a.deleteChannel("c1")
	a.ExpireTokens(true)
	if err := a.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	if got := whole(a.Emulator); got != before {
		t.Errorf("after restoring there is\n%s\nwant\n%s", got, before)
	}
	if !a.opens(token) {
		t.Error("the token is not good any more")
	}
	other := start(t, emulator.Config{Seed: snapshot})
	if got := whole(other.Emulator); got != before {
		t.Errorf("by the seed there is\n%s\nwant\n%s", got, before)
	}
	other.deleteChannel("c1")
	if err := other.Reset(); err != nil {
		t.Fatal(err)
	}
	if got := whole(other.Emulator); got != before {
		t.Errorf("after the reset there is\n%s\nwant\n%s", got, before)
	}
	if again, err := other.Snapshot(); err != nil || len(again) == 0 || bytes.Count(again, []byte("\n")) != bytes.Count(snapshot, []byte("\n")) {
		t.Errorf("a snapshot of a snapshot is\n%s\n%v", again, err)
	}
	// By the control, too; and what cannot be a state changes nothing.
	if got := other.control("PUT", "/snapshot", `{"kind":"message","message":{"id":"m","channel_id":"nowhere","conversation_id":"v"}}`); got.status != http.StatusBadRequest ||
		!strings.Contains(got.raw, `there is no channel`) {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	for _, bad := range []string{"{", "[]", `{"kind":"channel"}`, `{"number":1}`, `{"kind":"message"}`} {
		if err := other.Restore([]byte(bad)); err == nil {
			t.Errorf("%s was restored", bad)
		}
	}
	if whole(other.Emulator) != before {
		t.Error("a snapshot that was refused has changed something")
	}
	if got := other.control("POST", "/reset", ""); got.status != http.StatusNoContent {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}

func TestWhatWasAnsweredIsInTheFile(t *testing.T) {
	t.Parallel()
	for _, disk := range []bool{false, true} {
		file := filepath.Join(t.TempDir(), "data.jsonl")
		cfg := emulator.Config{Data: file, Sync: disk, Users: []emulator.User{{ID: 1, Admin: true, AccessToken: emulator.NewSecret("fixed")}}}
		a, token := filled(t, cfg)
		before := whole(a.Emulator)
		if _, err := emulator.New(cfg); err == nil || !strings.Contains(err.Error(), "in use by another emulator") {
			t.Errorf("a second emulator on the file: %v", err)
		}
		// Killed here, with a line half written.
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), token) {
			t.Error("the file holds a token")
		}
		copied := filepath.Join(t.TempDir(), "copied.jsonl")
		if err := os.WriteFile(copied, append(content, `{"number":99,"kind":"mess`...), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg.Data = copied
		var log bytes.Buffer
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		b := start(t, cfg)
		if got := whole(b.Emulator); got != before {
			t.Errorf("after a kill there is\n%s\nwant\n%s", got, before)
		}
		if !b.opens(token) || !strings.Contains(log.String(), "torn") {
			t.Errorf("the token is lost, or the torn line not told:\n%s", log.String())
		}
		b.receive(message("id", "m9")).want(t, http.StatusOK, "")
		b.Close()
		c := start(t, cfg)
		if got := c.Messages("c1", "v1"); len(got) != 2 || got[1].ID != "m9" {
			t.Errorf("after an orderly end there is %v", got)
		}
	}
}

func TestAFileThatIsNone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "data.jsonl")
	if err := os.WriteFile(file, []byte("{\"kind\":\"channel\"\n{}\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first has let it go
		if _, err := emulator.New(emulator.Config{Data: file}); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("got %v", err)
		}
	}
	if _, err := emulator.New(emulator.Config{Data: filepath.Join(file, "x")}); err == nil {
		t.Error("a file in a file was opened")
	}
}

func TestDemoSeed(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 7, 1, 10, 0, 0, 0, time.UTC)
	a := start(t, emulator.Config{Seed: emulator.DemoSeed(now), Clock: func() time.Time { return now }})
	list := a.control("GET", "/conversations?limit=1", "")
	if list.body["total"].(float64) < 10 {
		t.Errorf("there are %v conversations", list.body["total"])
	}
	if newest := list.list("conversations")[0]["last"].(map[string]any)["created_at"]; newest != "2027-07-01T09:55:00Z" {
		t.Errorf("the newest message is of %v", newest)
	}
	if !reflect.DeepEqual(a.control("GET", "/state", "").body["seeded"], true) {
		t.Error("the state does not tell of the seed")
	}
}
