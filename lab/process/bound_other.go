//go:build !linux

package process

import "syscall"

// bound does nothing: only Linux ends a process with the one that started it.
func bound(a *syscall.SysProcAttr, _ syscall.Signal) *syscall.SysProcAttr { return a }
