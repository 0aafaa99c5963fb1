package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"triagent/internal/errs"
)

const nameUsed = `SELECT (SELECT COUNT(*) FROM incidents WHERE bundle = $1) + (SELECT COUNT(*) FROM uploads WHERE bundle = $2)`

// ExpireUploads gives up the uploads that nobody went on with, and removes
// files of a day ago that belong to no upload and bundles that belong to no
// incident: what a stop in the middle left.
func (s *Store) ExpireUploads(ctx context.Context) error {
	past, err := all(scanUpload)(s.rows(ctx, pastUploads, nanos(s.now())))
	if err != nil {
		return kinded("list uploads", err)
	}
	for _, u := range past {
		if err := s.DeleteUpload(ctx, u.ID); err != nil {
			return err
		}
	}
	err = s.sweep(ctx, filepath.Join(s.cfg.Blobs, partDir), func(name string) (bool, error) {
		id, ok := strings.CutSuffix(name, partExt)
		if !ok {
			return false, nil
		}
		_, err := s.Upload(ctx, id)
		if errs.KindOf(err) == errs.NotFound {
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return err
	}
	return s.sweep(ctx, s.cfg.Blobs, func(name string) (bool, error) {
		var used int
		err := s.row(ctx, nameUsed, name, name).Scan(&used)
		return used > 0, kinded("look who has the bundle", err)
	})
}

// sweep removes files of a day ago that nobody needs.
func (s *Store) sweep(ctx context.Context, dir string, needed func(name string) (bool, error)) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return disk("list the folder", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || s.now().Sub(info.ModTime()) < uploadLife {
			continue // gone meanwhile, or too young to judge
		}
		if err := ctx.Err(); err != nil {
			return kinded("sweep", err)
		}
		keep, err := needed(e.Name())
		if err != nil {
			return err
		}
		if keep {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return disk(fmt.Sprintf("remove %s", e.Name()), err)
		}
	}
	return nil
}
