package filestore

// This file decides whether other users of the machine could exchange or read the tokens.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// who is a user, and a group of it.
type who struct{ user, group int }

// guard knows on whose behalf this process runs, and finds out whose a file is; owner reports false
// where files have no owner in that sense, as on Windows.
type guard struct {
	self  who
	owner func(fs.FileInfo) (who, bool)
}

// checkDir refuses a directory that somebody else may write to, or could replace, since one of
// the directories above it is theirs to change.
func (g guard) checkDir(dir string) error {
	path, err := filepath.Abs(dir)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return err
	}
	for above := false; ; above = true {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return err
		case !info.IsDir():
			return fmt.Errorf("%s is not a directory", path)
		}
		if err := g.check(path, info, above); err != nil {
			return err
		}
		parent := filepath.Dir(path)
		if parent == path {
			return nil
		}
		path = parent
	}
}

// check judges one directory. Above the store's own, a directory whose entries belong to whoever made
// them, such as /tmp, will do, and so will one that only our own group may write to.
func (g guard) check(path string, info fs.FileInfo, above bool) error {
	owner, known := g.owner(info)
	if !known {
		return nil
	}
	if owner.user != g.self.user && owner.user != 0 {
		return fmt.Errorf("%s belongs to user %d, who could exchange the tokens: chown it, or use another directory", path, owner.user)
	}
	writers := info.Mode().Perm() & 0o022
	if above && owner.group == g.self.group {
		writers &^= 0o020
	}
	if writers != 0 && (!above || info.Mode()&os.ModeSticky == 0) {
		return fmt.Errorf("others may write to %s (%v), and could exchange the tokens: chmod go-w it, or use another directory", path, info.Mode())
	}
	return nil
}

// checkRecord refuses a file that others may read or write, or that is somebody else's.
func (g guard) checkRecord(info fs.FileInfo) error {
	owner, known := g.owner(info)
	switch {
	case !known:
		return nil
	case owner.user != g.self.user && owner.user != 0:
		return fmt.Errorf("it belongs to user %d: chown it, or remove it and install anew", owner.user)
	case !info.Mode().IsRegular():
		return errors.New("it is not a regular file")
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("others may read or write it (%v): chmod 600 it, and install anew if they may have its tokens", info.Mode())
	}
	return nil
}
