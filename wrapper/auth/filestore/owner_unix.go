//go:build unix

package filestore

import (
	"io/fs"
	"os"
	"syscall"
)

func newGuard() guard {
	return guard{who{os.Geteuid(), os.Getegid()}, func(info fs.FileInfo) (who, bool) {
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return who{}, false
		}
		return who{int(stat.Uid), int(stat.Gid)}, true
	}}
}
