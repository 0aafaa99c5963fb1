// Package kept measures what the compressor keeps: how many tokens the evidence
// text of package brief has, and how many of the lines that bear the answer, as
// people labelled them in the raw data, can still be read in it.
//
// Sixty cases of four public sets are labelled; labels/README.md says how they
// were drawn and read. A labelled line counts as kept if a row of the text is
// about its node and tells of the same metric, operation or event, or shows a
// log template of which the raw line is an instance with the telling words not
// cut off, and says that it moved the way it did. Nothing is matched against
// the text as a whole.
package kept

import (
	"bytes"
	"embed"
	"encoding/json"
	"io/fs"
	"path"
	"slices"

	"triagent/incident"
	"triagent/internal/errs"
)

//go:embed labels/*.json later/*.json
var files embed.FS

// Set is what is labelled of one set.
type Set struct {
	Name  string `json:"set"`
	Cases []Case `json:"cases"`
}

// Case is what is labelled of one case.
type Case struct {
	ID    string `json:"case"`
	None  string `json:"none,omitempty"` // why no line bears the answer
	Lines []Line `json:"lines"`
}

// Line is one line that bears the answer; see labels/README.md.
type Line struct {
	Kind  string          `json:"kind"` // log, metric, span or event
	Node  incident.NodeID `json:"node"`
	Peer  incident.NodeID `json:"peer,omitempty"`
	Quote string          `json:"quote"`
	Way   string          `json:"way,omitempty"`
	Why   string          `json:"why,omitempty"`
	Same  []Line          `json:"same,omitempty"`
}

// Labels returns the labelled sets by name: the sixty cases, or those twelve that
// were labelled later, once the compressor was done.
func Labels(later bool) ([]Set, error) {
	dir := "labels"
	if later {
		dir = "later"
	}
	names, err := fs.Glob(files, dir+"/*.json")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []Set
	for _, n := range names {
		b, err := fs.ReadFile(files, n)
		if err != nil {
			return nil, err
		}
		var s Set
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&s); err != nil {
			return nil, &errs.Error{Op: "read labels", Kind: errs.Invalid, File: n, Err: err}
		}
		if s.Name+".json" != path.Base(n) {
			return nil, errs.New(errs.Invalid, "labels: %s is of the set %s", n, s.Name)
		}
		out = append(out, s)
	}
	return out, nil
}
