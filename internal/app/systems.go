package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"triagent/api/intake"
	"triagent/collect"
	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/internal/settings"
	"triagent/knowledge"
	"triagent/telemetry"
)

// SystemSettings declare a system that is watched.
type SystemSettings struct {
	Name    string           `yaml:"name"`     // as alerts name it in their system or cluster label
	Kind    string           `yaml:"kind"`     // iotdb, postgresql ...: what its metrics and logs mean; empty: any
	LogZone string           `yaml:"log_zone"` // of log lines that say none, as Asia/Shanghai; empty: UTC
	Within  time.Duration    `yaml:"within"`   // how long collecting for one incident may take; 0: 30 s
	Sources []SourceSettings `yaml:"sources"`
}

// problems tells what is wrong with the declaration, whose path is key. Kinds
// are those of system that there are.
func (s *SystemSettings) problems(key string, kinds []string) []settings.Problem {
	var out []settings.Problem
	bad := func(k, remedy, format string, args ...any) {
		out = append(out, settings.Problem{Key: key + "." + k, Text: fmt.Sprintf(format, args...), Remedy: remedy})
	}
	if s.Kind != "" && !slices.Contains(kinds, strings.ToLower(s.Kind)) {
		near := otherSpellings[strings.ToLower(s.Kind)]
		if near != "" {
			near = fmt.Sprintf("; did you mean %s?", near)
		}
		bad("kind", "kinds are: "+strings.Join(kinds, ", ")+"; leave it out for any other system",
			"unknown kind %.40q%s", s.Kind, cmp.Or(near, settings.Meant(s.Kind, kinds)))
	}
	if _, err := time.LoadLocation(s.LogZone); err != nil {
		bad("log_zone", "write its name in the tz database, as Asia/Shanghai or UTC", "%.60q is no time zone", s.LogZone)
	}
	if s.Within < 0 || s.Within > 10*time.Minute {
		bad("within", "write how long collecting may take, as 30s", "%v is not in 0..10m", s.Within)
	}
	if len(s.Sources) == 0 {
		bad("sources", "name what remembers something of it, as {kind: prometheus, url: 'http://127.0.0.1:9090'}", "a system needs at least one source")
	}
	for i := range s.Sources {
		if read := s.Sources[i].read; read != nil {
			if err := read.validate(); err != nil {
				out = append(out, settings.Problems(fmt.Sprintf("%s.sources[%d]", key, i), err)...)
			}
		} else {
			bad(fmt.Sprintf("sources[%d]", i), "kinds are: "+strings.Join(kindNames(), ", "), "the kind of source is missing")
		}
	}
	return out
}

// otherSpellings are names that a kind of system goes by elsewhere. The knowledge
// base reads metrics and logs under some of them, its cards and actions do not.
var otherSpellings = map[string]string{
	"k8s": "kubernetes", "microservices": "microservice", "pg": "postgresql", "pgsql": "postgresql", "postgres": "postgresql", "patroni": "postgresql",
}

// systemKinds are the kinds of system that the knowledge base tells apart, with
// the folders that extend it.
func systemKinds(dirs []string) ([]string, error) {
	folders, err := Folders(dirs)
	if err != nil {
		return nil, err
	}
	base, err := knowledge.Load(folders...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(base.Systems(), func(name string) bool { return otherSpellings[name] != "" }), nil
}

// open makes the sources of a system. They connect to nothing yet.
func (s *SystemSettings) open() (*collect.System, error) {
	out := &collect.System{Name: s.Name, Kind: s.Kind}
	if s.LogZone != "" {
		zone, err := time.LoadLocation(s.LogZone)
		if err != nil {
			return nil, errs.New(errs.Invalid, "log_zone: %q is no time zone", s.LogZone)
		}
		out.Zone = zone
	}
	used := make(map[string]bool)
	for _, src := range s.Sources {
		made, err := src.read.open()
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", src.Kind, err)
		}
		name := cmp.Or(src.Name, src.Kind)
		for n := 2; used[name]; n++ {
			name = fmt.Sprintf("%s-%d", cmp.Or(src.Name, src.Kind), n)
		}
		used[name] = true
		out.Sources = append(out.Sources, collect.Source{Name: name, Kind: src.Kind, At: src.read.at, Source: made})
	}
	return out, nil
}

// systems are those that are watched. It is safe for concurrent use.
type systems struct {
	list   []*collect.System
	within map[string]time.Duration
	log    *slog.Logger
}

func openSystems(list []SystemSettings, log *slog.Logger) (*systems, error) {
	out := &systems{within: make(map[string]time.Duration), log: log}
	for i := range list {
		s, err := list[i].open()
		if err != nil {
			return nil, fmt.Errorf("system %s: %w", list[i].Name, err)
		}
		out.list = append(out.list, s)
		out.within[s.Name] = list[i].Within
	}
	return out, nil
}

// ownSystem is what alerts of the service about itself are about.
const ownSystem = "triagent"

// of returns the system that an incident is about: the one of that name, or the
// only one there is where the incident names none, or its kind. Nil: it is not
// declared.
func (s *systems) of(name string) *collect.System {
	for _, x := range s.list {
		if strings.EqualFold(x.Name, name) {
			return x
		}
	}
	if len(s.list) == 1 && (name == "" || strings.EqualFold(s.list[0].Kind, name)) {
		return s.list[0]
	}
	return nil
}

// named is the name of an incident's system: where its alerts name none, that of
// the only one declared. Else its nodes would be kept under the system's kind, and
// once more under its name as soon as an alert says it.
func (s *systems) named(system string) string {
	if x := s.of(system); x != nil && system == "" {
		return x.Name
	}
	return system
}

// bundle makes a bundle of what the sources of an incident's system remember and
// of what is known of it already.
func (s *systems) bundle(ctx context.Context, known *intake.Known, dst, scratch string) error {
	inc := known.Incident()
	all := collect.System{Name: "alerts", Kind: inc.System, Sources: []collect.Source{{Name: "alerts", Kind: "alerts", Source: known}}}
	ask := collect.Ask{Incident: inc, Scratch: scratch, Bare: true}
	if declared := s.of(inc.System); declared != nil {
		all.Name, all.Kind, all.Zone = declared.Name, declared.Kind, declared.Zone
		all.Sources = append(append([]collect.Source{}, declared.Sources...), all.Sources...)
		ask.Within = s.within[declared.Name]
	} else if len(s.list) > 0 && inc.System != ownSystem {
		all.Sources = append(all.Sources, collect.Source{Name: "systems", Kind: "settings", Source: undeclared{s.unknown(inc.System).Error()}})
	}
	got, err := all.Bundle(ctx, ask, dst)
	for _, u := range got.Sources {
		if u.Failed != "" {
			s.log.WarnContext(ctx, "a source did not give all that it was asked for", slog.String("system", all.Name), slog.String("source", u.Name), slog.String("error", u.Failed))
		}
	}
	return err
}

// undeclared stands in for the sources of a system that the settings do not name.
type undeclared struct{ why string }

// Discover says that there is nothing to ask.
func (u undeclared) Discover(context.Context, incident.Window) (connectors.Found, error) {
	return connectors.Found{Lacks: []connectors.Lack{{
		What: "metrics, logs and traces of the system", Why: u.why, Remedy: "name the system in the alert's system label as in the settings, or declare it there",
	}}}, nil
}

// Collect hands over nothing.
func (undeclared) Collect(context.Context, connectors.Ask, connectors.Sink) error { return nil }

// Close does nothing.
func (undeclared) Close() error { return nil }

func (s *systems) close() error {
	var first error
	for _, x := range s.list {
		first = cmp.Or(first, x.Close())
	}
	return first
}

// Collect makes a bundle of a declared system for a span of time and writes it to
// dst, which must not exist. Name may be empty if only one system is declared.
func Collect(ctx context.Context, set Settings, name string, ask collect.Ask, dst string) (telemetry.Collected, error) {
	all, err := openSystems(set.Systems, slog.New(slog.DiscardHandler))
	if err != nil {
		return telemetry.Collected{}, err
	}
	sys := all.of(name)
	if sys == nil {
		return telemetry.Collected{}, all.unknown(name)
	}
	ask.Within = cmp.Or(ask.Within, all.within[sys.Name])
	got, err := sys.Bundle(ctx, ask, dst)
	return got, cmp.Or(err, all.close())
}

// Discover asks the sources of the declared systems whom and what they know of
// the last while. Name chooses one system; empty: all.
func Discover(ctx context.Context, set Settings, name string, last time.Duration) ([]collect.Inventory, error) {
	all, err := openSystems(set.Systems, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if len(all.list) == 0 || name != "" && all.of(name) == nil {
		return nil, all.unknown(name)
	}
	ctx, cancel := context.WithTimeout(ctx, discoverTime)
	defer cancel()
	var out []collect.Inventory
	now := time.Now()
	for _, s := range all.list {
		if name == "" || all.of(name) == s {
			out = append(out, s.Discover(ctx, incident.Window{From: now.Add(-last), To: now}))
		}
	}
	return out, all.close()
}

// discoverTime bounds one look at all sources of all systems.
const discoverTime = time.Minute

func (s *systems) unknown(name string) error {
	var names []string
	for _, x := range s.list {
		names = append(names, x.Name)
	}
	switch {
	case len(names) == 0:
		return errs.New(errs.Invalid, "no system is declared: name one under systems: in the settings")
	case name == "":
		return errs.New(errs.Invalid, "several systems are declared: say which one with --system (%s)", strings.Join(names, ", "))
	}
	return errs.New(errs.NotFound, "no system %q is declared; there are: %s", name, strings.Join(names, ", "))
}
