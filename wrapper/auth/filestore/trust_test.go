package filestore

// Whom the file store refuses to trust.

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Whoever may write to a directory above can put another in its place.
func TestWhoCouldExchangeTheTokens(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		return // it has no such bits
	}
	const we, stranger, root = 1000, 1001, 0
	for name, c := range map[string]struct {
		dir, parent   who
		mode, above   os.FileMode
		refused, says string
	}{
		"ours":                               {who{we, we}, who{we, we}, 0o700, 0o755, "", ""},
		"below root's":                       {who{we, we}, who{root, root}, 0o700, 0o755, "", ""},
		"below a directory like /tmp":        {who{we, we}, who{root, root}, 0o700, 0o777 | os.ModeSticky, "", ""},
		"below one of our own group":         {who{we, we}, who{we, we}, 0o700, 0o775, "", ""},
		"of our group":                       {who{we, we}, who{we, we}, 0o770, 0o755, "dir", "chmod"},
		"of everybody":                       {who{we, we}, who{we, we}, 0o702, 0o755, "dir", "chmod"},
		"of everybody, and sticky":           {who{we, we}, who{we, we}, 0o777 | os.ModeSticky, 0o755, "dir", "chmod"},
		"a stranger's":                       {who{stranger, we}, who{we, we}, 0o700, 0o755, "dir", "belongs to user 1001"},
		"below a stranger's":                 {who{we, we}, who{stranger, we}, 0o700, 0o755, "parent", "belongs to user 1001"},
		"below one that all may write to":    {who{we, we}, who{we, we}, 0o700, 0o777, "parent", "chmod"},
		"below one of another group":         {who{we, we}, who{we, stranger}, 0o700, 0o775, "parent", "chmod"},
		"below root's, of another group too": {who{we, we}, who{root, stranger}, 0o700, 0o775, "parent", "chmod"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			parent := filepath.Join(base, "parent")
			dir := filepath.Join(parent, "dir")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for path, mode := range map[string]os.FileMode{dir: c.mode, parent: c.above} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			g := guard{who{we, we}, func(info os.FileInfo) (who, bool) {
				return map[string]who{"dir": c.dir, "parent": c.parent}[info.Name()], true // all above is root's
			}}
			link := filepath.Join(base, "link")
			if err := os.Symlink(dir, link); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{dir, link} {
				err := g.checkDir(path)
				if c.refused == "" && err != nil || c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused) || !strings.Contains(err.Error(), c.says)) {
					t.Errorf("%s: %v", path, err)
				}
			}
		})
	}
}

func TestARecordThatOthersMayReadIsRefused(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		return // it has no such bits
	}
	s := open(t, t.TempDir())
	if err := save(s, "record"); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602} {
		if err := os.Chmod(s.recordPath(key), mode); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), key); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("Load of a record with mode %v: %v", mode, err)
		}
		if err := save(s, "new"); err == nil {
			t.Errorf("a record with mode %v was read for an Update", mode)
		}
	}
	if err := os.Chmod(s.recordPath(key), 0o600); err != nil {
		t.Fatal(err)
	}
	s.guard.owner = func(os.FileInfo) (who, bool) { return who{1001, 1001}, true }
	s.guard.self = who{1000, 1000}
	if _, err := s.Load(t.Context(), key); err == nil || !strings.Contains(err.Error(), "belongs to user 1001") {
		t.Errorf("Load of a stranger's record: %v", err)
	}
}
