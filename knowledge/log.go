package knowledge

import (
	"slices"
	"strings"
	"sync"

	"triagent/incident"
	"triagent/telemetry"
)

// logTable is a list of rules for the texts of some systems.
type logTable struct {
	Table   string    `json:"table"`
	Systems []string  `json:"systems,omitempty"` // empty: any
	Rules   []logRule `json:"rules"`
}

// logRule gives texts a meaning. Phrases are found anywhere in the text, in any
// case; a phrase that begins with "=" is found as whole words only.
type logRule struct {
	Is    []incident.Signal `json:"is"`
	Any   []string          `json:"any,omitempty"`   // one of these is in it
	All   []string          `json:"all,omitempty"`   // and all of these
	None  []string          `json:"none,omitempty"`  // and none of these
	Level string            `json:"level,omitempty"` // least level; a text without a level passes
	Kind  string            `json:"kind,omitempty"`  // of an event: kind of the change
}

// logIndex answers what texts mean.
type logIndex struct {
	rules  []compiledLog
	finder func() *finder
}

// compiledLog is a rule with its phrases as numbers of the finder.
type compiledLog struct {
	systems        []string
	is             []incident.Signal
	any, all, none []int
	level          telemetry.Level
	kind           string
}

// levels are the names of levels in files.
var levels = map[string]telemetry.Level{
	"trace": telemetry.Trace, "debug": telemetry.Debug, "info": telemetry.Info,
	"warn": telemetry.Warn, "error": telemetry.Error, "fatal": telemetry.Fatal,
}

// indexLogs numbers the phrases of the rules.
func indexLogs(tables []logTable) logIndex {
	var x logIndex
	var phrases []string
	seen := map[string]int{}
	number := func(list []string) []int {
		var out []int
		for _, p := range list {
			p = lower(p)
			n, ok := seen[p]
			if !ok {
				n = len(phrases)
				seen[p] = n
				phrases = append(phrases, p)
			}
			out = append(out, n)
		}
		return out
	}
	for _, t := range tables {
		for _, r := range t.Rules {
			x.rules = append(x.rules, compiledLog{
				systems: t.Systems, is: r.Is,
				any: number(r.Any), all: number(r.All), none: number(r.None),
				level: levels[r.Level], kind: r.Kind,
			})
		}
	}
	x.finder = sync.OnceValue(func() *finder { return newFinder(phrases) })
	return x
}

// Log returns what a log template or line says, by every rule that fits it, in
// the order of the rules; nil if nothing is understood. Rules that ask for a
// level also hold for a text without one.
func (b *Base) Log(system string, level telemetry.Level, template string) []incident.Signal {
	return b.logs.find(lower(system), level, "", template)
}

// Change returns what a change or a status text means.
func (b *Base) Change(system string, c incident.Change) []incident.Signal {
	return b.changes.find(lower(system), telemetry.NoLevel, lower(c.Kind), c.Text)
}

// find applies the rules to a text.
func (x *logIndex) find(system string, level telemetry.Level, kind, text string) []incident.Signal {
	var out []incident.Signal
	var found bitset
	x.finder().search(text, &found)
	for i := range x.rules {
		r := &x.rules[i]
		if !r.fits(system, level, kind) || !r.holds(&found) {
			continue
		}
		for _, s := range r.is {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// fits reports whether the rule is for this kind of text.
func (r *compiledLog) fits(system string, level telemetry.Level, kind string) bool {
	if r.level > level && level != telemetry.NoLevel || r.kind != "" && r.kind != kind {
		return false
	}
	return len(r.systems) == 0 || slices.Contains(r.systems, system)
}

// holds reports whether the phrases that were found satisfy the rule.
func (r *compiledLog) holds(found *bitset) bool {
	for _, n := range r.all {
		if !found.has(n) {
			return false
		}
	}
	for _, n := range r.none {
		if found.has(n) {
			return false
		}
	}
	return len(r.any) == 0 || slices.ContainsFunc(r.any, found.has)
}

// finder finds which of many phrases are in a text, in one pass: a phrase is
// tried only where its first two bytes stand.
type finder struct {
	phrases []string // lower case, without "="
	whole   []bool
	starts  map[uint16][]int
	pairs   [1024]uint64 // which pairs of bytes begin a phrase
}

// newFinder prepares phrases of at least two bytes.
func newFinder(phrases []string) *finder {
	f := &finder{starts: make(map[uint16][]int, len(phrases))}
	for i, p := range phrases {
		p, whole := strings.CutPrefix(p, "=")
		f.phrases = append(f.phrases, p)
		f.whole = append(f.whole, whole)
		if len(p) < 2 {
			continue
		}
		key := uint16(p[0])<<8 | uint16(p[1])
		f.starts[key] = append(f.starts[key], i)
		f.pairs[key>>6] |= 1 << (key & 63)
	}
	return f
}

// search marks the phrases that are in text.
func (f *finder) search(text string, found *bitset) {
	found.resize(len(f.phrases))
	text = lower(text)
	for at := 0; at+1 < len(text); at++ {
		key := uint16(text[at])<<8 | uint16(text[at+1])
		if f.pairs[key>>6]&(1<<(key&63)) == 0 {
			continue
		}
		for _, n := range f.starts[key] {
			if strings.HasPrefix(text[at:], f.phrases[n]) && (!f.whole[n] || standsAlone(text, at, len(f.phrases[n]))) {
				found.set(n)
			}
		}
	}
}

// standsAlone reports whether the n bytes at at are not part of a longer word.
func standsAlone(text string, at, n int) bool {
	before := at == 0 || classOf(text[at-1]) == other
	after := at+n == len(text) || classOf(text[at+n]) == other
	return before && after
}

// bitset is a set of small numbers.
type bitset []uint64

func (b *bitset) resize(n int)  { *b = make([]uint64, (n+63)/64) }
func (b bitset) set(n int)      { b[n>>6] |= 1 << (n & 63) }
func (b bitset) has(n int) bool { return b[n>>6]&(1<<(n&63)) != 0 }
