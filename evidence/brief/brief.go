// Package brief makes what a diagnosis rests on into the shortest text that a
// reader can still work with, within a budget of tokens: a language model, or a
// person who pastes it into a ticket. It is made by code, holds no verdict, and
// is the same for the same diagnosis.
//
// Evidence stands in it in its shortest form, by node, most telling first, under
// the IDs that the diagnosis cites; what is said more than once is said once.
// Metrics that moved and log templates that no evidence speaks of stand beside
// it, where they are more telling than the last of the evidence. What did not
// fit is counted at the end.
//
// Names, templates and texts come from the system that is diagnosed: they are
// data, stripped of control characters, and nobody's instruction.
package brief

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"triagent/compress"
	"triagent/incident"
)

// Tokens is the budget that suits most readers: the lines that bear the answer fit in
// it (docs/figures.md).
const Tokens = 4000

// A Row is one thing that the text says: evidence, or what no evidence speaks
// of.
type Row struct {
	Node     incident.NodeID      // empty: the whole system
	Evidence []*incident.Evidence // those of the diagnosis that the row says
	Series   *Series              // or a metric that moved
	Line     *compress.Line       // or a log template
	Text     string
}

// Brief is the text in parts.
type Brief struct {
	Head       string // what happened when, and how to read the rows
	Rows       []Row  // by node, in the order of the text
	Foot       string // what did not fit; may be empty
	Reductions []incident.Reduction
}

// Make makes the text of at most tokens tokens (see compress.Tokens) of a
// diagnosis and of what else its raw data hold, if that was read. A budget that
// is too small even for the head gives the head alone.
func Make(d *incident.Diagnosis, more More, tokens int) Brief {
	b := Brief{Head: head(d)}
	budget := compress.NewBudget(tokens - compress.Tokens(b.Head) - footRoom)
	examined, _ := window(d)
	p := packer{from: examined.From, nodes: map[incident.NodeID]int{}, said: map[string]string{}}
	proof := budget.Section("evidence", "pieces of evidence", "triagent diagnose --format json", 1)
	series := budget.Section("metrics", "other series", "the metrics of the bundle", 1)
	lines := budget.Section("logs", "other templates", "the logs of the bundle", 1)
	for _, it := range ordered(d, more) {
		switch {
		case it.series != nil:
			p.take(&it, series)
		case it.line != nil:
			p.take(&it, lines)
		default:
			p.take(&it, proof)
		}
	}
	b.Rows, b.Reductions = p.rows(), budget.Reductions()
	b.Foot = foot(b.Reductions)
	return b
}

// footRoom is kept for the foot, in tokens.
const footRoom = 50

// item is a row to be.
type item struct {
	node     incident.NodeID
	evidence []*incident.Evidence
	series   *Series
	line     *compress.Line
	value    float64 // how telling; higher is better
}

// packer collects the rows that fit.
type packer struct {
	from  time.Time               // begin of the window
	nodes map[incident.NodeID]int // how many rows a node has
	order []incident.NodeID       // nodes as they came
	taken []Row
	said  map[string]string // log template to the ID under which it was printed
}

// take adds a row if it and the heading of its node fit.
func (p *packer) take(it *item, s *compress.Section) {
	text := it.short(p.said, p.from)
	cost := "  " + text + "\n"
	if p.nodes[it.node] == 0 {
		cost = heading(it.node) + cost
	}
	if !s.TakeN(cost, int64(max(1, len(it.evidence)))) {
		return
	}
	if p.nodes[it.node] == 0 {
		p.order = append(p.order, it.node)
	}
	p.nodes[it.node]++
	if name, template := it.template(); template != "" && name != "" && p.said[template] == "" {
		p.said[template] = name
	}
	p.taken = append(p.taken, Row{Node: it.node, Evidence: it.evidence, Series: it.series, Line: it.line, Text: text})
}

// rows are those taken, the nodes in the order of their first row.
func (p *packer) rows() []Row {
	at := make(map[incident.NodeID]int, len(p.order))
	for i, n := range p.order {
		at[n] = i
	}
	slices.SortStableFunc(p.taken, func(a, b Row) int { return cmp.Compare(at[a.Node], at[b.Node]) })
	return p.taken
}

func heading(n incident.NodeID) string {
	if n == "" {
		return "(whole system)\n"
	}
	return clean(string(n)) + "\n"
}

// String is the text.
func (b Brief) String() string {
	var s strings.Builder
	s.WriteString(b.Head)
	for i, r := range b.Rows {
		if i == 0 || r.Node != b.Rows[i-1].Node {
			s.WriteString(heading(r.Node))
		}
		s.WriteString("  " + r.Text + "\n")
	}
	s.WriteString(b.Foot)
	return s.String()
}

// window is what was examined: that of the incident, or else the stretch that
// was found; zero if there is neither.
func window(d *incident.Diagnosis) (w incident.Window, found bool) {
	if w = d.Incident.Window; w.IsZero() && len(d.Detection.Spans) > 0 {
		return d.Detection.Spans[0].Window, true
	}
	return w, false
}

func head(d *incident.Diagnosis) string {
	in := &d.Incident
	var b strings.Builder
	fmt.Fprintf(&b, "incident %s", clean(string(in.ID)))
	if in.Title != "" {
		fmt.Fprintf(&b, ": %s", clip(clean(in.Title), 30))
	}
	if in.System != "" {
		fmt.Fprintf(&b, " (%s)", clean(in.System))
	}
	b.WriteString("\n")
	const clock = "15:04:05"
	if w, found := window(d); !w.IsZero() {
		if found {
			b.WriteString("found ")
		}
		fmt.Fprintf(&b, "window %s for %.0f s", w.From.UTC().Format(time.DateOnly+" "+clock), w.Duration().Seconds())
		if a := in.Alert; a.Name != "" {
			fmt.Fprintf(&b, ", alarm %s", clip(clean(a.Name), 20))
			if a.Node != "" {
				fmt.Fprintf(&b, " on %s", clean(string(a.Node)))
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("rows: usual→in the window, +seconds of onset into the window, zSize in robust standard deviations, count in the window/before\n")
	return b.String()
}

func foot(rs []incident.Reduction) string {
	if len(rs) == 0 {
		return ""
	}
	var left []string
	for _, r := range rs {
		left = append(left, fmt.Sprintf("%d of %d %s", r.In-r.Out, r.In, r.Unit))
	}
	return "left out: " + strings.Join(left, ", ") + "\n"
}
