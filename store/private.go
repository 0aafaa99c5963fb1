package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// private lets only the user of this process read the files of an SQLite
// database: they hold the hashes of passwords and all that was diagnosed, and a
// data folder that was there before may be open to others. The database is made
// here when it is not there yet, since SQLite gives the files beside it the mode
// that it has.
func private(path string) error {
	for _, ending := range []string{"", ".migrate"} {
		f, err := os.OpenFile(path+ending, os.O_RDWR|os.O_CREATE, 0o600)
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			return fmt.Errorf("make the database file: %w", err)
		}
	}
	for _, ending := range []string{"", "-wal", "-shm", ".migrate"} {
		info, err := os.Stat(path + ending)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("look at the database file: %w", err)
		}
		if info.Mode().Perm()&0o077 == 0 {
			continue
		}
		if err := os.Chmod(path+ending, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("keep others from the database file: %w", err)
		}
	}
	return nil
}
