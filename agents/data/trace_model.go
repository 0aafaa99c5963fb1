package data

import (
	"triagent/incident"
	"triagent/telemetry"
)

// model is what a pass over the spans leaves behind, in memory bounded by the
// number of distinct operations, not of spans, but for the durations that
// quantiles are stated from (at most maxSamples).
type model struct {
	g        *grid
	topology incident.Topology
	nodes    *names // node ids
	services *names // service names
	ops      *names // operation names
	service  []int32
	known    map[string]int32 // what a peer attribute may say (id, host, service) to node
	byName   map[int32]int32  // operation to the node of the service that it names; none
	file     string           // the traces file

	nodeNumbers, opNumbers telemetry.Numbers // of the texts of blocks

	total   cell // spans, by bin
	kinds   map[opKey]*op
	entries []*entry
	byEntry map[pair]int32
	events  map[eventKey]*event
	edges   map[edgeKey]*edge
	edgeSeq []*edge // in order of first use
	opSeq   []*op
	plain   map[pair]*op // by node and operation, the one with most spans; made by index
	evSeq   []*event

	segments int32 // segments seen, which number them
	join     *joiner
	classes  *lineClasses
	forest   forest
	scratch  []interval
	order    []int32
	samples  int
	lastBin  int
	recent   recent
	read     int64
	outside  int64 // spans outside the grid
	crowd    int64 // spans of nodes beyond maxStrangers
	servers  bool  // some call was seen from both sides
}

type pair struct{ a, b int32 }

// opKey names the spans of one operation on one node: peer is the node that
// they say they call, none if they do not say.
type opKey struct{ node, name, peer int32 }

// op is what was measured of such spans.
type op struct {
	opKey
	peerText    string // as the spans write it
	count, fail cell
	durations   samples
	self        *moments // ln(1+ms) of the time not spent in children; nil: none measured
	whole       *moments // ln(1+ms) of the whole
	first       places   // spans in the search
	slow        slowest  // the longest of them
	failed      places   // those that failed
	lastBase    int32    // line of the last outside the search
	attributes  map[string]*moments
	shapes      *shapes
}

type samples []sample

// sample is one duration.
type sample struct {
	bin int32
	ms  float32
}

// entry is a way into a node: an operation that others ask of it, or that
// begins a trace there.
type entry struct {
	node, op int32
	number   int32 // in the list of the model
	count    cell  // segments, by bin
}

// event kinds.
const (
	innerEvent = iota // a span of the segment
	callEvent         // a call to another service
	lineEvent         // a log line
	classEvent        // a log line of a class of templates
)

type eventKey struct {
	entry int32
	kind  uint8
	what  int32 // operation, template, or class of templates
	who   int32 // service called; none
}

// event is something that happens, or does not, in the segments of an entry. How
// often it happens in one matters too: two lines of the same text are often
// written at two places of the code.
type event struct {
	eventKey
	count [mostTimes]cell // segments in which it happened at least 1, 2 ... times, by bin
	last  int32           // last segment it was counted for
	times int             // how often it happened there
}

// ofLine reports whether the event is a log line.
func (k eventKey) ofLine() bool { return k.kind == lineEvent || k.kind == classEvent }

// mostTimes is how far the times that an event happens in a segment are told
// apart.
const mostTimes = 4

type edgeKey struct {
	from, to, op int32 // op as the caller's client span names it, or the callee's entry
}

// edge is the calls of one operation from one node to another.
type edge struct {
	edgeKey
	net        *moments // ln(1+ms) of the time outside the callee; of all where pure is false
	whole      samples  // durations as the caller saw them
	pure       bool     // the callee's spans were seen
	client, at *op      // spans of the caller; of the callee, nil where not seen
}

const (
	maxSamples = 8_000_000
	maxNames   = 20_000

	// maxStrangers bounds the nodes that spans alone name, as their own or as whom
	// they call: those beyond hold identifiers and are passed over.
	maxStrangers = 10_000
)

func newModel(g *grid, t incident.Topology) *model {
	m := &model{
		g: g, topology: t, nodes: newNames(), services: newNames(), ops: newNames(),
		known: map[string]int32{}, byName: map[int32]int32{}, kinds: map[opKey]*op{},
		byEntry: map[pair]int32{}, events: map[eventKey]*event{}, edges: map[edgeKey]*edge{},
	}
	instances := map[string]int{}
	for _, n := range t.Nodes {
		instances[n.Service]++
	}
	for _, n := range t.Nodes {
		id := m.node(n.ID, n.Service)
		m.known[string(n.ID)] = id
		if n.Host != "" {
			m.known[n.Host] = id
		}
		if n.Service != "" && instances[n.Service] == 1 {
			m.known[n.Service] = id
		}
	}
	return m
}

// node numbers a node and remembers its service.
func (m *model) node(id incident.NodeID, service string) int32 {
	n := m.nodes.of(string(id))
	for int(n) >= len(m.service) {
		m.service = append(m.service, none)
	}
	if m.service[n] == none && service != "" {
		m.service[n] = m.services.of(service)
	}
	return n
}

// stranger is node for one that a span names; none if there are too many.
func (m *model) stranger(id incident.NodeID, service string) int32 {
	if _, ok := m.nodes.id[string(id)]; !ok && len(m.nodes.text) >= len(m.topology.Nodes)+maxStrangers {
		return none
	}
	return m.node(id, service)
}

// operation numbers an operation name. Names beyond a bound share one number:
// they hold identifiers and tell nothing.
func (m *model) operation(name string) int32 {
	if id, ok := m.ops.id[name]; ok {
		return id
	}
	if len(m.ops.text) >= maxNames {
		name = "<other>"
	}
	return m.ops.of(name)
}

// peer finds the node that a span says it calls.
func (m *model) peer(t *texts, s *telemetry.Mark) (node int32, text string) {
	if s.Attributes == 0 || s.Kind == telemetry.ServerSpan || s.Kind == telemetry.ConsumerSpan {
		return none, ""
	}
	text = telemetry.PeerIn(t.Attributes[s.Attributes])
	if text == "" {
		return none, ""
	}
	if n, ok := m.known[text]; ok {
		return n, text
	}
	n := m.stranger(incident.NodeID(text), "")
	if n == none {
		return none, ""
	}
	m.known[text] = n
	return n, text
}

func (m *model) nodeID(n int32) incident.NodeID {
	if n == none {
		return ""
	}
	return incident.NodeID(m.nodes.text[n])
}

func (m *model) op(k opKey) *op {
	quick := &m.recent.ops[mixed(k.node, k.name, k.peer)]
	if o := *quick; o != nil && o.opKey == k {
		return o
	}
	o := m.kinds[k]
	if o == nil {
		o = &op{opKey: k, whole: newMoments(m.g.bins())}
		m.kinds[k] = o
		m.opSeq = append(m.opSeq, o)
	}
	*quick = o
	return o
}

// recent is what was asked for lately, by a hash of what it was asked by: most of
// what happens has happened shortly before.
type recent struct {
	ops     [manyRecent]*op
	entries [manyRecent]*entry
	events  [manyRecent]*event
	edges   [manyRecent]*edge
}

const manyRecent = 1024

// mixed is a hash of three numbers, below manyRecent.
func mixed(a, b, c int32) uint64 {
	h := (uint64(uint32(a))<<32 | uint64(uint32(b))) * 0x9e3779b97f4a7c15
	h = (h ^ h>>32 ^ uint64(uint32(c))) * 0x9e3779b97f4a7c15
	return h >> 54
}

// index makes the model ready to be judged. Call it once all spans are in.
func (m *model) index() {
	m.plain = map[pair]*op{}
	for _, o := range m.opSeq {
		k := pair{o.node, o.name}
		if best := m.plain[k]; best == nil || o.whole.total > best.whole.total {
			m.plain[k] = o
		}
	}
}
