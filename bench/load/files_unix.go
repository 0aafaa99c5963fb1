//go:build unix

package main

import (
	"fmt"
	"syscall"
)

// enough checks that the process may open n files.
func enough(n int) error {
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		return fmt.Errorf("read the limit on open files: %w", err)
	}
	if uint64(lim.Cur) < uint64(n) { //nolint:unconvert // the type differs between systems
		return fmt.Errorf("%d files may be open and %d are needed: say ulimit -n %d first, here and for the service", lim.Cur, n, n)
	}
	return nil
}
