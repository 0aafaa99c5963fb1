package data

import (
	"triagent/compress"
	"triagent/incident"
	"triagent/telemetry"
)

// lineTable counts log records by node and template over the bins of a grid.
// Its memory depends on the number of templates, not of records.
type lineTable struct {
	g      *grid
	miner  *compress.Miner
	nodes  *names
	file   []string                    // by node
	cells  []map[int32]*lineCell       // by node, then template id; roots only after fold
	levels []map[telemetry.Level]*cell // by node
	all    cell                        // records of all nodes
	total  []*cell                     // records by node
	last   []int64                     // time of the last record, by node
	ran    []stretch                   // of all records that bear a time, by node
	peers  *peerNames
	told   map[complaintKey]*complaint
	seen   []complaintKey // keys of told, in order of first use

	read, untimed, outside, dropped int64
	kept                            int // cells
	hint                            int

	// By id of a template, once settled, when there is no miner any more.
	roots  []int32
	texts  []string
	counts []int64
	stats  compress.MinerStats
}

// lineCell is what is known of one template on one node.
type lineCell struct {
	cell
	level    telemetry.Level // highest seen
	first    places          // records in the search
	lastBase int32           // line of the last record outside the search
	named    map[int32]int   // nodes that its records in the search name
}

// maxCells bounds the pairs of node and template that are counted; records
// beyond it are counted by level only.
const maxCells = 1_000_000

func newLineTable(g *grid, t incident.Topology) *lineTable {
	l := &lineTable{
		g: g, miner: compress.NewMiner(compress.Config{}), nodes: newNames(),
		told: map[complaintKey]*complaint{},
	}
	l.peers = newPeerNames(t, l.nodes)
	return l
}

// node numbers the node of a record.
func (l *lineTable) node(r *telemetry.Record) int32 {
	n := l.nodes.of(string(r.Node))
	for int(n) >= len(l.cells) {
		l.cells = append(l.cells, map[int32]*lineCell{})
		l.levels = append(l.levels, map[telemetry.Level]*cell{})
		l.total = append(l.total, &cell{})
		l.last = append(l.last, 0)
		l.ran = append(l.ran, stretch{})
		l.file = append(l.file, "")
	}
	l.file[n] = r.File
	return n
}

// add counts a record. The template is -1 for a record that does not count.
func (l *lineTable) add(r *telemetry.Record) (node, template int32) {
	l.read++
	node = l.node(r)
	at := r.Time
	if at == 0 { // belongs to the record above it
		l.untimed++
		if at = l.last[node]; at == 0 {
			return node, none
		}
	}
	l.last[node] = max(l.last[node], at)
	l.ran[node].add(at)
	bin := l.g.bin(at, l.hint)
	if bin < 0 {
		l.outside++
		return node, none
	}
	l.hint = bin
	template = int32(l.miner.Add(r.Body))
	level := levelOf(r)
	bins := l.g.bins()
	l.all.add(bin, bins)
	l.total[node].add(bin, bins)
	if r.Level >= telemetry.Warn {
		l.level(node, r.Level).add(bin, bins)
	}
	c := l.cells[node][template]
	if c == nil {
		if l.kept >= maxCells {
			l.dropped++
			return node, none
		}
		l.kept++
		c = &lineCell{}
		l.cells[node][template] = c
	}
	c.add(bin, bins)
	c.level = max(c.level, level)
	l.note(c, node, bin, level, r)
	return node, template
}

// levelOf is the level of a record, from its text where the record does not
// say: collectors often hand on lines as they were written.
func levelOf(r *telemetry.Record) telemetry.Level {
	if r.Level != telemetry.NoLevel {
		return r.Level
	}
	h := telemetry.ParseHead(r.Body)
	return h.Level
}

func (l *lineTable) level(node int32, level telemetry.Level) *cell {
	level = min(level, telemetry.Error)
	c := l.levels[node][level]
	if c == nil {
		c = &cell{}
		l.levels[node][level] = c
	}
	return c
}

// note remembers telling examples and whom a record names.
func (l *lineTable) note(c *lineCell, node int32, bin int, level telemetry.Level, r *telemetry.Record) {
	searching := l.g.searching(bin)
	if !searching {
		c.lastBase = int32(r.Line)
	} else {
		c.first.add(bin, int32(r.Line))
	}
	early := searching && len(c.named) == 0 && len(c.first) == 1
	if level < telemetry.Warn && !early {
		return
	}
	for _, p := range l.peers.find(r.Body, node) {
		if searching {
			if c.named == nil {
				c.named = map[int32]int{}
			}
			c.named[p]++
		}
		if level >= telemetry.Warn {
			l.complain(complaintKey{p, node}, bin, level, r, searching)
		}
	}
}

// fold brings the cells of all ids of one template together. Call it once all
// records are in.
func (l *lineTable) fold() {
	for n, cells := range l.cells {
		folded := make(map[int32]*lineCell, len(cells))
		for _, id := range sortedKeys(cells) {
			c := cells[id]
			root := int32(l.miner.Root(int(id)))
			if to := folded[root]; to != nil {
				to.absorb(c, l.g.bins())
				continue
			}
			folded[root] = c
		}
		l.cells[n] = folded
	}
}

// absorb adds another cell of the same template and node.
func (c *lineCell) absorb(o *lineCell, bins int) {
	dense := make([]int32, bins)
	c.into(dense)
	o.into(dense)
	c.dense, c.runs = dense, nil
	c.level = max(c.level, o.level)
	c.lastBase = max(c.lastBase, o.lastBase)
	c.first = append(c.first, o.first...)
	for p, k := range o.named {
		if c.named == nil {
			c.named = map[int32]int{}
		}
		c.named[p] += k
	}
}

// exposure is how many seconds of each bin were recorded. Time before the first
// and after the last record of the search is not; an empty bin of the baseline
// is, unless the system is so talkative that emptiness means a gap.
func (l *lineTable) exposure() []float64 { return exposure(l.g, &l.all) }

// like counts the records that are instances of a template on a node, those
// that the miner holds for a narrower template among them, so that whoever
// counts the records that match the text comes to the same number.
func (l *lineTable) like(node, template int32) *cell {
	own := l.cells[node][template]
	text := l.template(template)
	match := compress.NewMatcher(text)
	out := &own.cell
	for _, id := range sortedKeys(l.cells[node]) {
		if id == template || !match.Match([]byte(l.template(id))) {
			continue
		}
		dense := make([]int32, l.g.bins())
		out.into(dense)
		l.cells[node][id].into(dense)
		out = &cell{dense: dense}
	}
	return out
}

// lastLine is a line of the log that shows how it was before; 0: none does.
func (c *lineCell) lastLine(g *grid) int {
	if c.lastBase > 0 {
		return int(c.lastBase)
	}
	return c.first.from(g.search)
}
