package telemetry

import (
	"archive/tar"
	"archive/zip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// form is the container that a bundle is written as.
type form struct {
	kind    string // "folder", "tar", "tar.gz", "tar.zst", "zip"
	gzipped bool   // large members are compressed one by one
}

// formOf tells the container from the name of a bundle.
func formOf(dst string) form {
	switch low := strings.ToLower(dst); {
	case strings.HasSuffix(low, ".tar"):
		return form{"tar", true}
	case strings.HasSuffix(low, ".tar.gz") || strings.HasSuffix(low, ".tgz"):
		return form{"tar.gz", false}
	case strings.HasSuffix(low, ".tar.zst"):
		return form{"tar.zst", false}
	case strings.HasSuffix(low, ".zip"):
		return form{"zip", false}
	}
	return form{"folder", true}
}

// publish makes the staged folder the bundle: packed if need be, flushed to the
// disk, renamed.
func (w *Writer) publish() error {
	from := w.stage
	if w.form.kind == "folder" {
		for _, dir := range []string{"metrics", "logs", "."} {
			if err := syncDir(filepath.Join(w.stage, dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	} else {
		from = w.stage + w.form.kind
		if err := w.pack(from); err != nil {
			return errors.Join(err, os.Remove(from))
		}
	}
	if err := os.Rename(from, w.dst); err != nil {
		return err
	}
	if from == w.stage {
		w.done = true
	}
	return syncDir(filepath.Dir(w.dst))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// pack writes the staged folder into the archive file to.
func (w *Writer) pack(to string) error {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(w.packInto(f), f.Sync(), f.Close())
}

func (w *Writer) packInto(f io.Writer) error {
	switch w.form.kind {
	case "zip":
		return packZip(f, w.stage)
	case "tar.gz":
		z := gzip.NewWriter(f)
		return errors.Join(packTar(z, w.stage), z.Close())
	case "tar.zst":
		z, err := zstd.NewWriter(f, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return err
		}
		return errors.Join(packTar(z, w.stage), z.Close())
	}
	return packTar(f, w.stage)
}

// packTar writes the files below dir in order of their names, with nothing in
// the headers that differs from run to run.
func packTar(to io.Writer, dir string) error {
	t := tar.NewWriter(to)
	err := eachFile(dir, func(name string, size int64, f io.Reader) error {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: time.Unix(0, 0)}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		_, err := io.Copy(t, f)
		return err
	})
	return errors.Join(err, t.Close())
}

func packZip(to io.Writer, dir string) error {
	z := zip.NewWriter(to)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.DefaultCompression) })
	err := eachFile(dir, func(name string, _ int64, f io.Reader) error {
		m, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return err
		}
		_, err = io.Copy(m, f)
		return err
	})
	return errors.Join(err, z.Close())
}

// eachFile calls fn at every file below dir, by name ascending.
func eachFile(dir string, fn func(name string, size int64, f io.Reader) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer shut(f)
		info, err := f.Stat()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return fn(filepath.ToSlash(name), info.Size(), f)
	})
}
