package eval

import (
	"time"

	"triagent/eval/importer"
	"triagent/eval/score"
)

// Report is the result of a run: what was run, and per set the figures and every
// case. It is what the JSON file holds and what Compare reads.
type Report struct {
	Version  int         `json:"version"` // 1
	Program  string      `json:"program"` // version of the program
	Engine   EngineID    `json:"engine"`
	Seed     uint64      `json:"seed"`
	Started  time.Time   `json:"started"`
	Seconds  float64     `json:"seconds"`
	Settings Settings    `json:"settings"`
	Sets     []SetReport `json:"sets"`
	Pooled   *Pooled     `json:"pooled,omitempty"` // with two sets or more
}

// EngineID names the engine that answered.
type EngineID struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Model   string `json:"model,omitempty"`
}

// Settings are those of the run that may change a figure.
type Settings struct {
	Cases        []string `json:"cases,omitempty"` // patterns; empty: all
	LateSeconds  float64  `json:"late_s"`
	Memory       string   `json:"memory,omitempty"`
	MemoryCases  int      `json:"memory_cases,omitempty"` // of them, at most; 0: all
	Rename       Renaming `json:"rename,omitempty"`
	Window       Windows  `json:"window,omitempty"`
	Trials       int      `json:"trials"`
	WithoutRoles bool     `json:"without_roles,omitempty"`
	Knowledge    []string `json:"knowledge,omitempty"` // the user's folders
	Jobs         int      `json:"jobs"`
	Perturb      []string `json:"perturb,omitempty"`
	// HealthyWindows is how many a set was asked for; 0: its cases were run.
	HealthyWindows int `json:"healthy_windows,omitempty"`
}

// SetReport is one set.
type SetReport struct {
	Name     string        `json:"name"`
	Kind     importer.Kind `json:"kind"`
	System   string        `json:"system,omitempty"`
	Notes    string        `json:"notes,omitempty"`
	Checksum string        `json:"checksum"`
	Changed  bool          `json:"changed,omitempty"` // the bundles are not those that were imported

	Cases   int `json:"cases"`
	Faulty  int `json:"faulty"`
	Healthy int `json:"healthy"` // recorded and drawn
	Drawn   int `json:"drawn"`   // of the healthy
	Bundled int `json:"bundled"` // that come with the program; read them apart
	Failed  int `json:"failed"`  // without an answer
	HeldOut int `json:"held_out,omitempty"`

	Exact Part  `json:"exact"`
	Late  *Part `json:"late,omitempty"`

	Perturbed []Perturbed `json:"perturbed,omitempty"`
	// NoWindows says of how many cases no healthy window can be drawn, by reason.
	NoWindows map[string]int `json:"no_windows,omitempty"`
}

// Part is the figures of one way to run the cases.
type Part struct {
	Figures     []score.Figure  `json:"figures"`
	Beside      []Beside        `json:"beside,omitempty"` // naive rankers on the same cases
	Confusion   score.Confusion `json:"confusion"`
	Reliability []score.Bin     `json:"reliability"`
	Rows        []*score.Row    `json:"rows"`
	LeftOut     map[string]int  `json:"left_out,omitempty"` // reason -> cases; late only
	// Same are the figures of the exact alarm on the cases that the late part
	// holds: what its own figures are to be compared with.
	Same []score.Figure `json:"same,omitempty"`
	same []*score.Row
}

// Beside is a naive ranker on the same cases.
type Beside struct {
	Name    string         `json:"name"`
	Figures []score.Figure `json:"figures"` // of places only; empty: the cases hold nothing it could use
}

// part computes the figures of rows.
func part(rows []*score.Row, beside []named, seed uint64) Part {
	p := Part{
		Figures: score.Figures(rows, seed), Confusion: score.Confuse(rows),
		Reliability: score.Bins(rows), Rows: rows,
	}
	for _, b := range beside {
		p.Beside = append(p.Beside, Beside{Name: b.name, Figures: score.PlaceFigures(b.rows, seed)})
	}
	return p
}

// count fills in how many cases of which sort there are.
func (s *SetReport) count(rows []*score.Row, trials int) {
	for i, r := range rows {
		if i%trials != 0 {
			continue // a further trial of the same case
		}
		s.Cases++
		switch {
		case !r.Healthy:
			s.Faulty++
		case r.Drawn:
			s.Healthy++
			s.Drawn++
		default:
			s.Healthy++
		}
		if r.Bundled {
			s.Bundled++
		}
		if r.Error != "" {
			s.Failed++
		}
	}
}
