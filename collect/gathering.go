package collect

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// gathering is what was handed over for one bundle so far: metrics and small
// parts in memory, logs and spans in files that are gone when it is closed. It is
// safe for concurrent use.
type gathering struct {
	span  incident.Window
	limit connectors.Limit
	dir   string
	nodes *directory

	mu        sync.Mutex
	found     connectors.Found // roles, groups and calls of all sources
	series    map[string][]series
	logs      map[string][]*spool[line] // by the node's name
	spans     []*spool[telemetry.Span]
	changes   []incident.Change
	alerts    []incident.Alert
	queries   map[telemetry.Query]bool
	lacks     map[incident.Missing]bool // those of collected
	collected telemetry.Collected
}

// series is one metric as it was handed over.
type series struct {
	name, source, query string
	times               []int64
	values              []float64
}

func newGathering(span incident.Window, limit connectors.Limit, scratch string) (*gathering, error) {
	sweep(scratch)
	dir, err := os.MkdirTemp(scratch, scratchPrefix)
	if err != nil {
		return nil, &errs.Error{Op: "collect", Kind: errs.Unavailable, Err: err, Remedy: "make room and the right to write where temporary files are kept"}
	}
	return &gathering{
		span: span, limit: limit, dir: dir, nodes: newDirectory(), series: make(map[string][]series),
		logs: make(map[string][]*spool[line]), queries: make(map[telemetry.Query]bool),
	}, nil
}

func (g *gathering) close() {
	for _, list := range g.logs {
		for _, s := range list {
			s.close()
		}
	}
	for _, s := range g.spans {
		s.close()
	}
	_ = os.RemoveAll(g.dir)
}

// learn takes over what a source knows of the system, as far as it can be.
func (g *gathering) learn(source string, f connectors.Found) {
	g.nodes.learn(source, f.Nodes)
	f, left := sound(f)
	if left > 0 {
		g.lack(incident.Missing{What: "some roles, groups or calls", Why: "they have no node, no name, or a role that is not known"})
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.found.Roles = append(g.found.Roles, f.Roles...)
	g.found.Groups = append(g.found.Groups, f.Groups...)
	g.found.Calls = append(g.found.Calls, f.Calls...)
}

func (g *gathering) lack(m incident.Missing) {
	m.What, m.Why = cut(m.What), cut(m.Why)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.lacks[m]:
		return
	case len(g.lacks) >= mostLacks:
		m = incident.Missing{What: "a list of all that is missing", Why: fmt.Sprintf("there is more than %d things", mostLacks)}
		if g.lacks[m] {
			return
		}
	}
	if g.lacks == nil {
		g.lacks = make(map[incident.Missing]bool)
	}
	g.lacks[m] = true
	g.collected.Missing = append(g.collected.Missing, m)
}

// mostLacks bounds what is said to be missing: nobody reads more, and a bundle
// with tens of thousands of long sentences is not read again.
const mostLacks = 5000

// used notes what was asked of source i of the declaration.
func (g *gathering) used(i int, u telemetry.SourceUse) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.collected.Sources) <= i {
		g.collected.Sources = append(g.collected.Sources, telemetry.SourceUse{})
	}
	g.collected.Sources[i] = u
}

func (g *gathering) empty() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.series) == 0 && len(g.logs) == 0 && len(g.spans) == 0 && len(g.changes) == 0 && len(g.alerts) == 0
}

// order returns the nodes that are known, those next to the alert first: by
// steps over calls and replica groups; ties by ID.
func (g *gathering) order(alert string) []connectors.Node {
	next := g.neighbours()
	all := g.nodes.nodes()
	steps := map[incident.NodeID]int{}
	if alert != "" {
		front := []incident.NodeID{g.nodes.id(alert)}
		for d := 1; len(front) > 0; d++ {
			var further []incident.NodeID
			for _, n := range front {
				if steps[n] == 0 {
					steps[n] = d
					further = append(further, next[n]...)
				}
			}
			front = further
		}
	}
	far := len(all) + 2
	slices.SortStableFunc(all, func(a, b incident.Node) int {
		return cmp.Compare(cmp.Or(steps[a.ID], far), cmp.Or(steps[b.ID], far))
	})
	out := make([]connectors.Node, len(all))
	for i, n := range all {
		out[i] = g.nodes.asKnown(n.ID)
	}
	return out
}

func (g *gathering) neighbours() map[incident.NodeID][]incident.NodeID {
	next := make(map[incident.NodeID][]incident.NodeID)
	link := func(a, b string) {
		from, to := g.nodes.id(a), g.nodes.id(b)
		if from != to {
			next[from], next[to] = append(next[from], to), append(next[to], from)
		}
	}
	for _, c := range g.found.Calls {
		link(c.From, c.To)
	}
	for _, k := range g.found.Groups {
		for _, m := range k.Members[min(1, len(k.Members)):] {
			link(k.Members[0], m)
		}
	}
	return next
}

func compare(a, b incident.NodeID) int { return strings.Compare(string(a), string(b)) }
