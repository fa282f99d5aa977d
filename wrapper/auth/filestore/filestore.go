// Package filestore keeps the tokens of an app's installations in files, for any number of
// processes on one host:
//
//	store, err := filestore.Open("/var/lib/myapp/tokens")
//	app, err := auth.NewApp(auth.AppConfig{Store: store, …})
//
// Each installation has a file of its own, 1001-42.json for user 42 of company 1001, readable by
// its owner only, and beside it a lock file. A record is replaced by renaming a complete and
// synced file, so a crash leaves the old one or the new one. The locks are flock's: the
// kernel frees one when its process dies, and not before. A process that is stopped in the middle of
// a refresh therefore holds its lock until it continues, as it should: only that process may have
// the answer. The tokens are not encrypted; keep the directory as you would keep a password.
// Network file systems, NFS above all, keep neither promise: use a local disk.
package filestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/pdchannels/pdchannels/wrapper/auth"
)

const (
	maxRecord = 1 << 20
	lockPoll  = 10 * time.Millisecond
)

// A Store is an [auth.Store] on a directory: get one from [Open]. Any number of Stores and
// processes may share it. All methods may be called concurrently.
type Store struct {
	dir   string
	guard guard

	// Steps of a save, in whose place the tests put failures.
	create func(path string) (file, error)
	rename func(from, to string) error
}

// file is what a save needs of an *os.File.
type file interface {
	io.WriteCloser
	Sync() error
}

var _ auth.Store = (*Store)(nil)

// Open returns the store on dir. It creates dir, for its owner only, if that is missing; use
// [OpenExisting] where that would mean that a volume is not mounted. A directory is refused if
// another user owns it, may write to it, or could replace it by way of a directory above.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("filestore: open the directory: %w", err)
	}
	return OpenExisting(dir)
}

// OpenExisting is [Open] for a directory that must exist.
func OpenExisting(dir string) (*Store, error) {
	s := &Store{dir: dir, guard: newGuard(), create: createFile, rename: os.Rename}
	if err := s.guard.checkDir(dir); err != nil {
		return nil, fmt.Errorf("filestore: open the directory: %w", err)
	}
	return s, nil
}

// Installations returns the installations that have a record, in no particular order. After an
// uninstall the record stays, without tokens.
func (s *Store) Installations() ([]auth.Installation, error) {
	if err := s.check(context.Background()); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("filestore: list the installations: %w", err)
	}
	var all []auth.Installation
	for _, e := range entries {
		var in auth.Installation
		if _, err := fmt.Sscanf(e.Name(), "%d-%d.json", &in.CompanyID, &in.UserID); err == nil && e.Name() == name(in)+".json" {
			all = append(all, in)
		}
	}
	return all, nil
}

func name(key auth.Installation) string { return fmt.Sprintf("%d-%d", key.CompanyID, key.UserID) }

func (s *Store) path(key auth.Installation, ext string) string {
	return filepath.Join(s.dir, name(key)+ext)
}

// recordPath is where the record of an installation is, or of none: what is written to try the
// store should not look like a login.
func (s *Store) recordPath(key auth.Installation) string {
	if key == (auth.Installation{}) {
		return s.path(key, ".trial")
	}
	return s.path(key, ".json")
}

// check returns why a Store cannot be used in a context.
func (s *Store) check(ctx context.Context) error {
	switch {
	case s == nil || s.dir == "":
		return errors.New("filestore: the Store is empty; get one from Open")
	case ctx == nil:
		return errors.New("filestore: the context is nil")
	}
	return nil
}

// Load implements [auth.Store].
func (s *Store) Load(ctx context.Context, key auth.Installation) (auth.Record, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	path := s.recordPath(key)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		// Without its directory the store says nothing about an installation.
		if _, err := os.Stat(s.dir); err != nil {
			return nil, fmt.Errorf("filestore: load %v: the directory of the store is missing, perhaps on a volume that is not mounted: %w", key, err)
		}
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("filestore: load %v: %w", key, err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err == nil {
		err = s.guard.checkRecord(info)
	}
	if err != nil {
		return nil, fmt.Errorf("filestore: load %v: %s: %w", key, path, err)
	}
	r, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("filestore: load %v: %w", key, err)
	case len(r) == 0 || len(r) > maxRecord:
		return nil, fmt.Errorf("filestore: load %v: %s holds no record; remove it and install anew", key, path)
	}
	return r, nil
}

// Update implements [auth.Store]. While another holds the lock it tries again every 10 ms.
func (s *Store) Update(ctx context.Context, key auth.Installation, f func(context.Context, auth.Record, func(auth.Record) error) error) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	// A lock object is re-entrant, so each Update has its own: then they exclude each other
	// within a process as between processes. The file is never renamed or removed, or two
	// processes could hold locks on two files of one name.
	lock := flock.New(s.path(key, ".lock"))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("another holds %s: %w", lock.Path(), context.Cause(ctx))
		}
		return fmt.Errorf("filestore: lock %v: %w", key, err)
	}
	var mu sync.Mutex
	held := true
	defer func() {
		mu.Lock()
		defer mu.Unlock()
		held = false
		_ = lock.Close() // the kernel frees the lock with the file, whatever this says
	}()
	r, err := s.Load(ctx, key)
	if err != nil {
		return err
	}
	return f(ctx, r, func(r auth.Record) error {
		mu.Lock()
		defer mu.Unlock()
		if !held {
			return fmt.Errorf("filestore: save %v: the update has ended; nothing was saved", key)
		}
		if err := s.save(key, r); err != nil {
			return fmt.Errorf("filestore: save %v: %w", key, err)
		}
		return nil
	})
}

// save needs the lock, so that nobody else uses the temporary file.
func (s *Store) save(key auth.Installation, r auth.Record) error {
	if len(r) == 0 || len(r) > maxRecord {
		return fmt.Errorf("a record has 1 to %d bytes, not %d", maxRecord, len(r))
	}
	temp := s.path(key, ".tmp")
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) { // a crash left it
		return err
	}
	f, err := s.create(temp)
	if err != nil {
		return err
	}
	_, err = f.Write(r)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := s.rename(temp, s.recordPath(key)); err != nil {
		return err
	}
	return s.syncDir()
}

// syncDir makes the rename outlive a power cut.
func (s *Store) syncDir() error {
	if runtime.GOOS == "windows" { // where a directory cannot be synced
		return nil
	}
	d, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func createFile(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}
