package demo

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestExtract(t *testing.T) {
	dir := t.TempDir()
	paths, err := Extract(dir)
	if err != nil {
		t.Fatal(err)
	}
	ids := IDs()
	if len(paths) != len(ids) || len(ids) < 6 {
		t.Fatalf("%d paths for %d incidents", len(paths), len(ids))
	}
	for i, p := range paths {
		if filepath.Base(p) != ids[i] {
			t.Errorf("path %d is %s, want that of %s", i, p, ids[i])
		}
		if _, err := os.Stat(filepath.Join(p, "incident.json")); err != nil {
			t.Error(err)
		}
	}
	err = filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && e.Name() == truthFile {
			t.Errorf("%s: the answer lies beside the question", p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Extract(dir); err == nil {
		t.Error("writing over bundles that are there: no error")
	}
}

// Whoever scores an engine needs the answers, beside the same bundles.
func TestExtractSolved(t *testing.T) {
	dir := t.TempDir()
	if err := ExtractSolved(dir); err != nil {
		t.Fatal(err)
	}
	for _, id := range IDs() {
		for _, name := range []string{truthFile, "incident.json"} {
			if _, err := os.Stat(filepath.Join(dir, id, name)); err != nil {
				t.Error(err)
			}
		}
	}
}

// An archive is a bundle like the folder, but for the answer, which it lacks.
func TestArchive(t *testing.T) {
	id := IDs()[0]
	var a, b bytes.Buffer
	if err := errors.Join(Archive(&a, id), Archive(&b, id)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two archives of one incident differ")
	}
	z, err := gzip.NewReader(&a)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names[h.Name] = true
	}
	if !names["incident.json"] || names[truthFile] {
		t.Errorf("members %v", names)
	}
	if err := Archive(io.Discard, "none"); err == nil {
		t.Error("an incident that is not there: no error")
	}
}

// TestRecorded checks that the set shows different faults and a healthy system,
// and stays small enough to come with the program.
func TestRecorded(t *testing.T) {
	healthy, faults := 0, map[string]bool{}
	for _, id := range IDs() {
		r, ok := Recorded(id)
		switch {
		case !ok:
			t.Errorf("%s: nothing on record", id)
		case r.Healthy:
			healthy++
		case len(r.Causes) == 0:
			t.Errorf("%s: neither healthy nor a cause", id)
		default:
			faults[r.Causes[0].Fault] = true
		}
	}
	if healthy < 1 || len(faults) != len(IDs())-healthy {
		t.Errorf("%d healthy, %d different faults of %d incidents", healthy, len(faults), len(IDs()))
	}
	if _, ok := Recorded("no-such"); ok {
		t.Error("a record of an incident that is not there")
	}
	var size int64
	err := fs.WalkDir(incidents, ".", func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		size += info.Size()
		return err
	})
	if err != nil || size > 4_500_000 {
		t.Errorf("%d bytes, %v", size, err)
	}
}
