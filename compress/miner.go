package compress

import (
	"bytes"
	"hash/fnv"
	"strconv"

	"triagent/internal/errs"
	"triagent/telemetry"
)

// Config bounds a Miner. The zero value takes the defaults.
type Config struct {
	MaxRecord int // bytes of a record's first line that are looked at; default 8192
	MaxShapes int // masked messages held before merging; default 65536, at least 16
}

// Validate reports negative bounds.
func (c Config) Validate() error {
	if c.MaxRecord < 0 || c.MaxShapes < 0 {
		return errs.New(errs.Invalid, "compress: bounds must not be negative: %+v", c)
	}
	return nil
}

// MinerStats counts what a Miner was given and what it gave up.
type MinerStats struct {
	Records   int64 // calls of Add
	Truncated int64 // records whose first line was longer than MaxRecord
	Collapsed int64 // shapes merged only because there were too many
	Overflow  int64 // records that got the template <*> because there were too many shapes
	Shapes    int   // masked messages told apart
	Templates int   // templates now
}

// A Miner finds the templates of log messages. Its memory is bounded by its
// Config and does not depend on the number of records. Equal input in equal
// order gives equal output. It is not safe for concurrent use.
type Miner struct {
	cfg    Config
	hash   *hasher
	cache  *table
	byText map[string]int32 // canonical shape to id
	nodes  []node           // by id
	index  map[uint64][]int32
	counts []int64
	stats  MinerStats
	live   int  // nodes that are their own root
	fresh  int  // nodes added since the last compaction
	merged bool // nothing was added since the last merge
}

// node is a shape, or a template once shapes are merged into it.
type node struct {
	parts  []part // nil once merged into another
	parent int32  // itself for a root
	count  int64  // records of this id alone
	text   string // rendered template, "" until asked for
}

// part is one token of a shape. Columns are words and variable parts.
type part struct {
	text string // "" for a variable part
	kind kind
}

const (
	overflowID   = 0
	maxIDs       = 1 << 21
	defaultBytes = 8192
	defaultShape = 65536
)

// NewMiner returns a Miner with no templates but the overflow <*>, whose id is 0.
// It panics if cfg is not valid.
func NewMiner(cfg Config) *Miner {
	if err := cfg.Validate(); err != nil {
		panic(err)
	}
	if cfg.MaxRecord == 0 {
		cfg.MaxRecord = defaultBytes
	}
	if cfg.MaxShapes == 0 {
		cfg.MaxShapes = defaultShape
	}
	cfg.MaxShapes = max(cfg.MaxShapes, 16)
	m := &Miner{cfg: cfg, hash: newHasher(new(outlines)), cache: newTable(4096), byText: map[string]int32{}}
	m.add(node{parts: []part{{kind: varToken}}})
	return m
}

// Add counts one record and returns the id of its shape, 0 or greater. The id
// stays valid for the Miner's life, as an argument of Template, Count, EventID
// and Root, but several ids may turn out to be one template: Root tells which.
// A record is a message without time, level, thread and logger; of several
// lines the first counts. Add does not keep record, and does not allocate for
// a message whose masked form was seen before.
func (m *Miner) Add(record []byte) int {
	return int(m.addHashed(m.hash.hash(clip(record, m.cfg.MaxRecord)), record))
}

// addHashed is Add for a record that was scanned, by this Miner's hasher or
// another: h is the hash of its masked form.
func (m *Miner) addHashed(h uint64, record []byte) int32 {
	m.stats.Records++
	if len(record) > m.cfg.MaxRecord && len(firstLine(record)) > m.cfg.MaxRecord {
		m.stats.Truncated++
	}
	id, ok := m.cache.get(h)
	if !ok {
		record = clip(record, m.cfg.MaxRecord)
		m.hash.scan.scan(record)
		id = m.learn(record)
		if 2*m.cache.used >= len(m.cache.keys) && len(m.cache.keys) < 8*m.cfg.MaxShapes {
			m.cache = grown(m.cache)
		}
		m.cache.put(h, id)
	}
	m.counts[id]++
	return id
}

func grown(t *table) *table {
	g := newTable(len(t.keys))
	for i, k := range t.keys {
		if k != 0 {
			g.put(k, t.ids[i])
		}
	}
	return g
}

// clip cuts a record to its first line and to the longest length looked at.
func clip(record []byte, longest int) []byte {
	return firstLine(record[:min(len(record), longest)])
}

func firstLine(record []byte) []byte {
	if n := bytes.IndexByte(record, '\n'); n >= 0 {
		return record[:n]
	}
	return record
}

// learn finds or makes the shape of the record that m.hash.scan holds the tokens of.
func (m *Miner) learn(record []byte) int32 {
	parts := canonical(record, m.hash.scan.toks[:m.hash.scan.n])
	text := render(parts)
	if id, ok := m.byText[text]; ok {
		return m.root(id)
	}
	if m.index != nil {
		if id, ok := m.known(parts); ok {
			return id
		}
	}
	if m.live >= m.cfg.MaxShapes && (m.index == nil || m.fresh > m.cfg.MaxShapes/4) {
		m.compact()
		m.fresh = 0
	}
	if m.live >= m.cfg.MaxShapes || len(m.nodes) >= maxIDs {
		m.stats.Overflow++
		return overflowID
	}
	id := m.add(node{parts: parts})
	m.byText[text] = id
	return id
}

func (m *Miner) add(n node) int32 {
	id := int32(len(m.nodes))
	n.parent = id
	m.nodes = append(m.nodes, n)
	m.counts = append(m.counts, 0)
	m.live++
	m.fresh++
	m.stats.Shapes++
	m.merged = false
	return id
}

func (m *Miner) root(id int32) int32 {
	for m.nodes[id].parent != id {
		m.nodes[id].parent = m.nodes[m.nodes[id].parent].parent
		id = m.nodes[id].parent
	}
	return id
}

// Root returns the id that stands for the template of id: equal for all ids of
// one template, the smallest of them. It may change when more records come.
// Root panics for an id that Add did not return.
func (m *Miner) Root(id int) int {
	m.merge()
	return int(m.root(int32(id)))
}

// Template returns the template of id as text: constant words, <*> for each
// variable part, single blanks. It may change when more records come.
func (m *Miner) Template(id int) string {
	m.merge()
	n := &m.nodes[m.root(int32(id))]
	if n.text == "" {
		n.text = render(n.parts)
	}
	return n.text
}

// Count returns how many records the template of id has.
func (m *Miner) Count(id int) int64 {
	m.merge()
	return m.nodes[m.root(int32(id))].count
}

// EventID returns the event id of the template of id, see EventID.
func (m *Miner) EventID(id int) string { return EventID(m.Template(id)) }

// Roots returns one id for each template that has records, ascending, which is
// the order of first appearance.
func (m *Miner) Roots() []int {
	m.merge()
	var ids []int
	for id := range m.nodes {
		if n := &m.nodes[id]; int(n.parent) == id && n.count > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// IDs returns how many ids were given out: all are below it.
func (m *Miner) IDs() int { return len(m.nodes) }

// Stats returns what was counted so far.
func (m *Miner) Stats() MinerStats {
	s := m.stats
	s.Templates = len(m.Roots())
	return s
}

// EventID returns a name for a template that depends on its text alone: eight
// hexadecimal digits of its FNV-1a hash.
func EventID(template string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(template))
	const digits = 8
	s := strconv.FormatUint(h.Sum64()|1<<63, 16)
	return s[len(s)-digits:]
}

// AddLine strips the header of a raw line that starts a record, adds its
// message and returns the id, see Add.
func (m *Miner) AddLine(line []byte) int {
	h := telemetry.ParseHead(line)
	return m.Add(line[h.BodyFrom:h.BodyTo])
}
