package collect

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/telemetry"
)

// write lays out what was gathered as the parts of a bundle.
func (g *gathering) write(w *telemetry.Writer, inc incident.Incident, zone *time.Location) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.clockNotes()
	for _, part := range []func(*telemetry.Writer) error{g.writeMetrics, g.writeLogs, g.writeSpans, g.writeSmall} {
		if err := part(w); err != nil {
			return err
		}
	}
	g.noteQueries()
	g.collected.Missing = append(g.collected.Missing, g.nodes.long()...)
	if err := w.Topology(g.topology()); err != nil {
		return err
	}
	if err := w.Collected(&g.collected); err != nil {
		return err
	}
	return w.Incident(inc, zone)
}

func (g *gathering) writeLogs(w *telemetry.Writer) error {
	by := make(map[incident.NodeID][]*spool[line])
	for _, name := range slices.Sorted(maps.Keys(g.logs)) {
		id := g.nodes.id(name)
		by[id] = append(by[id], g.logs[name]...)
	}
	for _, id := range slices.Sorted(maps.Keys(by)) {
		if err := writeLog(w, id, by[id]); err != nil {
			return err
		}
	}
	return nil
}

// writeLog writes the log of a node: as the node wrote it if one source alone
// gave its raw lines, as records otherwise.
func writeLog(w *telemetry.Writer, id incident.NodeID, spools []*spool[line]) error {
	raw := len(spools) == 1
	if err := merge(spools, func(l line) error {
		raw = raw && l.Raw
		return nil
	}); err != nil {
		return err
	}
	if raw {
		m, err := w.Log(id)
		if err != nil {
			return err
		}
		return errors.Join(merge(spools, func(l line) error {
			_, err := m.Write(append(l.Body, '\n'))
			return err
		}), m.Close())
	}
	m, err := w.LogRecords(id)
	if err != nil {
		return err
	}
	return errors.Join(merge(spools, func(l line) error {
		return m.Write(&telemetry.Record{
			Time: l.Time, Level: telemetry.Level(l.Level), Body: l.Body, TraceID: l.Trace, SpanID: l.Span,
		}, l.Attributes)
	}), m.Close())
}

func (g *gathering) writeSpans(w *telemetry.Writer) error {
	if len(g.spans) == 0 {
		return nil
	}
	m, err := w.Spans()
	if err != nil {
		return err
	}
	return errors.Join(merge(g.spans, func(s telemetry.Span) error {
		s.Node = g.nodes.id(string(s.Node))
		return m.Write(&s)
	}), m.Close())
}

func (g *gathering) writeSmall(w *telemetry.Writer) error {
	for i := range g.changes {
		g.changes[i].Node = g.nodes.id(string(g.changes[i].Node))
	}
	slices.SortStableFunc(g.changes, func(a, b incident.Change) int { return a.Time.Compare(b.Time) })
	for i := range g.alerts {
		g.alerts[i].Node, g.alerts[i].Peer = g.nodes.id(string(g.alerts[i].Node)), g.nodes.id(string(g.alerts[i].Peer))
	}
	slices.SortStableFunc(g.alerts, func(a, b incident.Alert) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Name, b.Name), compare(a.Node, b.Node))
	})
	g.alerts = slices.CompactFunc(g.alerts, func(a, b incident.Alert) bool { // two sources know of it
		return a.Time.Equal(b.Time) && a.Name == b.Name && a.Node == b.Node && maps.Equal(a.Labels, b.Labels)
	})
	if len(g.changes) > 0 {
		if err := w.Changes(g.changes); err != nil {
			return err
		}
	}
	if len(g.alerts) > 0 {
		return w.Alerts(g.alerts)
	}
	return nil
}

// topology is who takes part, by all sources together.
func (g *gathering) topology() incident.Topology {
	t := incident.Topology{}
	for _, r := range g.found.Roles {
		t.Roles = append(t.Roles, incident.RoleSpan{Node: g.nodes.id(r.Node), Role: r.Role, Group: r.Group, From: cmp.Or(moment(r.From), g.span.From)})
	}
	slices.SortStableFunc(t.Roles, func(a, b incident.RoleSpan) int {
		return cmp.Or(strings.Compare(a.Group, b.Group), compare(a.Node, b.Node), a.From.Compare(b.From))
	})
	t.Roles = slices.CompactFunc(t.Roles, func(a, b incident.RoleSpan) bool {
		return a.Node == b.Node && a.Group == b.Group && a.Role == b.Role // told again
	})
	t.Groups = g.groups()
	calls := make(map[incident.Call]bool)
	for _, c := range g.found.Calls {
		calls[incident.Call{From: g.nodes.id(c.From), To: g.nodes.id(c.To)}] = true
	}
	t.Calls = slices.SortedFunc(maps.Keys(calls), func(a, b incident.Call) int {
		return cmp.Or(compare(a.From, b.From), compare(a.To, b.To))
	})
	t.Nodes = g.nodes.nodes()
	return t
}

// groups puts together what sources say of the members of each group.
func (g *gathering) groups() []incident.Group {
	by := make(map[string]*incident.Group)
	type member struct {
		group string
		node  incident.NodeID
	}
	known := make(map[member]bool)
	for _, k := range g.found.Groups {
		to := by[k.ID]
		if to == nil {
			to = &incident.Group{ID: k.ID}
			by[k.ID] = to
		}
		to.Consensus = cmp.Or(to.Consensus, k.Consensus)
		for _, m := range k.Members {
			if at := (member{k.ID, g.nodes.id(m)}); !known[at] {
				known[at] = true
				to.Members = append(to.Members, at.node)
			}
		}
	}
	var out []incident.Group
	for _, id := range slices.Sorted(maps.Keys(by)) {
		slices.Sort(by[id].Members)
		out = append(out, *by[id])
	}
	return out
}

// noteQueries adds the queries of whole files, whose nodes have their IDs now.
func (g *gathering) noteQueries() {
	for q := range g.queries {
		if q.Text == "" {
			continue
		}
		if node, ok := strings.CutPrefix(q.File, "logs/"); ok {
			q.File = "logs/" + string(g.nodes.id(node)) + ".log"
		}
		g.collected.Queries = append(g.collected.Queries, q)
	}
	slices.SortFunc(g.collected.Queries, func(a, b telemetry.Query) int {
		return cmp.Or(strings.Compare(a.File, b.File), strings.Compare(a.Column, b.Column), strings.Compare(a.Text, b.Text))
	})
}

// askew is how far a clock may be off before it is said: the dates of HTTP
// answers have whole seconds.
const askew = 2 * time.Second

// clockNotes says which clocks are off for sure.
func (g *gathering) clockNotes() {
	for _, c := range g.collected.Clocks {
		off := max(c.Least, -c.Most)
		if off < askew {
			continue
		}
		way := "ahead of"
		if c.Most < 0 {
			way = "behind"
		}
		g.collected.Missing = append(g.collected.Missing, incident.Missing{
			What: "a common clock", Why: "the clock of " + c.Of + " is at least " + off.Round(100*time.Millisecond).String() + " " + way + " that of this machine: onsets of its nodes are off by that",
		})
	}
}

var _ connectors.Sink = (*sink)(nil)
