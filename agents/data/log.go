package data

import (
	"context"
	"slices"
	"sort"

	"triagent/agents"
	"triagent/incident"
)

// Log turns log records into evidence: templates that are new, gone or bursting
// on a node, more warnings and errors, a node that fell silent, and nodes that
// others complain about. Rates are judged against robust blocks of the
// baseline, with the dispersion that those show, so that what always comes in
// bursts is no news.
type Log struct{ walk *logWalk }

var _ agents.Agent = Log{}

// Name returns "data/log".
func (Log) Name() string { return "data/log" }

// Investigate streams the logs once, unless the crew has already. Memory depends on the number of templates
// and of nodes, not of records, and has fixed bounds.
func (l Log) Investigate(ctx context.Context, in agents.Input) (agents.Result, error) {
	if len(in.Bundle.LogNodes) == 0 || in.Frame.Window.IsZero() {
		return agents.Result{}, nil
	}
	w, err := l.walk.walked(ctx, in)
	if err != nil {
		return agents.Result{}, err
	}
	lines := w.lines.on(newGrid(in.Frame, in.Bundle.Incident.Alert.Time))
	j := &logJudge{lineTable: lines, base: in.Base, system: in.Bundle.Incident.System, exposure: lines.exposure()}
	j.services(in.Bundle.Topology)
	if !slices.ContainsFunc(j.total, func(c *cell) bool { return c.outside(j.g) > 0 }) {
		j.g.borrow()
	}
	res := agents.Result{Normal: lines.before(in.Frame)}
	res.Compared = lines.read > lines.outside && res.Normal > 0
	res.Evidence = append(res.Evidence, j.silences()...)
	res.Evidence = append(res.Evidence, j.levelRates()...)
	res.Evidence = append(res.Evidence, j.complaints()...)
	changed := j.templates()
	for _, c := range changed {
		res.Evidence = append(res.Evidence, c.evidence...)
	}
	if err := lines.recount(ctx, in, res.Evidence); err != nil {
		return agents.Result{}, err
	}
	number(res.Evidence, "L")
	res.Findings = findings(Log{}.Name(), res.Evidence)
	res.Templates = j.counts(changed, res.Evidence)
	res.Reductions = lines.reductions(len(res.Evidence))
	res.Missing = append(lines.away(in.Frame), lines.timeless()...)
	return res, nil
}

// counts lists the telling templates with how often each was seen.
func (j *logJudge) counts(changed []templateChange, all []incident.Evidence) []incident.TemplateCount {
	ids := map[string]incident.EvidenceID{}
	for _, e := range all {
		k := string(e.Node) + "\x00" + e.Name
		if _, ok := ids[k]; !ok && e.Name != "" {
			ids[k] = e.ID
		}
	}
	var out []incident.TemplateCount
	for _, c := range changed {
		name := j.template(c.template)
		node := incident.NodeID(j.nodes.text[c.node])
		out = append(out, incident.TemplateCount{
			Node: node, Template: name, Level: c.cell.level.String(),
			Window: c.cell.sum(j.g.search, j.g.stop), Baseline: c.cell.sum(0, j.g.search) + c.cell.sum(j.g.stop, j.g.bins()),
			Evidence: ids[string(node)+"\x00"+name],
		})
	}
	return out
}

// reductions says what the logs were reduced to.
func (l *lineTable) reductions(made int) []incident.Reduction {
	templates := map[int32]bool{}
	for _, cells := range l.cells {
		for id := range cells {
			templates[id] = true
		}
	}
	out := []incident.Reduction{
		{Stage: "logs", In: l.read, Out: int64(len(templates)), Unit: "records to templates", How: "counted by node, template and time", Rest: "logs/"},
		{Stage: "logs", In: int64(len(templates)), Out: int64(made), Unit: "templates to evidence", How: "the telling changes are kept", Rest: "logs/"},
	}
	if l.outside > 0 {
		out = append(out, incident.Reduction{Stage: "logs", In: l.read, Out: l.read - l.outside, Unit: "records", How: "records outside the window and the baseline do not count", Rest: "logs/"})
	}
	if l.dropped > 0 {
		out = append(out, incident.Reduction{Stage: "logs", In: l.read, Out: l.read - l.dropped, Unit: "records", How: "there are too many templates: counted by level only", Rest: "logs/"})
	}
	if s := l.stats; s.Truncated > 0 {
		out = append(out, incident.Reduction{Stage: "logs", In: s.Records, Out: s.Records - s.Truncated, Unit: "records", How: "of very long lines only the beginning makes the template", Rest: "logs/"})
	}
	return out
}

// services remembers which nodes are instances of the same service.
func (j *logJudge) services(t incident.Topology) {
	by := map[string][]int32{}
	for _, n := range t.Nodes {
		if id, ok := j.nodes.id[string(n.ID)]; ok && n.Service != "" && int(id) < len(j.cells) {
			by[n.Service] = append(by[n.Service], id)
		}
	}
	j.replicas = make([][]int32, len(j.nodes.text))
	for _, ids := range by {
		sort.Slice(ids, func(a, b int) bool { return ids[a] < ids[b] })
		for _, id := range ids {
			j.replicas[id] = ids
		}
	}
}
