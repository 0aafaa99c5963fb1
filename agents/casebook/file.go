package casebook

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"triagent/incident"
	"triagent/internal/errs"
)

// Version is that of the file format.
const Version = 1

// maxLine bounds a case in a file, in bytes.
const maxLine = 8 << 20

// A file of cases is lines of JSON: a header, then one case a line.
type headerJSON struct {
	Casebook int `json:"casebook"` // Version
}

type caseJSON struct {
	ID      string     `json:"id"`
	Context Features   `json:"context,omitempty"`
	Nodes   []nodeJSON `json:"nodes"`
}

type nodeJSON struct {
	Culprit  bool           `json:"culprit,omitempty"`
	Fault    incident.Fault `json:"fault,omitempty"`
	Label    string         `json:"label,omitempty"`
	Who      string         `json:"who,omitempty"`
	Features Features       `json:"features"`
}

// Write writes cases as a file that Read reads. Equal cases give equal bytes.
func Write(w io.Writer, cases []Case) error {
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(headerJSON{Version}); err != nil {
		return err
	}
	for i := range cases {
		if err := cases[i].Validate(); err != nil {
			return err
		}
		if err := enc.Encode(wire(&cases[i])); err != nil {
			return err
		}
	}
	return b.Flush()
}

func wire(c *Case) caseJSON {
	out := caseJSON{ID: c.ID, Context: c.Context}
	for _, n := range c.Nodes {
		out.Nodes = append(out.Nodes, nodeJSON{n.Culprit, n.Fault, n.Label, n.Who, n.Features})
	}
	return out
}

// Read reads a file of cases, which is not trusted. What is none, or of another
// version, gives an error of kind Invalid that names the line; name is that of
// the file.
func Read(r io.Reader, name string) ([]Case, error) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	var out []Case
	line := 0
	for s.Scan() {
		line++
		if line == 1 {
			var h headerJSON
			if err := strict(s.Bytes(), &h); err != nil || h.Casebook != Version {
				return nil, &errs.Error{
					Op: "read cases", Kind: errs.Invalid, File: name, Line: 1, Err: errors.New("not a file of remembered cases of this version"),
					Remedy: "make it with triagent memory, or name a folder of solved bundles",
				}
			}
			continue
		}
		var w caseJSON
		if err := strict(s.Bytes(), &w); err != nil {
			return nil, errs.At(name, line, 0, "%w", err)
		}
		c := Case{ID: w.ID, Context: w.Context}
		for _, n := range w.Nodes {
			c.Nodes = append(c.Nodes, Node{Who: n.Who, Features: n.Features, Culprit: n.Culprit, Fault: n.Fault, Label: n.Label})
		}
		if err := c.Validate(); err != nil {
			return nil, errs.At(name, line, 0, "%w", err)
		}
		if out = append(out, c); len(out) > MaxCases {
			return nil, errs.At(name, line, 0, "more than %d cases", MaxCases)
		}
	}
	if err := s.Err(); err != nil {
		return nil, errs.At(name, line+1, 0, "%w", err)
	}
	if line == 0 {
		return nil, errs.At(name, 0, 0, "an empty file")
	}
	return out, nil
}

// strict decodes one JSON value and nothing after it, with known keys only.
func strict(text []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("more than one value in a line")
	}
	return nil
}
