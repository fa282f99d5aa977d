//go:build !unix

package filestore

import "io/fs"

// newGuard checks nothing where permissions are not told by mode and owner.
func newGuard() guard {
	return guard{owner: func(fs.FileInfo) (who, bool) { return who{}, false }}
}
