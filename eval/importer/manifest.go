package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"triagent/incident"
	"triagent/internal/errs"
)

// ManifestName is the file that makes a folder a data set.
const ManifestName = "dataset.json"

// Manifest says what a folder of bundles holds.
type Manifest struct {
	Version int     `json:"version"` // 1
	Name    string  `json:"name"`    // of the set, as "nezha-trainticket"
	Kind    Kind    `json:"kind"`
	System  string  `json:"system"`          // what was observed; sets of one system are left out together
	Notes   string  `json:"notes,omitempty"` // how windows were cut, what was left out
	Cases   []Entry `json:"cases"`           // in the order of their paths
	// Doubts are stretches that the set calls free of faults and that may hold one,
	// in order of time. Cases are cut as if there were none.
	Doubts []Doubt `json:"doubts,omitempty"`
	// Checksum is the SHA-256 of every file of every case: hex digits.
	Checksum string `json:"checksum"`
	// Dir is the folder that holds the manifest; not stored.
	Dir string `json:"-"`
}

// Doubt is a stretch of time, half-open, in which a fault may be that is not
// listed.
type Doubt struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Why  string    `json:"why"`
}

// Doubted says why a window may hold a fault that is not listed; empty: it is
// not known to.
func (m *Manifest) Doubted(w incident.Window) string {
	for _, d := range m.Doubts {
		if w.Overlaps(incident.Window{From: d.From, To: d.To}) {
			return d.Why
		}
	}
	return ""
}

// Entry is one bundle of a set.
type Entry struct {
	ID    string `json:"id"`
	Path  string `json:"path"`            // relative to the manifest, with slashes
	Split string `json:"split"`           // of truth.json
	Part  string `json:"part"`            // "case", or "memory": a solved case, never scored
	Drawn bool   `json:"drawn,omitempty"` // a healthy stretch that was cut out of a run, not one recorded as a case
	// Roles are those of nodes in the window, the most telling of each, where the set
	// tells them; Records is how many log records there are, where they were counted.
	// Neither is shown to an engine.
	Roles   map[string]string `json:"roles,omitempty"`
	Records int               `json:"records,omitempty"`
}

// The parts of a set.
const (
	PartCase   = "case"
	PartMemory = "memory"
)

// unfinished is the file that stands in a set from the first case that is
// written until the manifest takes its place.
const unfinished = ManifestName + ".tmp"

// begin prepares the folder of a set. If the import is stopped, by whatever,
// what it leaves can be told from a whole set.
func (m *Manifest) begin() error {
	err := os.MkdirAll(m.Dir, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(m.Dir, unfinished), nil, 0o644)
	}
	if err != nil {
		return &errs.Error{Kind: errs.Invalid, File: m.Dir, Err: err, Remedy: "name a folder that can be written to"}
	}
	return nil
}

// begun refuses a set whose import did not come to its end: part of its cases
// would be taken for all of them.
func begun(dir string) error {
	if !exists(filepath.Join(dir, unfinished)) {
		return nil
	}
	return &errs.Error{
		Op: "read data set", Kind: errs.Invalid, File: dir, Err: errors.New("its import did not come to the end"),
		Remedy: "import it again",
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// ReadManifest reads the dataset.json of folder dir. A folder without one gives
// an error of kind NotFound, one whose import was stopped one of kind Invalid.
func ReadManifest(dir string) (*Manifest, error) {
	if err := begun(dir); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &errs.Error{Op: "read data set", Kind: errs.NotFound, File: dir, Err: err}
	}
	if err != nil {
		return nil, err
	}
	m := &Manifest{}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, &errs.Error{Op: "read data set", Kind: errs.Invalid, File: filepath.Join(dir, ManifestName), Err: err}
	}
	if m.Version != 1 {
		return nil, errs.At(filepath.Join(dir, ManifestName), 0, 0, "version %d is not 1", m.Version)
	}
	for _, e := range m.Cases {
		if !filepath.IsLocal(filepath.FromSlash(e.Path)) {
			return nil, errs.At(filepath.Join(dir, ManifestName), 0, 0, "path %q leaves the folder", e.Path)
		}
	}
	m.Dir = dir
	return m, nil
}

// write sorts the cases, computes the checksum and stores the manifest in m.Dir.
func (m *Manifest) write() error {
	m.Version = 1
	slices.SortFunc(m.Cases, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	paths := make([]string, len(m.Cases))
	for i, e := range m.Cases {
		paths[i] = e.Path
	}
	var err error
	if m.Checksum, err = Checksum(m.Dir, paths); err != nil {
		return err
	}
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	tmp := filepath.Join(m.Dir, unfinished)
	if err := os.WriteFile(tmp, append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(m.Dir, ManifestName))
}

// Checksum returns the SHA-256, in hex, over names, sizes and contents of all
// files below the given paths of dir, in the order given.
func Checksum(dir string, paths []string) (string, error) {
	h := sha256.New()
	for _, p := range paths {
		err := filepath.WalkDir(filepath.Join(dir, filepath.FromSlash(p)), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			return hashFile(h, dir, name)
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashFile(h io.Writer, dir, name string) error {
	rel, err := filepath.Rel(dir, name)
	if err != nil {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(h, "%s %d\n", filepath.ToSlash(rel), st.Size()); err != nil {
		return err
	}
	_, err = io.Copy(h, f)
	return err
}
