package files

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestSwapped opens a file in whose place a pipe was put since it was found:
// nobody writes to it, and nobody waits.
func TestSwapped(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.log")
	if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{"", dir} {
		f := file{path: path, root: root}
		r, err := f.open()
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
	}
	if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{"", dir} {
		f := file{path: path, root: root}
		opened := make(chan error, 1)
		go func() {
			_, err := f.open()
			opened <- err
		}()
		select {
		case err := <-opened:
			if !errors.Is(err, errNoFile) {
				t.Errorf("error %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("it waits for a writer")
		}
	}
}
