package process

import "syscall"

// bound makes the kernel send a process a signal when the thread that started it
// ends.
func bound(a *syscall.SysProcAttr, sig syscall.Signal) *syscall.SysProcAttr {
	a.Pdeathsig = sig
	return a
}
