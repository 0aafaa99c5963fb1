package api

import (
	"encoding/json"
	"slices"

	"triagent/internal/errs"
)

// evalReport is the part of the file of `triagent eval run --out` that the page
// shows. Other fields are kept in the store as they came.
type evalReport struct {
	Version int     `json:"version"`
	Program string  `json:"program"`
	Started string  `json:"started"`
	Seconds float64 `json:"seconds"`
	Engine  struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Model   string `json:"model"`
	} `json:"engine"`
	Sets []evalSet `json:"sets"`
}

type evalSet struct {
	Name    string `json:"name"`
	System  string `json:"system"`
	Cases   int    `json:"cases"`
	Faulty  int    `json:"faulty"`
	Healthy int    `json:"healthy"`
	Failed  int    `json:"failed"`
	Exact   struct {
		Figures   []Figure `json:"figures"`
		Confusion struct {
			Labels []string `json:"labels"`
			Count  [][]int  `json:"count"`
		} `json:"confusion"`
		Reliability []Bin     `json:"reliability"`
		Rows        []evalRow `json:"rows"`
	} `json:"exact"`
}

// Figure is one number of an evaluation.
type Figure struct {
	Key   string   `json:"key"`
	Name  string   `json:"name"`
	Unit  string   `json:"unit,omitempty" doc:"Empty: a share of 1"`
	N     int      `json:"n" doc:"Cases that it rests on"`
	Value *float64 `json:"value" nullable:"true"`
	Low   *float64 `json:"low" nullable:"true" doc:"95 % interval"`
	High  *float64 `json:"high" nullable:"true"`
}

// Bin is how often answers of some confidence were right.
type Bin struct {
	From     float64 `json:"from"`
	To       float64 `json:"to"`
	N        int     `json:"n"`
	Mean     float64 `json:"mean_confidence"`
	Accuracy float64 `json:"accuracy"`
}

type evalRow struct {
	Case       string      `json:"case"`
	Healthy    bool        `json:"healthy"`
	Error      string      `json:"error"`
	Truth      []evalCause `json:"truth"`
	Causes     []evalCause `json:"causes"`
	Verdict    string      `json:"verdict"`
	Confidence float64     `json:"confidence"`
	Alarm      bool        `json:"alarm"`
	WallMS     float64     `json:"wall_ms"`
}

type evalCause struct {
	Node        string   `json:"node"`
	Fault       string   `json:"fault"`
	Accept      []string `json:"accept"`
	Probability float64  `json:"probability"`
}

// right reports whether the answer is: the first cause is a true one in node and
// fault, or there was nothing and no alarm.
func (r *evalRow) right() bool {
	if r.Healthy {
		return r.Error == "" && !r.Alarm
	}
	if len(r.Causes) == 0 {
		return false
	}
	c := r.Causes[0]
	return c.Fault != "" && c.Fault != "unknown" && slices.ContainsFunc(r.Truth, func(t evalCause) bool {
		return (t.Node == "" || t.Node == c.Node) && (t.Fault == c.Fault || slices.Contains(t.Accept, c.Fault))
	})
}

// readReport reads a report; what is none gives kind errs.Invalid.
func readReport(b []byte) (*evalReport, error) {
	r := &evalReport{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, &errs.Error{Kind: errs.Invalid, Err: err, Remedy: "send the file that triagent eval run --out wrote"}
	}
	if r.Version != 1 || len(r.Sets) == 0 {
		return nil, &errs.Error{
			Kind: errs.Invalid, Err: errs.New(errs.Invalid, "this is no report of an evaluation: it needs version 1 and sets"),
			Remedy: "send the file that triagent eval run --out wrote",
		}
	}
	return r, nil
}

// EvalSummary is an evaluation in a list.
type EvalSummary struct {
	Engine string             `json:"engine"`
	Cases  int                `json:"cases"`
	Sets   []string           `json:"sets"`
	Scores map[string]float64 `json:"scores" doc:"Shares of 1 over all sets, by the key of the figure"`
	Error  string             `json:"error" doc:"Why it failed"`
}

func (r *evalReport) summary() EvalSummary {
	s := EvalSummary{Engine: r.engine(), Sets: []string{}, Scores: map[string]float64{}}
	weight := map[string]float64{}
	for i := range r.Sets {
		set := &r.Sets[i]
		s.Cases += set.Cases
		s.Sets = append(s.Sets, set.Name)
		for _, f := range set.Exact.Figures {
			if f.Unit == "" && f.Value != nil && f.N > 0 {
				s.Scores[f.Key] += *f.Value * float64(f.N)
				weight[f.Key] += float64(f.N)
			}
		}
	}
	for k, w := range weight {
		s.Scores[k] /= w
	}
	return s
}

func (r *evalReport) engine() string {
	e := r.Engine.Name + " " + r.Engine.Version
	if r.Engine.Model != "" {
		e += " " + r.Engine.Model
	}
	return e
}

// EvalDetail is what an evaluation found.
type EvalDetail struct {
	Groups      []EvalGroup `json:"groups" doc:"One a set"`
	Confusion   Confusion   `json:"confusion" doc:"Over all sets"`
	Cases       []EvalCase  `json:"cases"`
	Calibration []Bin       `json:"calibration" doc:"Over all sets"`
}

// EvalGroup is the figures of one set.
type EvalGroup struct {
	Name    string   `json:"name"`
	System  string   `json:"system"`
	Cases   int      `json:"cases"`
	Faulty  int      `json:"faulty"`
	Healthy int      `json:"healthy"`
	Failed  int      `json:"failed"`
	Figures []Figure `json:"figures"`
}

// Confusion counts which fault was taken for which.
type Confusion struct {
	Labels []string `json:"labels"`
	Rows   [][]int  `json:"rows" doc:"[true][answered], by index into labels"`
}

// EvalCase is one case with its answer.
type EvalCase struct {
	Set        string  `json:"set"`
	Case       string  `json:"case"`
	Truth      string  `json:"truth" doc:"As node: fault; empty: healthy"`
	Answer     string  `json:"answer" doc:"First cause; empty: none"`
	Verdict    string  `json:"verdict"`
	Confidence float64 `json:"confidence"`
	Right      bool    `json:"right"`
	Error      string  `json:"error"`
	WallMS     float64 `json:"wall_ms"`
}

func (r *evalReport) detail() EvalDetail {
	d := EvalDetail{Groups: []EvalGroup{}, Cases: []EvalCase{}, Calibration: []Bin{}}
	d.Confusion = r.confusion()
	for i := range r.Sets {
		s := &r.Sets[i]
		figures := s.Exact.Figures
		if figures == nil {
			figures = []Figure{}
		}
		d.Groups = append(d.Groups, EvalGroup{s.Name, s.System, s.Cases, s.Faulty, s.Healthy, s.Failed, figures})
		for k := range s.Exact.Rows {
			d.Cases = append(d.Cases, s.Exact.Rows[k].wire(s.Name))
		}
		d.Calibration = addBins(d.Calibration, s.Exact.Reliability)
	}
	return d
}

func (r *evalRow) wire(set string) EvalCase {
	c := EvalCase{
		Set: set, Case: r.Case, Verdict: r.Verdict, Confidence: r.Confidence, Right: r.right(), Error: r.Error, WallMS: r.WallMS,
	}
	for i, t := range r.Truth {
		if i > 0 {
			c.Truth += ", "
		}
		c.Truth += t.String()
	}
	if len(r.Causes) > 0 {
		c.Answer = r.Causes[0].String()
	}
	return c
}

// String names a cause, as "node-1: disk_full".
func (c evalCause) String() string {
	if c.Node == "" {
		return c.Fault
	}
	return c.Node + ": " + c.Fault
}

// confusion adds up those of the sets. Rows that do not fit their labels are
// left out.
func (r *evalReport) confusion() Confusion {
	out := Confusion{Labels: []string{}, Rows: [][]int{}}
	place := map[string]int{}
	for i := range r.Sets {
		for _, l := range r.Sets[i].Exact.Confusion.Labels {
			if _, ok := place[l]; !ok {
				place[l] = len(out.Labels)
				out.Labels = append(out.Labels, l)
			}
		}
	}
	for range out.Labels {
		out.Rows = append(out.Rows, make([]int, len(out.Labels)))
	}
	for i := range r.Sets {
		c := &r.Sets[i].Exact.Confusion
		for a, row := range c.Count {
			for b, n := range row {
				if a < len(c.Labels) && b < len(c.Labels) {
					out.Rows[place[c.Labels[a]]][place[c.Labels[b]]] += n
				}
			}
		}
	}
	return out
}

// addBins adds up two reliability tables with the same bins.
func addBins(a, b []Bin) []Bin {
	if len(a) != len(b) {
		if len(a) == 0 {
			return slices.Clone(b)
		}
		return a
	}
	for i := range a {
		n := a[i].N + b[i].N
		if n > 0 {
			wa, wb := float64(a[i].N)/float64(n), float64(b[i].N)/float64(n)
			a[i].Mean = wa*a[i].Mean + wb*b[i].Mean
			a[i].Accuracy = wa*a[i].Accuracy + wb*b[i].Accuracy
		}
		a[i].N = n
	}
	return a
}
