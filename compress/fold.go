package compress

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

// Line is a log template on one node with how often and when it was seen: what
// is left of many records, adjacent or interleaved with others.
type Line struct {
	Node     incident.NodeID
	Template string
	Level    telemetry.Level // highest seen
	First    int64           // Unix nanoseconds of the first record in the window, 0: no time
	Last     int64
	Count    int64  // records in the window
	Sample   string // first record in the window, at most maxSample bytes
	Change   Change
	Nodes    int // nodes on which the template was seen in the window
	Score    float64
	id       int
}

const maxSample = 240

// A Folder folds the records of a window and of the baseline before it into
// Lines. Its memory depends on the number of templates, nodes and blocks, not of
// records. It is not safe for concurrent use.
type Folder struct {
	m                *Miner
	window, baseline incident.Window
	block            time.Duration
	rows             map[foldKey]*foldRow
	before, within   exposure
	in               int64 // records in the window
	outside          int64 // records in neither
}

type foldKey struct {
	node incident.NodeID
	id   int
}

type foldRow struct {
	Line
	base []int64 // counts by block of the baseline
}

const maxBlocks = 64

// NewFolder returns a Folder that mines with m. The baseline is cut into blocks
// as long as the window, at most 64; without a baseline nothing is new. A zero
// window holds every record. Where records are frequent, five seconds without
// one of any node were not recorded, and do not count as time.
func NewFolder(m *Miner, window, baseline incident.Window) *Folder {
	f := &Folder{m: m, window: window, baseline: baseline, rows: map[foldKey]*foldRow{}}
	f.before, f.within = newExposure(baseline), newExposure(window)
	f.block = max(window.Duration(), baseline.Duration()/maxBlocks, time.Second)
	return f
}

// Add folds one record. Records outside window and baseline are counted only;
// those without a time count as the window's.
func (f *Folder) Add(r *telemetry.Record) {
	id := f.m.Add(r.Body)
	at := time.Unix(0, r.Time)
	inWindow := r.Time == 0 || f.window.IsZero() || f.window.Contains(at)
	if !inWindow && !f.baseline.Contains(at) {
		f.outside++
		return
	}
	key := foldKey{r.Node, id}
	row := f.rows[key]
	if row == nil {
		row = &foldRow{Line: Line{Node: r.Node, id: id}}
		f.rows[key] = row
	}
	row.Level = max(row.Level, r.Level)
	if r.Time != 0 && inWindow {
		f.within.note(at.Sub(f.window.From))
	}
	if !inWindow {
		f.before.note(at.Sub(f.baseline.From))
		row.base = bump(row.base, int(at.Sub(f.baseline.From)/f.block))
		return
	}
	f.in++
	row.Count++
	if r.Time != 0 {
		if row.First == 0 || r.Time < row.First {
			row.First = r.Time
		}
		row.Last = max(row.Last, r.Time)
	}
	if row.Sample == "" {
		row.Sample = strings.ToValidUTF8(string(r.Body[:min(len(r.Body), maxSample)]), "")
	}
}

// Outside returns how many records lay in neither window nor baseline.
func (f *Folder) Outside() int64 { return f.outside }

func bump(counts []int64, k int) []int64 {
	for len(counts) <= k {
		counts = append(counts, 0)
	}
	counts[k]++
	return counts
}

// Lines returns what was folded, what matters most for a failure first, with
// the reduction it is. Templates that were seen in the baseline only are among
// them, with a Count of 0.
func (f *Folder) Lines(cfg ChangeConfig) ([]Line, incident.Reduction) {
	rows := f.merged()
	items := make([]Counted, len(rows))
	span := f.within.seconds(0, f.window.Duration())
	for i, r := range rows {
		items[i] = Counted{
			Window:   []Block{{r.Count, span}},
			Baseline: f.blocks(r.base),
		}
	}
	lines := make([]Line, len(rows))
	nodes, seen := map[string]int{}, int64(0)
	for _, r := range rows {
		if r.Count > 0 {
			nodes[r.Template]++
			seen++
		}
	}
	for i, c := range Changes(items, cfg) {
		lines[i] = rows[i].Line
		lines[i].Change, lines[i].Nodes = c, nodes[lines[i].Template]
	}
	Rank(lines)
	how := "equal and interleaved repeats as one line with count and time span"
	return lines, incident.Reduction{Stage: "logs", In: f.in, Out: seen, Unit: "lines", How: how}
}

// blocks gives the counts of a baseline their durations, less gaps.
func (f *Folder) blocks(counts []int64) []Block {
	var bs []Block
	length := f.baseline.Duration()
	for at, k := time.Duration(0), 0; at < length; at, k = at+f.block, k+1 {
		b := Block{Seconds: f.before.seconds(at, min(at+f.block, length))}
		if k < len(counts) {
			b.Count = counts[k]
		}
		bs = append(bs, b)
	}
	return bs
}

// merged joins rows whose ids turned out to be one template, by node and
// template.
func (f *Folder) merged() []*foldRow {
	byRoot := map[foldKey]*foldRow{}
	for key, r := range f.rows {
		key.id = f.m.Root(key.id)
		to := byRoot[key]
		if to == nil {
			to = &foldRow{Line: Line{Node: key.node, id: key.id, Template: f.m.Template(key.id)}}
			byRoot[key] = to
		}
		to.join(r)
	}
	rows := make([]*foldRow, 0, len(byRoot))
	for _, r := range byRoot {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b *foldRow) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Template, b.Template))
	})
	return rows
}

func (r *foldRow) join(x *foldRow) {
	r.Level = max(r.Level, x.Level)
	r.Count += x.Count
	r.Last = max(r.Last, x.Last)
	first := x.First != 0 && (r.First == 0 || x.First < r.First)
	if first {
		r.First = x.First
	}
	if x.Sample != "" && (r.Sample == "" || first || x.First == r.First && x.Sample < r.Sample) {
		r.Sample = x.Sample
	}
	for k, n := range x.base {
		for len(r.base) <= k {
			r.base = append(r.base, 0)
		}
		r.base[k] += n
	}
}

// String renders the line for a reader or a prompt: what happened to it, how
// often and when, level, node, template.
func (l *Line) String() string {
	var b strings.Builder
	switch l.Change.Kind {
	case New, Vanished:
		fmt.Fprintf(&b, "[%s] ", l.Change.Kind)
	case Burst, Drop:
		fmt.Fprintf(&b, "[%s x%.2g] ", l.Change.Kind, l.Change.Ratio)
	case Steady:
	}
	fmt.Fprintf(&b, "%dx", l.Count)
	const clock = "15:04:05"
	if l.First != 0 {
		from, to := time.Unix(0, l.First).UTC().Format(clock), time.Unix(0, l.Last).UTC().Format(clock)
		b.WriteString(" " + from)
		if to != from {
			b.WriteString("-" + to)
		}
	}
	if l.Level != telemetry.NoLevel {
		b.WriteString(" " + l.Level.String())
	}
	if l.Node != "" {
		b.WriteString(" " + string(l.Node))
	}
	b.WriteString(": " + l.Template)
	return b.String()
}
