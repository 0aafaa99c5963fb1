//go:build !linux

package servers

import "syscall"

// bound does nothing: only Linux ends a process with the one that started it.
func bound(a *syscall.SysProcAttr) *syscall.SysProcAttr { return a }

// holds does not know who listens on a port.
func holds([]*process, int) (ours, known bool) { return false, false }
