package knowledge

import (
	"maps"
	"slices"

	"triagent/incident"
)

// document is a knowledge file, or several merged into one.
type document struct {
	Signals  []SignalInfo  `json:"signals,omitempty"`
	Metrics  []metricTable `json:"metrics,omitempty"`
	Scopes   []scopeRule   `json:"scopes,omitempty"`
	Units    []unitRule    `json:"units,omitempty"`
	Logs     []logTable    `json:"logs,omitempty"`
	Events   []logTable    `json:"events,omitempty"`
	Cards    []Card        `json:"cards,omitempty"`
	Actions  []ActionInfo  `json:"actions,omitempty"`
	Runbooks []Runbook     `json:"runbooks,omitempty"`
	Words    []word        `json:"words,omitempty"`
}

// override returns old with the entries of newer added, or put in the place of
// those with the same key. old is not changed.
func override[T any](old, newer []T, key func(T) string) []T {
	if len(newer) == 0 {
		return old
	}
	at := make(map[string]int, len(old))
	out := slices.Clone(old)
	for i, o := range old {
		at[key(o)] = i
	}
	for _, n := range newer {
		if i, ok := at[key(n)]; ok {
			out[i] = n
			continue
		}
		at[key(n)] = len(out)
		out = append(out, n)
	}
	return out
}

// over merges a newer document over d: entries by key, rules of metrics, scopes
// and units before those of d, rules of logs and events beside them.
func (d *document) over(n *document) *document {
	return &document{
		Signals:  override(d.Signals, n.Signals, func(s SignalInfo) string { return string(s.Signal) }),
		Metrics:  slices.Concat(n.Metrics, d.Metrics),
		Scopes:   slices.Concat(n.Scopes, d.Scopes),
		Units:    slices.Concat(n.Units, d.Units),
		Logs:     slices.Concat(d.Logs, n.Logs),
		Events:   slices.Concat(d.Events, n.Events),
		Cards:    override(d.Cards, n.Cards, func(c Card) string { return string(c.Fault) }),
		Actions:  override(d.Actions, n.Actions, func(a ActionInfo) string { return a.Action }),
		Runbooks: override(d.Runbooks, n.Runbooks, runbookKey),
		Words:    override(d.Words, n.Words, func(w word) string { return w.Key }),
	}
}

// names are what a document may refer to.
type names struct {
	signals map[incident.Signal]bool
	faults  map[incident.Fault]bool
	actions map[string]*ActionInfo
	words   map[string]bool
}

// namesOf gathers what documents define, later ones over earlier.
func namesOf(docs ...*document) names {
	n := names{map[incident.Signal]bool{}, map[incident.Fault]bool{}, map[string]*ActionInfo{}, map[string]bool{}}
	for _, d := range docs {
		for _, s := range d.Signals {
			n.signals[s.Signal] = true
		}
		for i := range d.Cards {
			n.faults[d.Cards[i].Fault] = true
		}
		for i := range d.Actions {
			n.actions[d.Actions[i].Action] = &d.Actions[i]
		}
		for _, w := range d.Words {
			n.words[w.Key] = true
		}
	}
	return n
}

// known lists names, for messages.
func known[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
