//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package ring

import (
	"errors"
	"os"
	"syscall"
)

// lock locks a file as long as it is open; errTaken: somebody else has it.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errTaken
	}
	return err
}

// busy reports whether somebody has the lock.
func busy(f *os.File) bool {
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
