package filestore

// The suite for stores, and what is the file store's own: who may read it, what a crash leaves, and
// whom it refuses to trust.

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/wrapper/auth"
	"github.com/pdchannels/pdchannels/wrapper/auth/storetest"
)

var key = auth.Installation{CompanyID: 1001, UserID: 42}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func save(s *Store, record string) error {
	return s.Update(context.Background(), key, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error {
		return save(auth.Record(record))
	})
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) storetest.Storage {
		t.Helper()
		dir := t.TempDir()
		return storetest.Storage{Open: func() auth.Store { return open(t, dir) }}
	})
}

func TestOthersCannotRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		return // it has no such bits
	}
	dir := filepath.Join(t.TempDir(), "new", "tokens")
	if err := save(open(t, dir), "record"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "1001-42.json"), filepath.Join(dir, "1001-42.lock")} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if err := os.Chmod(dir, 0o770); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "chmod") {
		t.Errorf("Open of a directory that others may write to: %v", err)
	}
}

// An unmounted volume says nothing about who has installed the app.
func TestADirectoryThatIsGoneIsAnError(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "volume")
	if _, err := OpenExisting(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("OpenExisting: %v", err)
	}
	s := open(t, dir)
	if r, err := s.Load(t.Context(), key); r != nil || err != nil {
		t.Errorf("Load: %q, %v", []byte(r), err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Load(t.Context(), key); err == nil || !strings.Contains(err.Error(), "mounted") {
		t.Errorf("Load: %q, %v", []byte(r), err)
	}
	app, err := auth.NewApp(auth.AppConfig{ClientID: "id", ClientSecret: auth.NewSecret("secret"), RedirectURL: "https://app.example/", Store: s})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.TokenSource(key).Token(); err == nil || errors.Is(err, auth.ErrReauthorize) {
		t.Errorf("Token: %v", err)
	}
	if err := save(s, "record"); err == nil {
		t.Error("a record was saved nowhere")
	}
	if _, err := s.Installations(); err == nil {
		t.Error("there are no installations, it said")
	}
}

func TestOpenOfWhatIsNoDirectory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("Open took a file for a directory")
	}
}

func TestAnEmptyStoreAndANilContext(t *testing.T) {
	t.Parallel()
	var none context.Context
	for want, call := range map[string]func() error{
		"from Open":      func() error { _, err := new(Store).Load(t.Context(), key); return err },
		"is empty":       func() error { return save(new(Store), "record") },
		"get one":        func() error { _, err := (*Store)(nil).Installations(); return err },
		"context is nil": func() error { _, err := open(t, t.TempDir()).Load(none, key); return err },
		"the context":    func() error { return open(t, t.TempDir()).Update(none, key, nil) },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want a word about %q", err, want)
		}
	}
}

func TestInstallations(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	want := []auth.Installation{{CompanyID: 7, UserID: 8}, {CompanyID: 1001, UserID: 42}}
	for _, in := range want {
		err := s.Update(t.Context(), in, func(_ context.Context, _ auth.Record, save func(auth.Record) error) error {
			return save(auth.Record("r"))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"notes.txt", "1-2.json.bak", "01-2.json", "x1-2.json", "3-4.lock", "1.json"} {
		if err := os.WriteFile(filepath.Join(s.dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Installations()
	slices.SortFunc(got, func(a, b auth.Installation) int { return int(a.CompanyID - b.CompanyID) })
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestRecordsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, record := range []string{"", strings.Repeat("x", maxRecord+1)} {
		s := open(t, t.TempDir())
		if err := save(s, record); err == nil {
			t.Errorf("a record of %d bytes was saved", len(record))
		}
		if err := os.WriteFile(s.path(key, ".json"), []byte(record), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), key); err == nil || !strings.Contains(err.Error(), "install anew") {
			t.Errorf("Load of a file of %d bytes: %v", len(record), err)
		}
	}
}

func TestASaveThatFailsLeavesTheOldRecord(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	if err := save(s, "old"); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no rename today")
	s.rename = func(string, string) error { return broken }
	if err := save(s, "new"); !errors.Is(err, broken) {
		t.Errorf("save: %v", err)
	}
	s.rename = os.Rename
	for _, step := range []string{"write", "sync", "close"} {
		s.create = func(path string) (file, error) {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			return &brokenFile{f, step, broken}, err
		}
		if err := save(s, "new"); !errors.Is(err, broken) {
			t.Errorf("save, when %s fails: %v", step, err)
		}
	}
	s.create = createFile
	if r, err := s.Load(t.Context(), key); string(r) != "old" || err != nil {
		t.Errorf("Load: %q, %v", []byte(r), err)
	}
	if err := save(s, "newer"); err != nil {
		t.Errorf("save over what the failed one left: %v", err)
	}
}

// A brokenFile fails in one step, as on a disk that is full.
type brokenFile struct {
	*os.File
	step string
	err  error
}

func (f *brokenFile) fails(step string, err error) error {
	if f.step == step {
		return f.err
	}
	return err
}

func (f *brokenFile) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	return n, f.fails("write", err)
}
func (f *brokenFile) Sync() error  { return f.fails("sync", f.File.Sync()) }
func (f *brokenFile) Close() error { return f.fails("close", f.File.Close()) }

// A record that cannot be read must not be taken for none: an Update would overwrite it.
func TestAnUpdateOfWhatCannotBeLoadedIsNotBegun(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	if err := os.Mkdir(s.recordPath(key), 0o700); err != nil {
		t.Fatal(err)
	}
	err := s.Update(t.Context(), key, func(context.Context, auth.Record, func(auth.Record) error) error {
		t.Error("the function was called")
		return nil
	})
	if err == nil {
		t.Error("no error")
	}
}

// TestAProcessKilledInASave kills a process that has written the new file and not yet renamed it.
func TestAProcessKilledInASave(t *testing.T) {
	if dir := os.Getenv("PDCHANNELS_TEST_STORE"); dir != "" {
		s := open(t, dir)
		s.rename = func(string, string) error {
			p, _ := os.FindProcess(os.Getpid())
			_ = p.Kill()
			<-time.After(time.Minute)
			return nil
		}
		_ = save(s, "new")
		return
	}
	t.Parallel()
	s := open(t, t.TempDir())
	if err := save(s, "old"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestAProcessKilledInASave$")
	cmd.Env = append(os.Environ(), "PDCHANNELS_TEST_STORE="+s.dir)
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("the child was not killed: %s", out)
	}
	if _, err := os.Stat(s.path(key, ".tmp")); err != nil {
		t.Errorf("the child had not come to the rename: %v", err)
	}
	if r, err := s.Load(t.Context(), key); string(r) != "old" || err != nil {
		t.Errorf("Load: %q, %v", []byte(r), err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := s.Update(ctx, key, func(_ context.Context, r auth.Record, save func(auth.Record) error) error {
		if string(r) != "old" {
			t.Errorf("Update began with %q", []byte(r))
		}
		return save(auth.Record("newer"))
	})
	if err != nil {
		t.Errorf("Update after the crash: %v", err)
	}
	if r, _ := s.Load(t.Context(), key); string(r) != "newer" {
		t.Errorf("Load: %q", []byte(r))
	}
}
