//go:build !linux && !windows

package pgtest

import "syscall"

func dying() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
