//go:build unix

package whole_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestPipe checks that what is no regular file is written to, not replaced: to
// put a file in the place of a device would break every other program. A pipe
// stands for all of them, since it can be made in a folder of the test.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	r, err := os.OpenFile(path, os.O_RDWR, 0) // for both, so that no side waits
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	write(t, path, "text")
	got := make([]byte, 4)
	if _, err := r.Read(got); err != nil || string(got) != "text" {
		t.Errorf("read %q, %v", got, err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Errorf("the pipe was replaced: %v, %v", info.Mode(), err)
	}
	if n := count(t, dir); n != 1 {
		t.Errorf("%d files are left", n)
	}
}
