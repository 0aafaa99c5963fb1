// Package webhook exchanges JSON over plain HTTP with programs that Triagent
// knows nothing about: alerts come in by a configured mapping (generic*.go),
// messages go out signed.
package webhook

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"triagent/connectors"
	"triagent/internal/errs"
)

// GenericConfig says how the messages of one sender are read and proved. Every
// field may be left out: what common senders write is tried in turn then.
//
// A path leads from an alert to a value: "labels.host", "hosts.0.name", or as a
// JSON pointer "/labels/host". "$.title" starts at the message instead of the
// alert, and "=warning" is the text itself. Where several are given, the first
// that leads to a text, a number or a boolean counts.
type GenericConfig struct {
	Secret   connectors.Secret `yaml:"secret"` // of signed messages, 16 bytes or more; empty: the sender needs a token
	List     string            `yaml:"list"`   // path to the list of alerts; empty: "alerts", else the message itself, one alert or a list
	Name     Paths             `yaml:"name"`   // name of the rule; it is identity, so never a text with values in it
	Severity Paths             `yaml:"severity"`
	Node     Paths             `yaml:"node"`
	Peer     Paths             `yaml:"peer"`
	System   Paths             `yaml:"system"`
	Starts   Paths             `yaml:"starts"` // when the alert began, not when the message was sent
	Ends     Paths             `yaml:"ends"`
	Status   Paths             `yaml:"status"`
	Resolved []string          `yaml:"resolved"` // values of status that mean that the alert is over; any case
	URL      Paths             `yaml:"url"`
	Group    Paths             `yaml:"group"` // the sender's own grouping of alerts

	Labels          map[string]Paths `yaml:"labels"`           // label by label
	LabelsFrom      Paths            `yaml:"labels_from"`      // objects, or lists of pairs, whose members all are labels
	Annotations     map[string]Paths `yaml:"annotations"`      // words for people, one by one
	AnnotationsFrom Paths            `yaml:"annotations_from"` // objects whose members all are words for people
}

// Paths are the places where a value may be, in the order they are tried. In
// YAML they may also be one text.
type Paths []string

// UnmarshalYAML accepts one text or a list of them.
func (p *Paths) UnmarshalYAML(decode func(any) error) error {
	var one string
	if decode(&one) == nil {
		*p = Paths{one}
		return nil
	}
	var many []string
	if err := decode(&many); err != nil {
		return err
	}
	*p = many
	return nil
}

// Generic reads the messages of one sender. It is safe for concurrent use.
type Generic struct {
	source   string
	secret   []byte
	list     *path // nil: found by itself
	fields   map[string][]path
	labels   []named
	notes    []named
	labelsIn []path
	notesIn  []path
	resolved map[string]bool
}

// named is a label or an annotation with the places of its value.
type named struct {
	name  string
	paths []path
}

// defaults are tried for a field that is not configured. There is no plain
// "time" or "timestamp": they are when a message was sent, and would make an
// alert of every repeat.
var defaults = map[string]Paths{
	"name":     {"labels.alertname", "alertname", "alert_name", "alertName", "name", "rule_name", "ruleName", "rule", "check"},
	"severity": {"severity", "labels.severity", "level", "priority", "$.severity"},
	"node":     {"node", "host", "hostname", "instance", "server"},
	"peer":     {"peer", "destination"},
	"system":   {"system", "cluster", "$.system", "$.cluster"},
	"starts":   {"startsAt", "starts_at", "starts", "start", "started_at", "startTime", "start_time"},
	"ends":     {"endsAt", "ends_at", "ends", "end", "ended_at", "endTime", "end_time"},
	"status":   {"status", "state", "alert_state", "$.status", "$.state"},
	"url":      {"url", "link", "generatorURL", "dashboardURL", "html_url"},
	"group":    {"groupKey", "group_key", "$.groupKey", "$.group_key"},
}

var (
	defaultLabelsFrom      = Paths{"labels", "tags", "dimensions"}
	defaultAnnotationsFrom = Paths{"annotations"}
	defaultAnnotations     = map[string]Paths{"title": {"title", "$.title"}, "message": {"message", "description", "text", "summary", "details"}}
	defaultResolved        = []string{
		"resolved", "resolve", "ok", "closed", "close", "recovered", "recovery", "normal", "inactive", "cleared", "clear", "up", "success",
		"已恢复", "恢复", "已解决", "正常",
	}
)

var goodName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
})

// minSecret is the length in bytes from which a secret cannot be guessed.
const minSecret = 16

// NewGeneric checks the configuration of one sender. Its alerts have the source
// "generic/NAME", or "generic" for the empty name. An error is of kind
// errs.Invalid and names every field that is wrong.
func NewGeneric(name string, c GenericConfig) (*Generic, error) {
	k := checker{where: "hooks.generic"}
	g := &Generic{source: "generic", secret: []byte(c.Secret), fields: make(map[string][]path), resolved: make(map[string]bool)}
	if name != "" {
		g.source += "/" + name
		k.where += "." + name
		if !goodName().MatchString(name) {
			k.wrong("", "a name has small letters, digits, - and _ only, at most 63, as it is part of the address")
		}
	}
	if len(c.Secret) > 0 && len(c.Secret) < minSecret {
		k.wrong("secret", "it has %d bytes; %d are the least", len(c.Secret), minSecret)
	}
	if c.List != "" {
		if list := k.paths("list", Paths{c.List}); len(list) > 0 {
			g.list = &list[0]
			if list[0].constant {
				k.wrong("list", "%q is a text, not a path", c.List)
			}
		}
	}
	given := map[string]Paths{
		"name": c.Name, "severity": c.Severity, "node": c.Node, "peer": c.Peer, "system": c.System,
		"starts": c.Starts, "ends": c.Ends, "status": c.Status, "url": c.URL, "group": c.Group,
	}
	for _, field := range slices.Sorted(maps.Keys(given)) {
		g.fields[field] = k.paths(field, given[field].or(defaults[field]))
	}
	notes := c.Annotations
	if notes == nil {
		notes = defaultAnnotations
	}
	g.labels, g.notes = k.named("labels", c.Labels), k.named("annotations", notes)
	g.labelsIn = k.paths("labels_from", c.LabelsFrom.or(defaultLabelsFrom))
	g.notesIn = k.paths("annotations_from", c.AnnotationsFrom.or(defaultAnnotationsFrom))
	resolved := c.Resolved
	if resolved == nil {
		resolved = defaultResolved
	}
	for _, s := range resolved {
		g.resolved[strings.ToLower(strings.TrimSpace(s))] = true
	}
	return g, k.err()
}

// or returns p, or what is tried where nothing is configured.
func (p Paths) or(byDefault Paths) Paths {
	if p == nil {
		return byDefault
	}
	return p
}

// checker gathers what is wrong with a configuration.
type checker struct {
	where  string
	faults []string
}

func (k *checker) wrong(field, format string, args ...any) {
	where := k.where
	if field != "" {
		where += "." + field
	}
	k.faults = append(k.faults, where+": "+fmt.Sprintf(format, args...))
}

func (k *checker) paths(field string, list Paths) []path {
	out := make([]path, 0, len(list))
	for _, text := range list {
		p, err := parsePath(text)
		if err != nil {
			k.wrong(field, "%v", err)
			continue
		}
		out = append(out, p)
	}
	return out
}

func (k *checker) named(field string, list map[string]Paths) []named {
	var out []named
	for _, name := range slices.Sorted(maps.Keys(list)) {
		if name == "" {
			k.wrong(field, "a name is empty")
			continue
		}
		out = append(out, named{name, k.paths(field+"."+name, list[name])})
	}
	return out
}

func (k *checker) err() error {
	if len(k.faults) == 0 {
		return nil
	}
	return &errs.Error{Op: "read configuration", Kind: errs.Invalid, Err: fmt.Errorf("%s", strings.Join(k.faults, "; "))}
}
