// Package importer turns public fault data sets into incident bundles, each
// with its truth.json, so that one scorer can run over all of them.
//
// A set becomes one or more folders, each with a dataset.json (see Manifest), a
// folder cases with one bundle a case and, where the set has a training part,
// a folder memory with solved cases to remember. Bundles are written whole or
// not at all. Importing the same source twice gives the same bytes.
//
// How the windows are cut is part of the scorer's definition and is said at
// each importer, so that figures can be compared.
package importer

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"triagent/internal/errs"
)

// Kind names a data set that can be imported.
type Kind string

// The kinds. Bundles is any folder of bundles: they are checked and copied.
const (
	Bundles    Kind = "bundles"
	DBSherlock Kind = "dbsherlock"
	Multilog   Kind = "iotdb-multilog"
	Nezha      Kind = "nezha"
	Raft       Kind = "iotdb-raft"
	TVDiag     Kind = "tvdiag"
)

// Progress is told how many of the cases of a set are written; it may be nil.
type Progress func(set string, done, total int)

type importFunc func(ctx context.Context, src, dst string, p Progress) ([]*Manifest, error)

var importers = map[Kind]importFunc{
	Bundles:    importBundles,
	DBSherlock: importDBSherlock,
	Multilog:   importMultilog,
	Nezha:      importNezha,
	Raft:       importRaft,
	TVDiag:     importTVDiag,
}

// Kinds returns the kinds in alphabetical order.
func Kinds() []Kind {
	out := make([]Kind, 0, len(importers))
	for k := range importers {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Import reads the data set of the given kind from folder src and writes it
// below folder dst, which is made if it is missing. It returns a manifest for
// every set that it wrote (tvdiag and nezha hold two systems, dbsherlock single
// and compound cases). An unknown kind, a source that is not of that kind and a
// bundle that is not readable give errors of kind Invalid. A dst that already
// holds a set of the same name has it replaced.
func Import(ctx context.Context, kind Kind, src, dst string, p Progress) ([]*Manifest, error) {
	f, ok := importers[kind]
	if !ok {
		return nil, &errs.Error{
			Op: "import", Kind: errs.Invalid, Remedy: "use one of: " + kindList(),
			Err: errs.New(errs.Invalid, "unknown kind %q", kind),
		}
	}
	if p == nil {
		p = func(string, int, int) {}
	}
	ms, err := f(ctx, filepath.Clean(src), filepath.Clean(dst), p)
	var told *errs.Error
	if errors.Is(err, fs.ErrNotExist) && (!errors.As(err, &told) || told.Remedy == "") {
		return nil, &errs.Error{Op: "import " + string(kind), Kind: errs.Invalid, Err: err, Remedy: "is this the folder of the data set?"}
	}
	if err != nil {
		return nil, &errs.Error{Op: "import " + string(kind), Kind: errs.KindOf(err), Err: err}
	}
	return ms, nil
}

func kindList() string {
	s := ""
	for _, k := range Kinds() {
		s += " " + string(k)
	}
	return s[1:]
}
