//go:build linux || darwin

package store

import "syscall"

// freeBytes is the room left for us on the disk of a folder; false if unknown.
func freeBytes(dir string) (uint64, bool) {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true //nolint:unconvert // the type differs between systems
}
