package elastic

// part are documents that are read together: those of a node, or the rest.
type part struct {
	node   *node // nil: the rest
	filter []any
	count  int64
	most   int64 // documents that may be handed over; 0: no bound of its own
}

func (p *part) name() string {
	if p.node == nil {
		return "documents whose node the index does not know"
	}
	return p.node.Names[0]
}

// plan makes parts of nodes and the rest, and decides how many documents of each
// may be handed over: all, if they are no more than are wanted.
func (g *gathering) plan(nodes []*node, rest int64) []*part {
	var parts []*part
	var all int64
	for _, n := range nodes {
		p := &part{node: n, count: n.count}
		p.filter = append([]any{object{"term": object{n.field: n.value}}}, none(n.not)...)
		parts = append(parts, p)
		all += n.count
	}
	if rest > 0 {
		parts = append(parts, &part{filter: none(g.c.node), count: rest})
		all += rest
	}
	if g.most == 0 || all <= g.most {
		return parts
	}
	g.slices = int64(min(48, max(6, 480/len(parts))))
	share(g.most, parts)
	return parts
}

// share shares a number of documents out among parts in their order, each as
// much as it has, but so that half of an equal share stays for each that follows.
func share(most int64, parts []*part) {
	least := max(1, most/int64(2*len(parts)))
	var later int64
	for _, p := range parts {
		later += min(p.count, least)
	}
	for _, p := range parts {
		later -= min(p.count, least)
		p.most = max(1, min(p.count, most-later))
		most = max(0, most-p.most)
	}
}
