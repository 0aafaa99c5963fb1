package data

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"triagent/agents"
	"triagent/evidence"
	"triagent/incident"
	"triagent/knowledge"
	"triagent/telemetry"
)

// What the metric agent keeps. A signal is told by the metric of it that moved
// most; what is below noticed is no evidence, and the rest is recorded as
// reduced.
const (
	noticed    = evidence.Noticed
	perNode    = 32 // evidence a node
	unnamed    = 3  // evidence a node from metrics that nobody understands
	perChart   = 2  // charts a node
	longWindow = 12 // samples of a window in which a moment is not all of it
	briefScore = 6  // of load that came for a moment: as much as a healthy window shows
	chartSteps = 240
)

// Metric turns metrics into evidence: it maps each name to its meaning, measures
// how it moved against the baseline, and says so in numbers.
type Metric struct{}

var _ agents.Agent = Metric{}

// Name is "data/metric".
func (Metric) Name() string { return "data/metric" }

// Investigate measures every metric of every node. Without a baseline there is
// nothing to measure against, and the result says so.
func (a Metric) Investigate(ctx context.Context, in agents.Input) (agents.Result, error) {
	var res agents.Result
	if len(in.Bundle.Tables) == 0 {
		return res, nil
	}
	m, err := measureAll(ctx, in)
	if err != nil {
		return res, err
	}
	if !m.within { // nothing was recorded then: that is no silence of the nodes
		res.Missing = append(res.Missing, incident.Missing{What: "metrics", Why: "no metric has a sample in the window"})
		return res, nil
	}
	res.Compared = m.based
	if m.based {
		res.Normal = recorded(in)
	}
	m.report(&res)
	if !m.based {
		res.Missing = append(res.Missing, incident.Missing{What: "baseline", Why: "no metric has a sample outside the window"})
	}
	return res, nil
}

// recorded is how long a part of the baseline metrics were recorded in.
func recorded(in agents.Input) time.Duration {
	var most time.Duration
	for i := range in.Bundle.Tables {
		if at := in.Bundle.Tables[i].Times; len(at) > 1 {
			step := (at[len(at)-1] - at[0]) / int64(len(at)-1) // a sample stands for the time until the next
			most = max(most, in.Frame.Before(at[0], at[len(at)-1]+step))
		}
	}
	return most
}

// meter measures tables of a bundle.
type meter struct {
	in     agents.Input
	frame  evidence.Frame
	scorer *evidence.Scorer
	roster *roster
	moved  []moved
	seen   map[agents.Observable]bool
	total  int
	based  bool                    // any metric has a baseline
	within bool                    // any metric has a sample in the window
	last   func() map[string]int64 // see lastSamples
}

// moved is a metric that changed.
type moved struct {
	table   *telemetry.Table
	column  *telemetry.Column
	meaning knowledge.Meaning
	info    knowledge.SignalInfo
	change  evidence.Change
	per     *moved          // what it is divided by; nil: it is no ratio
	since   incident.Window // the part of the window that is its story; zero: all of it
}

func (m *meter) measure(t *telemetry.Table) {
	m.seen = map[agents.Observable]bool{}
	service := m.roster.service[t.Node]
	strongest := map[incident.Signal]int{} // index in m.moved by signal and direction
	by := map[incident.Signal][]moved{}
	all := make([]moved, 0, len(t.Columns))
	for i := range t.Columns {
		all = append(all, m.change(t, &t.Columns[i], service))
	}
	used := m.shares(all)
	var quiet, over []moved
	dense := 0
	for _, mv := range all {
		m.total++
		m.based = m.based || mv.change.BaselineSamples > 0
		m.within = m.within || mv.change.Samples > 0
		if mv.change.BaselineSamples+mv.change.Samples > 0 && mv.meaning.Signal != "" {
			m.seen[agents.Observable{Node: t.Node, Signal: mv.meaning.Signal}] = true
			by[mv.meaning.Signal] = append(by[mv.meaning.Signal], mv)
		}
		if mv.dense() {
			dense++
			if !mv.change.Silence.IsZero() {
				quiet = append(quiet, mv)
			}
			if last, ok := m.ended(&mv); ok {
				mv.since = incident.Window{From: last, To: m.frame.Window.To}
				over = append(over, mv)
			}
		}
		mv.since = m.down(&mv)
		mv.brief()
		mv.lone(used)
		if math.Abs(mv.change.Score) < noticed {
			continue
		}
		m.keep(mv, strongest)
	}
	m.ratio(t, by, strongest)
	m.absence(t, quiet, over, dense)
}

// dense reports whether a metric has a sample in nearly every row of the
// baseline.
func (mv *moved) dense() bool {
	rows := 0
	for _, w := range mv.change.Baseline {
		from, _ := slices.BinarySearch(mv.table.Times, w.From.UnixNano())
		to, _ := slices.BinarySearch(mv.table.Times, w.To.UnixNano())
		rows += to - from
	}
	return mv.change.BaselineSamples > 2 && float64(mv.change.BaselineSamples) >= 0.9*float64(rows)
}

// brief bounds what a moment of a long window says of load: what was asked of a
// node explains its trouble only for as long as it was asked.
func (mv *moved) brief() {
	c := &mv.change
	if (mv.info.Nature == knowledge.LoadNature || mv.info.Resource == "memory") && c.Shape == incident.Spike && c.Samples >= longWindow {
		c.Score = math.Max(-briefScore, math.Min(briefScore, c.Score))
	}
}

// change measures one column by the meaning of its name.
func (m *meter) change(t *telemetry.Table, col *telemetry.Column, service string) moved {
	meaning, _ := m.in.Base.Metric(m.in.Bundle.Incident.System, service, col.Name)
	meaning = asWritten(meaning, col.Values)
	info, _ := m.in.Base.Signal(meaning.Signal)
	return moved{table: t, column: col, meaning: meaning, info: info, change: m.scorer.Change(t.Times, col.Values, m.frame, evidence.Meaning{
		Bad: info.Bad, Unit: meaning.Unit, Limit: meaning.Scale, Log: meaning.Log, Counter: meaning.Counter,
	})}
}

// asWritten takes a share that is written in percent for what it is: names do
// not say, values do.
func asWritten(m knowledge.Meaning, values []float64) knowledge.Meaning {
	if m.Unit != "ratio" {
		return m
	}
	for _, v := range values {
		if v > 1.5 {
			m.Unit = "percent"
			if m.Scale == 1 {
				m.Scale = 100
			}
			break
		}
	}
	return m
}

// keep remembers the strongest metric of each signal and direction.
func (m *meter) keep(mv moved, strongest map[incident.Signal]int) {
	key := mv.meaning.Signal + "/" + incident.Signal(mv.change.Direction)
	if mv.meaning.Signal == "" {
		key += incident.Signal(mv.column.Name)
	}
	at, ok := strongest[key]
	switch {
	case !ok:
		strongest[key] = len(m.moved)
		m.moved = append(m.moved, mv)
	case math.Abs(mv.change.Score) > math.Abs(m.moved[at].change.Score):
		m.moved[at] = mv
	}
}

// report makes evidence, charts and a finding a node of what moved.
func (m *meter) report(res *agents.Result) {
	for o := range m.seen {
		res.Seen = append(res.Seen, o)
	}
	slices.SortFunc(res.Seen, compareSeen)
	slices.SortStableFunc(m.moved, func(a, b moved) int {
		if c := cmp.Compare(a.table.Node, b.table.Node); c != 0 {
			return c
		}
		return cmp.Compare(math.Abs(b.change.Score), math.Abs(a.change.Score))
	})
	kept := 0
	for i := 0; i < len(m.moved); {
		j := i
		for j < len(m.moved) && m.moved[j].table.Node == m.moved[i].table.Node {
			j++
		}
		kept += m.reportNode(m.moved[i:j], res)
		i = j
	}
	res.Reductions = append(res.Reductions, incident.Reduction{
		Stage: "metrics", In: int64(m.total), Out: int64(kept), Unit: "series",
		How: "series that moved, the strongest of each signal", Rest: "metrics/",
	})
}

func compareSeen(a, b agents.Observable) int {
	return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Peer, b.Peer), cmp.Compare(a.Signal, b.Signal))
}

// reportNode takes the moves of one node, strongest first.
func (m *meter) reportNode(moves []moved, res *agents.Result) int {
	node := moves[0].table.Node
	f := incident.Finding{Agent: Metric{}.Name(), Node: node}
	foreign, charts, top := 0, 0, 0.0
	for i := range moves {
		mv := &moves[i]
		if mv.meaning.Signal == "" {
			if foreign++; foreign > unnamed {
				continue
			}
		}
		if len(f.Cites) == perNode {
			break
		}
		e := m.evidence(mv, fmt.Sprintf("metric/%s/%d", node, i))
		res.Evidence = append(res.Evidence, e)
		f.Cites = append(f.Cites, e.ID)
		top = max(top, e.Score)
		if charts < perChart && mv.meaning.Signal != "" && mv.per == nil {
			charts++
			res.Charts = append(res.Charts, m.chart(mv, e.ID))
		}
	}
	f.Strength = 1 - math.Exp(-top/20)
	shown := min(len(f.Cites), 5)
	f.Text = incident.Say("metric.node", "node", string(node), "count", fmt.Sprint(len(f.Cites)))
	for _, id := range f.Cites[:shown] {
		f.Text.Args = append(f.Text.Args, incident.Arg{Name: "evidence", Value: string(id)})
	}
	res.Findings = append(res.Findings, f)
	return len(f.Cites)
}

// evidence words one move, with the numbers that a checker computes again.
func (m *meter) evidence(mv *moved, id string) incident.Evidence {
	c := &mv.change
	e := incident.Evidence{
		ID: incident.EvidenceID(id), Kind: incident.Metric, Node: mv.table.Node, Signal: mv.meaning.Signal,
		Name: mv.column.Name, Unit: mv.meaning.Unit, Window: m.frame.Window, Direction: c.Direction, Shape: c.Shape,
		Score: math.Abs(c.Score), Onset: c.Onset, Source: m.source(mv), Peer: m.peer(mv),
	}
	m.word(mv, &e)
	return e
}

// peer is the other node that a label of a metric names, as what a leader
// measures of one of its followers; empty: none does.
func (m *meter) peer(mv *moved) incident.NodeID {
	_, labels, ok := strings.Cut(mv.column.Name, "{")
	if !ok {
		return ""
	}
	labels, _, _ = strings.Cut(labels, "}")
	for pair := range strings.SplitSeq(labels, ",") {
		_, value, _ := strings.Cut(pair, "=")
		if id := incident.NodeID(value); id != mv.table.Node && m.roster.nodes[id] {
			return id
		}
	}
	return ""
}

// source is the first row at or after the onset that has the story in it.
func (m *meter) source(mv *moved) incident.Source {
	from := m.frame.Window.From
	if !mv.change.Onset.IsZero() {
		from = mv.change.Onset.To
	}
	t := mv.table
	i, _ := slices.BinarySearch(t.Times, from.UnixNano())
	for i < len(t.Times)-1 && mv.change.Direction != incident.Gone && math.IsNaN(mv.column.Values[i]) {
		i++
	}
	i = min(i, len(t.Times)-1)
	return incident.Source{File: t.File, Line: int(t.Lines[i]), Query: mv.column.Name}
}

// chart is the series behind a piece of evidence, thinned to chartSteps by
// keeping the extreme of each step.
func (m *meter) chart(mv *moved, id incident.EvidenceID) incident.Chart {
	c := incident.Chart{Evidence: id, Title: string(mv.table.Node) + " " + mv.column.Name, Unit: mv.meaning.Unit}
	times, values := mv.table.Times, mv.column.Values
	step := max(1, (len(times)+chartSteps-1)/chartSteps)
	for i := 0; i < len(times); i += step {
		at := i
		for j := i + 1; j < min(i+step, len(times)); j++ {
			if math.Abs(values[j]-mv.change.BaselineMedian) > math.Abs(values[at]-mv.change.BaselineMedian) {
				at = j
			}
		}
		c.Times = append(c.Times, time.Unix(0, times[at]).UTC())
		c.Values = append(c.Values, values[at])
	}
	return c
}
