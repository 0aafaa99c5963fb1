// Package knowledge holds what is known of systems as data: what a metric, a
// log line, an alert means, which evidence speaks for and against a fault, and
// what to do about it. The sources are the YAML files in base/; they are
// compiled in, checked, as Go values (embedded.go, made by go generate and kept
// current by a test), because parsing YAML would take longer than a diagnosis.
// Files of the user's have the same form as those in
// base/, are fully checked, and add to the base or replace entries by key:
//
//	signals    by signal         meanings of measurements
//	metrics    tables of rules   metric name -> signal; the user's tables come first
//	logs       tables of rules   log template -> signals; the user's rules are added
//	events     tables of rules   change or status text -> signals
//	scopes, units                rules on metric names; the user's come first
//	cards      by fault          evidence for and against a fault, what to do
//	actions    by action         the closed list of typed actions
//	runbooks   by fault+system   steps for people
//	words      by key            phrases in English and Chinese
package knowledge

import (
	"io/fs"
	"slices"

	"triagent/incident"
)

//go:generate go test -run TestEmbeddedIsCurrent -update .

// Languages are those that every name and text of the base has.
var Languages = []string{"en", "zh"}

// Base is a loaded and checked knowledge base, safe for concurrent use. What
// its methods return is shared: read only.
type Base struct {
	signals  []SignalInfo // in the order of the files
	bySignal map[incident.Signal]int
	cards    []Card // in the order of the files
	byFault  map[incident.Fault]int
	actions  []ActionInfo
	byAction map[string]int
	words    map[string]map[string]string // language -> key -> phrase

	metrics metricIndex
	logs    logIndex
	changes logIndex

	runbooks []Runbook
}

// Load returns the embedded base, extended by the YAML files (.yaml, .yml, at
// any depth, in lexical order) of the user's folders, later ones overriding
// earlier. An error has kind errs.Invalid and names file, line and column.
func Load(user ...fs.FS) (*Base, error) {
	doc := &embedded
	for _, folder := range user {
		var err error
		if doc, err = extend(doc, folder); err != nil {
			return nil, err
		}
	}
	return build(doc), nil
}

// build makes the indexes over a checked document.
func build(doc *document) *Base {
	b := &Base{
		signals:  slices.Clone(doc.Signals), // completed below; the embedded ones are shared
		bySignal: make(map[incident.Signal]int, len(doc.Signals)),
		cards:    doc.Cards,
		byFault:  make(map[incident.Fault]int, len(doc.Cards)),
		actions:  doc.Actions,
		byAction: make(map[string]int, len(doc.Actions)),
		runbooks: doc.Runbooks,
	}
	for i := range b.signals {
		b.signals[i].complete()
		b.bySignal[b.signals[i].Signal] = i
	}
	for i, c := range doc.Cards {
		b.byFault[c.Fault] = i
	}
	for i, a := range doc.Actions {
		b.byAction[a.Action] = i
	}
	b.words = gatherWords(doc)
	b.metrics = indexMetrics(doc, b.Signal)
	b.logs = indexLogs(doc.Logs)
	b.changes = indexLogs(doc.Events)
	return b
}

// Systems are the kinds of system that the base has words of their own for:
// those that its tables of metrics or logs or its cards are for, sorted, in small
// letters.
func (b *Base) Systems() []string {
	var out []string
	for _, t := range b.metrics.tables {
		out = append(out, t.systems...)
	}
	for _, r := range b.logs.rules {
		out = append(out, r.systems...)
	}
	for i := range b.cards {
		for _, name := range b.cards[i].Only {
			out = append(out, lower(name))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
