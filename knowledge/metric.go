package knowledge

import (
	"slices"
	"sync"

	"triagent/incident"
)

// Meaning is what a metric of some name measures.
type Meaning struct {
	Signal  incident.Signal
	Scope   Scope   // what it is about; "": the node as such
	Unit    string  // "percent", "bytes", "ms" ...; "": none
	Counter bool    // cumulative: its increase is the measurement
	Scale   float64 // full scale, as 100 for percent of a whole; 0: none
	Log     bool    // judge on a log scale
}

// metricTable is an ordered list of rules for some systems and services.
type metricTable struct {
	Table    string       `json:"table"`
	Systems  []string     `json:"systems,omitempty"`  // empty: any
	Services []string     `json:"services,omitempty"` // empty: any
	Rules    []metricRule `json:"rules"`
	User     bool         `json:"-"` // from a folder of the user's
}

// metricRule gives names that satisfy a pattern a meaning. Scope, unit, scale
// and counter come from the scope and unit rules unless given here.
type metricRule struct {
	If      string          `json:"if"`
	Is      incident.Signal `json:"is"`
	Scope   Scope           `json:"scope,omitempty"`
	Unit    string          `json:"unit,omitempty"`
	Scale   float64         `json:"scale,omitempty"` // -1: none, whatever the unit
	Counter string          `json:"counter,omitempty"`
}

// scopeRule says what metrics of some names are about.
type scopeRule struct {
	If    string `json:"if"`
	Scope Scope  `json:"scope"`
}

// unitRule says in which unit metrics of some names are.
type unitRule struct {
	If      string  `json:"if"`
	Unit    string  `json:"unit,omitempty"`
	Scale   float64 `json:"scale,omitempty"`
	Counter bool    `json:"counter,omitempty"`
}

// ruleSet is a list of patterns that is searched through an index by token.
type ruleSet struct {
	patterns []pattern
	byToken  map[string][]int32
	rest     []int32 // patterns without a fixed token
}

// newRuleSet compiles patterns that were checked before.
func newRuleSet(ifs []string) ruleSet {
	s := ruleSet{patterns: make([]pattern, len(ifs)), byToken: make(map[string][]int32, len(ifs))}
	for i, text := range ifs {
		s.patterns[i] = parsePattern(text)
		keys := s.patterns[i].keys()
		if keys == nil {
			s.rest = append(s.rest, int32(i))
		}
		for _, k := range keys {
			s.byToken[k] = append(s.byToken[k], int32(i))
		}
	}
	return s
}

// first returns the index of the first pattern that the name satisfies, or -1.
func (s *ruleSet) first(name []string) int {
	best := int32(len(s.patterns))
	try := func(list []int32) {
		for _, i := range list { // ascending
			if i >= best {
				return
			}
			if s.patterns[i].match(name) {
				best = i
				return
			}
		}
	}
	for _, t := range name {
		try(s.byToken[t])
	}
	try(s.rest)
	if int(best) == len(s.patterns) {
		return -1
	}
	return int(best)
}

// metricTableIndex is a compiled table.
type metricTableIndex struct {
	systems, services []string
	user              bool
	rules             []metricRule
	set               func() *ruleSet // compiled when first asked for
}

// metricIndex answers what metric names mean.
type metricIndex struct {
	tables []metricTableIndex
	scopes []scopeRule
	units  []unitRule
	scope  func() *ruleSet
	unit   func() *ruleSet
	info   func(incident.Signal) (SignalInfo, bool)
	cache  *sync.Map // metricKey -> metricAnswer
}

// metricKey is what a meaning depends on.
type metricKey struct{ system, service, name string }

// metricAnswer is a cached result.
type metricAnswer struct {
	meaning Meaning
	ok      bool
}

// indexMetrics prepares the rules of a document.
func indexMetrics(doc *document, info func(incident.Signal) (SignalInfo, bool)) metricIndex {
	x := metricIndex{scopes: doc.Scopes, units: doc.Units, info: info, cache: new(sync.Map)}
	for _, t := range doc.Metrics {
		x.tables = append(x.tables, metricTableIndex{
			systems: t.Systems, services: t.Services, user: t.User, rules: t.Rules,
			set: lazySet(t.Rules, func(r metricRule) string { return r.If }),
		})
	}
	x.scope = lazySet(doc.Scopes, func(r scopeRule) string { return r.If })
	x.unit = lazySet(doc.Units, func(r unitRule) string { return r.If })
	return x
}

// lazySet compiles the patterns of rules when they are first needed, so that
// the tables of systems that do not occur cost nothing.
func lazySet[R any](rules []R, text func(R) string) func() *ruleSet {
	return sync.OnceValue(func() *ruleSet {
		ifs := make([]string, len(rules))
		for i, r := range rules {
			ifs[i] = text(r)
		}
		s := newRuleSet(ifs)
		return &s
	})
}

// Metric returns what a metric means. The user's tables come before the
// built-in ones, and of each those for the system before general ones; a table
// for services is asked only for these. In a table the first rule that fits
// wins. Where none of these knows the name and the system has no table of its
// own, those of the other systems are tried. false: not understood.
func (b *Base) Metric(system, service, name string) (Meaning, bool) {
	key := metricKey{lower(system), lower(service), name}
	if a, ok := b.metrics.cache.Load(key); ok {
		answer := a.(metricAnswer)
		return answer.meaning, answer.ok
	}
	m, ok := b.metrics.find(key)
	b.metrics.cache.Store(key, metricAnswer{m, ok})
	return m, ok
}

// find looks a name up in the tables, most specific first.
func (x *metricIndex) find(key metricKey) (Meaning, bool) {
	name := tokens(key.name)
	known := slices.ContainsFunc(x.tables, func(t metricTableIndex) bool { return slices.Contains(t.systems, key.system) })
	for rank := range ranks {
		for i := range x.tables {
			t := &x.tables[i]
			if t.rank(key, known) != rank {
				continue
			}
			if at := t.set().first(name); at >= 0 {
				return x.meaning(t.rules[at], name), true
			}
		}
	}
	return Meaning{}, false
}

// ranks is how many ranks tables have; see rank.
const ranks = 5

// rank says how early a table is asked: 0 and 1 the user's for the system and
// for all, 2 and 3 the built-in ones, 4 those of other systems if ours has none
// (known); -1: never.
func (t *metricTableIndex) rank(key metricKey, known bool) int {
	own := slices.Contains(t.systems, key.system)
	switch {
	case len(t.services) > 0 && !slices.Contains(t.services, key.service):
		return -1
	case own && t.user:
		return 0
	case len(t.systems) == 0 && t.user:
		return 1
	case own:
		return 2
	case len(t.systems) == 0:
		return 3
	case !known:
		return 4
	}
	return -1
}

// meaning completes a rule by the scope and unit rules and the signal.
func (x *metricIndex) meaning(r metricRule, name []string) Meaning {
	info, _ := x.info(r.Is)
	m := Meaning{Signal: r.Is, Scope: r.Scope, Unit: r.Unit, Scale: r.Scale, Counter: r.Counter == "yes", Log: info.Log}
	if m.Scope == "" {
		m.Scope = info.Scope
		if at := x.scope().first(name); at >= 0 {
			m.Scope = x.scopes[at].Scope
		}
	}
	if at := x.unit().first(name); at >= 0 {
		u := x.units[at]
		if m.Unit == "" {
			m.Unit = u.Unit
			if m.Scale == 0 {
				m.Scale = u.Scale
			}
		}
		if r.Counter == "" {
			m.Counter = u.Counter
		}
	}
	m.Scale = max(m.Scale, 0)
	return m
}
