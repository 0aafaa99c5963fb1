package eval

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"triagent/eval/naive"
	"triagent/incident"
	"triagent/telemetry"
)

// names replaces the names of nodes, and of services if asked, by meaningless
// ones in all that an engine sees, and puts the true ones back into its answer.
type names struct {
	to                  *strings.Replacer
	node                map[string]string // meaningless -> true
	service             map[string]string
	nodeNew, serviceNew map[string]string // true -> meaningless
}

// newNames makes the renaming for a bundle; nil for RenameNothing. Numbers are
// given in an order drawn from seed.
func newNames(b *telemetry.Bundle, how Renaming, seed uint64) *names {
	if how == RenameNothing {
		return nil
	}
	n := &names{node: map[string]string{}, service: map[string]string{}, nodeNew: map[string]string{}, serviceNew: map[string]string{}}
	rng := rand.New(rand.NewPCG(seed, 1))
	n.assign(rng, "node", naive.Nodes(b), n.nodeNew, n.node)
	if how == RenameServices {
		var services []string
		for _, node := range b.Topology.Nodes {
			if s := node.Service; s != "" && n.nodeNew[s] == "" && !slices.Contains(services, s) {
				services = append(services, s)
			}
		}
		slices.Sort(services)
		n.assign(rng, "service", services, n.serviceNew, n.service)
	}
	// The longest name first: one may begin with another.
	type pair struct{ old, new string }
	var pairs []pair
	for _, m := range []map[string]string{n.nodeNew, n.serviceNew} {
		for o, w := range m {
			pairs = append(pairs, pair{o, w})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(len(b.old), len(a.old)), strings.Compare(a.old, b.old))
	})
	var list []string
	for _, p := range pairs {
		list = append(list, p.old, p.new)
	}
	n.to = strings.NewReplacer(list...)
	return n
}

func (n *names) assign(rng *rand.Rand, prefix string, old []string, to, back map[string]string) {
	for i, j := range rng.Perm(len(old)) {
		w := fmt.Sprintf("%s-%03d", prefix, j+1)
		to[old[i]], back[w] = w, old[i]
	}
}

// restore puts the true names back into what is scored of a diagnosis.
func (n *names) restore(d *incident.Diagnosis) {
	if n == nil {
		return
	}
	for i, c := range d.Causes {
		d.Causes[i].Node = incident.NodeID(cmp.Or(n.node[string(c.Node)], string(c.Node)))
		d.Causes[i].Service = cmp.Or(n.service[c.Service], n.node[c.Service], c.Service)
	}
	for i, g := range d.Graph.Nodes {
		d.Graph.Nodes[i].ID = incident.NodeID(cmp.Or(n.node[string(g.ID)], string(g.ID)))
	}
	for _, s := range d.Detection.Spans {
		for i, node := range s.Nodes {
			s.Nodes[i] = incident.NodeID(cmp.Or(n.node[string(node)], string(node)))
		}
	}
}

// stageRenamed writes a member with its names replaced, line by line.
func stageRenamed(ctx context.Context, b *telemetry.Bundle, member, dst string, n *names) error {
	r, err := b.Member(ctx, member)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	dir, file := path.Split(plain(member))
	ext := path.Ext(file)
	if w, ok := n.nodeNew[strings.TrimSuffix(file, ext)]; ok {
		file = w + ext
	}
	return writeMember(dst, path.Join(dir, file), func(w io.Writer) error { return n.copy(w, r) })
}

// copy copies lines with their names replaced.
func (n *names) copy(w io.Writer, r io.Reader) error {
	to, in := bufio.NewWriterSize(w, 1<<18), bufio.NewReaderSize(r, 1<<18)
	for {
		line, rerr := in.ReadString('\n')
		if _, err := n.to.WriteString(to, line); err != nil {
			return err
		}
		if errors.Is(rerr, io.EOF) {
			return to.Flush()
		}
		if rerr != nil {
			return rerr
		}
	}
}
