package report

import (
	"io"
	"slices"
	"strings"

	"triagent/incident"
)

// Result is the outcome for one bundle, where a report covers several.
type Result struct {
	Diagnosis incident.Diagnosis // where Err is set, only Incident.ID counts
	Err       error              // why there is no diagnosis; nil: there is one
	Known     Known              // what the bundle is known to hold; zero: not known
	Link      string             // where the full report is, relative to an overview; empty: nowhere
}

// Failed reports whether there is no diagnosis.
func (r Result) Failed() bool { return r.Err != nil }

// Known is a fault that is on record, to compare a diagnosis with.
type Known struct {
	Recorded bool // false: nothing is on record
	Node     incident.NodeID
	Fault    incident.Fault   // empty: the system was healthy
	Accept   []incident.Fault // other names that count as right
}

// Match says how a diagnosis compares with what is on record.
type Match string

// The matches.
const (
	NoRecord Match = ""
	Right    Match = "right"
	RightHow Match = "fault_only" // the fault is right, the node is not
	RightWho Match = "node_only"  // the node is right, the fault is not
	Wrong    Match = "wrong"
)

// Match compares the first cause with the record. A healthy record is matched
// by the verdict healthy, or by inconclusive with nothing abnormal detected.
func (r Result) Match() Match {
	k, d := r.Known, r.Diagnosis
	switch {
	case !k.Recorded:
		return NoRecord
	case r.Err != nil:
		return Wrong
	case k.Fault == "":
		if d.Verdict == incident.Healthy || !d.Detection.Anomalous {
			return Right
		}
		return Wrong
	case d.Verdict == incident.Healthy || len(d.Causes) == 0:
		return Wrong
	}
	c := d.Causes[0]
	node, fault := c.Node == k.Node, c.Fault == k.Fault || slices.Contains(k.Accept, c.Fault)
	switch {
	case node && fault:
		return Right
	case node:
		return RightWho
	case fault:
		return RightHow
	}
	return Wrong
}

// row is a result as a line of an overview.
type row struct {
	ID, Title, Verdict, VerdictWord, Percent, Node, Fault, Since, Recorded, Match, MatchWord, Err, Link string
}

func (o Options) row(r Result) row {
	d := r.Diagnosis
	out := row{ID: clean(string(d.Incident.ID)), Link: r.Link, Match: string(r.Match())}
	if out.Match != "" {
		out.MatchWord = o.say("match." + out.Match)
	}
	if k := r.Known; k.Recorded {
		out.Recorded = o.name("verdict", string(incident.Healthy))
		if k.Fault != "" {
			out.Recorded = clean(string(k.Node)) + " " + clean(o.name("fault", string(k.Fault)))
		}
	}
	if r.Err != nil {
		out.Err, out.VerdictWord = clean(r.Err.Error()), o.say("ui.failed")
		return out
	}
	out.Title, out.Verdict, out.Percent = clean(d.Incident.Title), string(d.Verdict), Percent(d.Confidence)
	out.VerdictWord = clean(o.name("verdict", out.Verdict))
	if len(d.Causes) > 0 && d.Verdict != incident.Healthy {
		c := d.Causes[0]
		out.Node, out.Fault, out.Since = clean(string(c.Node)), clean(o.faultName(c)), clock(c.Onset)
	}
	return out
}

// Table writes one line a result: incident, verdict, confidence, node, fault
// and onset, and beside them the recorded fault where one is known. It returns
// only errors of w.
func Table(w io.Writer, results []Result, o Options) error {
	rows := each(results, o.row)
	head := []string{"ui.incident", "ui.verdict", "ui.confidence", "ui.node", "ui.fault", "ui.onset"}
	recorded := false
	for _, r := range results {
		recorded = recorded || r.Known.Recorded
	}
	if recorded {
		head = append(head, "ui.recorded", "ui.right")
	}
	g := grid{right: map[int]bool{2: true}}
	g.rows = append(g.rows, each(head, func(k string) string { return o.say(k) }))
	for _, r := range rows {
		cells := []string{r.ID, r.VerdictWord, r.Percent, r.Node, r.Fault, r.Since}
		if recorded {
			cells = append(cells, r.Recorded, r.MatchWord)
		}
		g.rows = append(g.rows, cells)
	}
	var b strings.Builder
	for i, l := range g.lines("", max(o.width(), 200)) {
		switch {
		case i == 0:
			l = o.paint(l, bold)
		case o.Colour:
			l = colourRow(o, l, rows[i-1])
		}
		b.WriteString(l + "\n")
	}
	for _, r := range rows {
		if r.Err != "" {
			b.WriteString("\n" + r.ID + ": " + r.Err + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// colourRow paints the verdict and the match of a line that is laid out.
func colourRow(o Options, l string, r row) string {
	st := verdictStyle(r.Verdict)
	if r.Err != "" {
		st = red
	}
	l = r.ID + strings.Replace(strings.TrimPrefix(l, r.ID), r.VerdictWord, o.paint(r.VerdictWord, st), 1)
	if r.MatchWord == "" || !strings.HasSuffix(l, r.MatchWord) {
		return l
	}
	st = green
	switch Match(r.Match) {
	case Wrong:
		st = red
	case RightWho, RightHow:
		st = yellow
	}
	return strings.TrimSuffix(l, r.MatchWord) + o.paint(r.MatchWord, st)
}
