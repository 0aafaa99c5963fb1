package data

import (
	"context"
	"slices"
	"strings"

	"triagent/agents"
	"triagent/compress"
	"triagent/evidence"
	"triagent/incident"
	"triagent/telemetry"
)

// The miner gives each record one template, but a record may be an instance of
// several, and the recipe of a number counts all that match. Where templates of
// a node overlap, the records are counted once more as the recipe says it.

// tally is one number that has to be counted in the records themselves.
type tally struct {
	number *incident.Number
	count  int
}

// tallies are the numbers of one template on one node.
type tallies struct {
	match   *compress.Matcher
	numbers []tally
}

// recount puts right the numbers of evidence from templates that share records
// with others of their node. It reads the logs of those nodes once, and none
// where no templates overlap.
func (l *lineTable) recount(ctx context.Context, in agents.Input, all []incident.Evidence) error {
	wanted := l.shared(all)
	if len(wanted) == 0 {
		return nil
	}
	nodes := make([]incident.NodeID, 0, len(wanted))
	for _, n := range sortedKeys(wanted) {
		nodes = append(nodes, incident.NodeID(l.nodes.text[n]))
	}
	var last int64
	latest := none
	err := in.Bundle.Logs(ctx, nodes, func(r *telemetry.Record) error {
		n := l.nodes.id[string(r.Node)]
		if n != latest {
			latest, last = n, 0
		}
		at := r.Time
		if at == 0 {
			at = last
		}
		last = max(last, at)
		if at == 0 || l.g.bin(at, -1) < 0 {
			return nil
		}
		for _, t := range wanted[n] {
			t.take(at, r.Body)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, templates := range wanted {
		for _, t := range templates {
			for _, n := range t.numbers {
				n.number.Value = float64(n.count)
			}
		}
	}
	for i := range all {
		reword(&all[i])
	}
	return nil
}

// take counts a record for the numbers whose windows hold it.
func (t *tallies) take(at int64, body []byte) {
	if !t.match.Match(body) {
		return
	}
	for i := range t.numbers {
		if slices.ContainsFunc(t.numbers[i].number.Windows, func(w incident.Window) bool {
			return at >= w.From.UnixNano() && at < w.To.UnixNano()
		}) {
			t.numbers[i].count++
		}
	}
}

// shared collects, by node, the numbers of templates that overlap with others.
func (l *lineTable) shared(all []incident.Evidence) map[int32]map[string]*tallies {
	wanted := map[int32]map[string]*tallies{}
	known := map[pair]bool{} // node and number of the template: whether it overlaps
	texts := newNames()
	for i := range all {
		for k := range all[i].Numbers {
			n := &all[i].Numbers[k]
			node := int32(slices.Index(l.file, n.File))
			if n.Stat != evidence.Records || n.Column == "" || node < 0 {
				continue
			}
			key := pair{node, texts.of(n.Column)}
			over, ok := known[key]
			if !ok {
				over = l.overlaps(node, n.Column)
				known[key] = over
			}
			if !over {
				continue
			}
			if wanted[node] == nil {
				wanted[node] = map[string]*tallies{}
			}
			t := wanted[node][n.Column]
			if t == nil {
				t = &tallies{match: compress.NewMatcher(n.Column)}
				wanted[node][n.Column] = t
			}
			t.numbers = append(t.numbers, tally{number: n})
		}
	}
	return wanted
}

// overlaps reports whether a record of another template of the node may be an
// instance of text. Templates that are instances of it as a whole are counted
// with it already, see like.
func (l *lineTable) overlaps(node int32, text string) bool {
	if l.dropped > 0 {
		return true
	}
	match, own := compress.NewMatcher(text), holes(text)
	for id := range l.cells[node] {
		other := l.template(id)
		if other != text && !match.Match([]byte(other)) && common(own, holes(other)) {
			return true
		}
	}
	return false
}

// reword prints the numbers of evidence from templates as they are now. A line
// that turns out not to be new is a burst.
func reword(e *incident.Evidence) {
	for i := range e.Numbers {
		n := &e.Numbers[i]
		for k := range e.Text.Args {
			if a := &e.Text.Args[k]; a.Name == n.Name && n.Stat == evidence.Records && (!a.Phrase || n.Value > 0) {
				a.Phrase = false
				a.Value = evidence.Format(n.Value, evidence.UnitOf(n.Stat, e.Unit))
			}
		}
		rest, isNew := strings.CutPrefix(e.Text.Key, "log.template_new")
		if isNew && n.Name == "before" && n.Value > 0 {
			e.Text.Key, e.Direction = "log.template_burst"+rest, incident.Up
			if e.Signal == "template.new" {
				e.Signal = "template.burst"
			}
		}
	}
}
