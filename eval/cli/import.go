package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"triagent/eval/importer"
	"triagent/internal/errs"
)

// ImportCmd is "triagent eval import".
type ImportCmd struct {
	Kind string `arg:"" help:"What it is: bundles, dbsherlock, iotdb-multilog, iotdb-raft, nezha or tvdiag."`
	Src  string `arg:"" help:"Folder of the set, as published." type:"path"`
	Dst  string `arg:"" help:"Folder to write the sets into." type:"path"`
}

// Run runs the command.
func (c *ImportCmd) Run(ctx context.Context, e *Env) error {
	bar := &meter{w: e.Stderr, on: e.Terminal}
	ms, err := importer.Import(ctx, importer.Kind(c.Kind), c.Src, c.Dst, bar.show)
	bar.end()
	if err != nil {
		return err
	}
	for _, m := range ms {
		if _, err := fmt.Fprintf(e.Stdout, "%s: %d bundles in %s, checksum %s\n", m.Name, len(m.Cases), m.Dir, m.Checksum[:12]); err != nil {
			return err
		}
	}
	return nil
}

// known are the folders of the public sets, by the kind to import them as; a
// folder that already holds bundles is run as it is.
var known = []struct {
	folder string
	kind   importer.Kind
}{
	{"iotdb-lab", importer.Bundles},
	{"nezha", importer.Nezha},
	{"tvdiag", importer.TVDiag},
	{"dbsherlock", importer.DBSherlock},
	{"iotdb-multilog", importer.Multilog},
	{"iotdb-raft", importer.Raft},
}

// importKnown imports every known set below dir that is not in the cache yet,
// and returns the folders to run.
func importKnown(ctx context.Context, dir, cache string, e *Env) ([]string, error) {
	var out []string
	for _, k := range known {
		src := filepath.Join(dir, k.folder)
		if _, err := os.Stat(src); err != nil {
			continue
		}
		if k.kind == importer.Bundles {
			out = append(out, src)
			continue
		}
		dst, err := importOnce(ctx, k.kind, src, cache, e)
		if err != nil {
			return nil, err
		}
		out = append(out, dst)
	}
	if len(out) == 0 {
		return nil, &errs.Error{
			Op: "find data sets", Kind: errs.Invalid, File: dir, Err: errs.New(errs.NotFound, "no known data set there"),
			Remedy: "name a folder of bundles, or say where the sets are with --datasets",
		}
	}
	return out, nil
}

// cacheVersion changes when an importer writes something else than before.
const cacheVersion = "2"

// importOnce imports a set into a folder that is named after what was read, so
// that a changed source or importer is imported anew.
func importOnce(ctx context.Context, kind importer.Kind, src, cache string, e *Env) (string, error) {
	print, err := fingerprint(src)
	if err != nil {
		return "", err
	}
	dst := filepath.Join(cache, string(kind)+"-"+print)
	if _, err := os.Stat(dst); err == nil {
		return dst, nil
	}
	tmp, err := os.MkdirTemp(cache, string(kind)+"-*.tmp")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	bar := &meter{w: e.Stderr, on: e.Terminal}
	_, err = importer.Import(ctx, kind, src, tmp, func(set string, done, total int) { bar.show("import "+set, done, total) })
	bar.end()
	if err != nil {
		return "", err
	}
	return dst, os.Rename(tmp, dst)
}

// fingerprint tells a source by the names, sizes and times of its files.
func fingerprint(dir string) (string, error) {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, cacheVersion) // a hash never fails
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(h, name, i.Size(), i.ModTime().UnixNano())
		return nil
	})
	return hex.EncodeToString(h.Sum(nil))[:12], err
}
