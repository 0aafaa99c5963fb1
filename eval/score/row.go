// Package score turns what diagnoses said, beside what was true, into figures.
//
// The unit is a Row: one case with one answer. A figure is a function of rows,
// so that the same function gives the value and, over resampled rows, its
// interval (see Bootstrap). Every definition stands at the function that
// computes it. Nothing here does I/O; everything is safe for concurrent use.
package score

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

// Cause is a node with a fault, as answered or as true.
type Cause struct {
	Node        incident.NodeID `json:"node,omitempty"`
	Service     string          `json:"service,omitempty"`
	Fault       incident.Fault  `json:"fault"`
	Label       string          `json:"label,omitempty"`       // the user's own word
	Accept      []string        `json:"accept,omitempty"`      // truth only
	Probability float64         `json:"probability,omitempty"` // answer only
}

// Row is one case: the truth, the answer, and what it cost.
type Row struct {
	Case    string `json:"case"`
	Split   string `json:"split"`
	Healthy bool   `json:"healthy"`
	Drawn   bool   `json:"drawn,omitempty"`   // a healthy stretch cut out of a run
	Bundled bool   `json:"bundled,omitempty"` // it comes with the program
	Error   string `json:"error,omitempty"`   // why there is no answer; counts as a wrong one

	// How many nodes and services there were to choose from; 0: not known. Where
	// there is one, its place means nothing and is not scored.
	Nodes    int `json:"nodes"`
	Services int `json:"services"`

	Truth  []Cause `json:"truth,omitempty"`
	Causes []Cause `json:"causes,omitempty"` // best first, all that the answer ranks

	Verdict    incident.Verdict  `json:"verdict,omitempty"`
	Confidence float64           `json:"confidence"`
	Alarm      bool              `json:"alarm"`             // the answer says that something is wrong
	Anomaly    float64           `json:"anomaly"`           // how likely the answer has it that something is wrong
	Flagged    []incident.NodeID `json:"flagged,omitempty"` // nodes of the best abnormal window
	Because    string            `json:"because,omitempty"` // strongest evidence of the first cause; only of a false alarm
	Doubt      string            `json:"doubt,omitempty"`   // why a healthy window may hold a fault that is not listed
	Hours      float64           `json:"hours"`             // length of the window examined; 0: none given
	IoU        *float64          `json:"iou,omitempty"`     // nil: the truth names no window
	// RolesAsked: so many nodes have a role that the set tells; RolesRight: of them, so
	// many are what the answer says. Records and Parsed: log records of the case,
	// and those of which time and level were read; 0: not asked.
	RolesAsked int `json:"roles_asked,omitempty"`
	RolesRight int `json:"roles_right,omitempty"`
	Records    int `json:"records,omitempty"`
	Parsed     int `json:"parsed,omitempty"`
	// OnsetAsked: the first cause names a true node, and the truth says when that
	// failed. Onset is how long after it the answer has it begin, in seconds; below
	// 0: before. nil: not asked, or the answer names no time.
	OnsetAsked bool     `json:"onset_asked,omitempty"`
	Onset      *float64 `json:"onset_s,omitempty"`

	Claims int `json:"claims"` // statements that cite evidence
	Sound  int `json:"sound"`  // of those, how many cite evidence that exists and says so
	// Problems are the first few claims that are not sound.
	Problems []string `json:"problems,omitempty"`
	Rejected bool     `json:"rejected"` // at least one alternative was named and ruled out

	WallMS    float64 `json:"wall_ms"`
	CPUMS     float64 `json:"cpu_ms"`
	PeakBytes int64   `json:"peak_bytes"`
	Calls     int     `json:"model_calls,omitempty"`
	Prompt    int     `json:"prompt_tokens,omitempty"`
	Answer    int     `json:"completion_tokens,omitempty"`
	USD       float64 `json:"usd,omitempty"`
}

// Fill copies what a diagnosis says into the row, and compares its best window
// with the true one.
func (r *Row) Fill(d incident.Diagnosis) {
	r.Verdict, r.Confidence, r.Alarm, r.Anomaly = d.Verdict, d.Confidence, d.Detection.Anomalous, d.Detection.Score
	for _, c := range d.Causes {
		r.Causes = append(r.Causes, Cause{Node: c.Node, Service: c.Service, Fault: c.Fault, Label: c.Label, Probability: c.Probability})
	}
	if len(d.Detection.Spans) > 0 {
		r.Flagged = d.Detection.Spans[0].Nodes
	}
	if r.Healthy && r.Alarm {
		r.Because = because(d)
	}
	r.Rejected = len(d.Rejected) > 0
	c := d.Cost
	r.CPUMS, r.PeakBytes = millis(c.CPU), c.PeakBytes
	r.Calls, r.Prompt, r.Answer, r.USD = c.ModelCalls, c.PromptTokens, c.CompletionTokens, c.USD
}

// SetTruth copies the answer key into the row.
func (r *Row) SetTruth(t telemetry.Truth) {
	r.Healthy = t.Healthy
	for _, c := range t.Causes {
		r.Truth = append(r.Truth, Cause{Node: c.Node, Service: c.Service, Fault: c.Fault, Label: c.Label, Accept: c.Accept})
	}
}

// SetRoles compares what nodes are in the picture of the diagnosis with what they
// were.
func (r *Row) SetRoles(d incident.Diagnosis, roles map[string]string) {
	r.RolesAsked = len(roles)
	for _, n := range d.Graph.Nodes {
		if want, ok := roles[string(n.ID)]; ok && want == string(n.Role) {
			r.RolesRight++
		}
	}
}

// SetIoU compares the best abnormal window of the diagnosis with the stretch
// that the true causes span; it does nothing where the truth gives no end. No
// window found is an IoU of 0.
func (r *Row) SetIoU(d incident.Diagnosis, t telemetry.Truth) {
	w := t.Span()
	if w.IsZero() {
		return
	}
	v := 0.0
	if len(d.Detection.Spans) > 0 {
		v = IoU(d.Detection.Spans[0].Window, w)
	}
	r.IoU = &v
}

// IoU is the intersection of two windows over their union, 0 to 1.
func IoU(a, b incident.Window) float64 {
	from, to := a.From, a.To
	if b.From.After(from) {
		from = b.From
	}
	if b.To.Before(to) {
		to = b.To
	}
	both := max(to.Sub(from), 0)
	either := a.Duration() + b.Duration() - both
	if either <= 0 {
		return 0
	}
	return both.Seconds() / either.Seconds()
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// right reports whether fault f is that of the true cause c. Unknown never is.
func (c Cause) right(f incident.Fault) bool {
	if f == incident.UnknownFault || f == "" {
		return false
	}
	if f == c.Fault {
		return true
	}
	for _, a := range c.Accept {
		if incident.Fault(a) == f {
			return true
		}
	}
	return false
}

// Strict reports whether the first cause is right in node and fault, for any of
// the true causes; ok is false where that cannot be asked: a healthy case, or a
// truth that names no node.
func (r *Row) Strict() (right, ok bool) {
	if r.Healthy {
		return false, false
	}
	for _, t := range r.Truth {
		if t.Node == "" {
			continue
		}
		ok = true
		if len(r.Causes) > 0 && r.Causes[0].Node == t.Node && t.right(r.Causes[0].Fault) {
			return true, true
		}
	}
	return false, ok
}

// Correct reports whether the answer as a whole is right: for a faulty case the
// strict diagnosis, for a healthy one no alarm.
func (r *Row) Correct() (right, ok bool) {
	if r.Healthy {
		return r.Error == "" && !r.Alarm, true
	}
	return r.Strict()
}

// Held reports whether what Confidence speaks of is so: that nothing is wrong
// where the verdict is healthy, else that the first cause is right in node and
// fault, which on a healthy case none is. ok is false where a truth names no node.
func (r *Row) Held() (right, ok bool) {
	switch {
	case r.Verdict == incident.Healthy:
		return r.Healthy, true
	case r.Healthy:
		return false, true
	}
	return r.Strict()
}

// because words the strongest evidence that the first cause cites, for people.
func because(d incident.Diagnosis) string {
	if len(d.Causes) == 0 {
		return ""
	}
	var best []incident.Evidence
	for _, e := range d.Evidence {
		if slices.Contains(d.Causes[0].Cites, e.ID) {
			best = append(best, e)
		}
	}
	slices.SortStableFunc(best, func(a, b incident.Evidence) int { return cmp.Compare(b.Score, a.Score) })
	var out []string
	for _, e := range best[:min(len(best), 3)] {
		name := e.Name
		if len(name) > 60 {
			name = strings.ToValidUTF8(name[:60], "") + "..."
		}
		out = append(out, fmt.Sprintf("%s %s (%s) %s %.1f", e.Kind, cmp.Or(string(e.Signal), "?"), name, e.Direction, e.Score))
	}
	return strings.Join(out, "; ")
}
