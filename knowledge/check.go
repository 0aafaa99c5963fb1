package knowledge

import (
	"fmt"
	"slices"
	"strings"

	"triagent/incident"
)

// checker checks a file that was read against what is defined.
type checker struct {
	*source
	names
	err error // the first fault found
}

// check returns the first fault of a file, with its place.
func (s *source) check(n names) error {
	c := &checker{source: s, names: n}
	c.repeats()
	for i := range s.doc.Signals {
		c.signalInfo(fmt.Sprintf("signals[%d]", i), &s.doc.Signals[i])
	}
	c.metricRules()
	c.textRules("logs", s.doc.Logs)
	c.textRules("events", s.doc.Events)
	for i := range s.doc.Actions {
		c.action(fmt.Sprintf("actions[%d]", i), &s.doc.Actions[i])
	}
	for i := range s.doc.Cards {
		c.card(fmt.Sprintf("cards[%d]", i), &s.doc.Cards[i])
	}
	for i := range s.doc.Runbooks {
		c.runbook(fmt.Sprintf("runbooks[%d]", i), &s.doc.Runbooks[i])
	}
	for i, w := range s.doc.Words {
		p := fmt.Sprintf("words[%d]", i)
		c.filled(p+".key", w.Key)
		c.filled(p+".en", w.EN)
		c.filled(p+".zh", w.ZH)
	}
	return c.err
}

// fail records the first fault.
func (c *checker) fail(path, format string, args ...any) {
	if c.err == nil {
		c.err = c.at(path, format, args...)
	}
}

// filled wants a text.
func (c *checker) filled(path, text string) {
	if strings.TrimSpace(text) == "" {
		c.fail(path, "%s is missing or empty", leaf(path))
	}
}

// leaf returns the last key of a path.
func leaf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// among wants one of some words, or "" if empty is set.
func among[T ~string](c *checker, path string, have T, empty bool, want ...T) {
	if have == "" && empty || slices.Contains(want, have) {
		return
	}
	c.fail(path, "%s %q is none of %s", leaf(path), have, join(want))
}

// join lists words.
func join[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = string(t)
	}
	return strings.Join(out, ", ")
}

// knownSignal wants a defined signal.
func (c *checker) knownSignal(path string, s incident.Signal) {
	if !c.signals[s] {
		c.fail(path, "signal %q is not defined%s", s, near(string(s), known(c.signals)))
	}
}

// near proposes names that look alike.
func near[T ~string](have string, list []T) string {
	var close []T
	head, _, _ := strings.Cut(have, ".")
	for _, name := range list {
		if first, _, _ := strings.Cut(string(name), "."); head != "" && first == head {
			close = append(close, name)
		}
	}
	if len(close) == 0 || len(close) > 12 {
		return ""
	}
	return "; there are " + join(close)
}

// texts wants a text in every language. With optional set there may be none at
// all.
func (c *checker) texts(path string, t Texts, optional bool) {
	if optional && t == (Texts{}) {
		return
	}
	c.filled(path+".en", t.EN)
	c.filled(path+".zh", t.ZH)
}

// repeats refuses entries of one file that override each other.
func (c *checker) repeats() {
	once(c, "signals", c.doc.Signals, func(s SignalInfo) string { return string(s.Signal) })
	once(c, "cards", c.doc.Cards, func(k Card) string { return string(k.Fault) })
	once(c, "actions", c.doc.Actions, func(a ActionInfo) string { return a.Action })
	once(c, "runbooks", c.doc.Runbooks, runbookKey)
	once(c, "words", c.doc.Words, func(w word) string { return w.Key })
}

// once refuses a key that stands twice in a list.
func once[T any](c *checker, path string, list []T, key func(T) string) {
	seen := map[string]bool{}
	for i, t := range list {
		if seen[key(t)] {
			c.fail(fmt.Sprintf("%s[%d]", path, i), "%q is given twice in this file", key(t))
		}
		seen[key(t)] = true
	}
}

// The words that some keys are limited to.
var (
	natures = []Nature{InternalNature, ExternalNature, LoadNature, ReplicationNature, AbsenceNature}
	scopes  = []Scope{MachineScope, ContainerScope, ProcessScope, DatabaseScope, ClientScope}
	risks   = []incident.Risk{incident.LowRisk, incident.MediumRisk, incident.HighRisk, incident.DestructiveRisk}
	roles   = []incident.Role{
		incident.Leader, incident.Follower, incident.ConfigLeader, incident.ConfigFollower, incident.Coordinator,
		incident.Witness, incident.Service, incident.Database, incident.Gateway, incident.UnknownRole,
	}
)

// signalInfo checks a signal.
func (c *checker) signalInfo(p string, s *SignalInfo) {
	resource, kind, ok := strings.Cut(string(s.Signal), ".")
	if !ok || resource == "" || kind == "" || strings.ContainsAny(string(s.Signal), " \t\n") {
		c.fail(p+".signal", "signal %q is not resource.kind", s.Signal)
	}
	among(c, p+".bad", s.Bad, true, incident.Up, incident.Down)
	among(c, p+".nature", s.Nature, false, natures...)
	among(c, p+".scope", s.Scope, true, scopes...)
	c.between(p+".floor", s.Floor, 0, 10)
	c.between(p+".weight", s.Weight, 0, 10)
	c.filled(p+".en", s.EN)
	c.filled(p+".zh", s.ZH)
}

// between wants a number in a closed range.
func (c *checker) between(path string, have, least, most float64) {
	if !(have >= least && have <= most) {
		c.fail(path, "%s %v is not between %v and %v", leaf(path), have, least, most)
	}
}

// metricRules checks the rules on metric names.
func (c *checker) metricRules() {
	for i, t := range c.doc.Metrics {
		p := fmt.Sprintf("metrics[%d]", i)
		c.filled(p+".table", t.Table)
		c.lowercase(p+".systems", t.Systems)
		c.lowercase(p+".services", t.Services)
		for j, r := range t.Rules {
			p := fmt.Sprintf("%s.rules[%d]", p, j)
			c.pattern(p+".if", r.If)
			c.knownSignal(p+".is", r.Is)
			among(c, p+".scope", r.Scope, true, scopes...)
			among(c, p+".counter", r.Counter, true, "yes", "no")
		}
	}
	for i, r := range c.doc.Scopes {
		c.pattern(fmt.Sprintf("scopes[%d].if", i), r.If)
		among(c, fmt.Sprintf("scopes[%d].scope", i), r.Scope, false, scopes...)
	}
	for i, r := range c.doc.Units {
		c.pattern(fmt.Sprintf("units[%d].if", i), r.If)
		c.between(fmt.Sprintf("units[%d].scale", i), r.Scale, 0, 1e18)
	}
}

// lowercase wants names in lower case, as they are compared.
func (c *checker) lowercase(path string, list []string) {
	for i, s := range list {
		if s == "" || s != lower(s) {
			c.fail(fmt.Sprintf("%s[%d]", path, i), "%q: names of systems and services are written in lower case", s)
		}
	}
}

// pattern checks a pattern on metric names.
func (c *checker) pattern(path, text string) {
	if err := checkPattern(text); err != nil {
		c.fail(path, "%w", err)
	}
}

// textRules checks rules on log templates or events.
func (c *checker) textRules(path string, tables []logTable) {
	for i, t := range tables {
		p := fmt.Sprintf("%s[%d]", path, i)
		c.filled(p+".table", t.Table)
		c.lowercase(p+".systems", t.Systems)
		for j, r := range t.Rules {
			c.textRule(fmt.Sprintf("%s.rules[%d]", p, j), r)
		}
	}
}

// textRule checks one rule.
func (c *checker) textRule(p string, r logRule) {
	if len(r.Is) == 0 {
		c.fail(p+".is", "the rule gives no signal")
	}
	for i, s := range r.Is {
		c.knownSignal(fmt.Sprintf("%s.is[%d]", p, i), s)
	}
	if len(r.Any) == 0 && len(r.All) == 0 && r.Kind == "" {
		c.fail(p, "the rule asks for nothing: any, all or kind is needed")
	}
	for _, list := range []struct {
		key     string
		phrases []string
	}{{"any", r.Any}, {"all", r.All}, {"none", r.None}} {
		for i, text := range list.phrases {
			if len(strings.TrimPrefix(text, "=")) < 2 {
				c.fail(fmt.Sprintf("%s.%s[%d]", p, list.key, i), "phrase %q is shorter than two bytes", text)
			}
		}
	}
	if _, ok := levels[r.Level]; r.Level != "" && !ok {
		c.fail(p+".level", "level %q is none of trace, debug, info, warn, error, fatal", r.Level)
	}
}
