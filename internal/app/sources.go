package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"

	"triagent/connectors"
	"triagent/connectors/alertmanager"
	"triagent/connectors/elastic"
	"triagent/connectors/files"
	"triagent/connectors/iotdb"
	"triagent/connectors/jaeger"
	"triagent/connectors/kubernetes"
	"triagent/connectors/loki"
	"triagent/connectors/otlp"
	"triagent/connectors/postgresql"
	"triagent/connectors/prometheus"
)

// SourceSettings declare one source of a system: its kind, and what that kind
// wants to know.
type SourceSettings struct {
	Kind string // one of sourceKinds
	Name string // as people call it; empty: the kind

	read *sourceConfig
}

// sourceConfig is what was read of one source.
type sourceConfig struct {
	at       string // its address, for people
	validate func() error
	open     func() (connectors.Source, error)
	// receive opens what takes data in for the source while the service runs;
	// nil: the source is asked, nobody sends to it.
	receive func(*slog.Logger) (receiver, error)
}

// receiver takes data in until ctx ends.
type receiver interface {
	Run(ctx context.Context) error
	Stats() (otlp.Stats, error)
	Close() error
}

// decoder decodes a piece of YAML strictly into a value.
type decoder func(value any) error

// sourceKind says how the settings of one kind of source are read.
type sourceKind struct {
	settings reflect.Type
	read     func(decoder) (*sourceConfig, error)
}

// sourceKinds are the kinds of source there are.
var sourceKinds = map[string]sourceKind{
	"alertmanager": kind(alertmanager.New, func(c *alertmanager.Config) string { return c.URL }),
	"elastic":      kind(elastic.New, func(c *elastic.Config) string { return c.URL }),
	"files":        kind(files.New, func(c *files.Config) string { return strings.Join(c.Paths, " ") }),
	"iotdb":        kind(iotdb.New, func(c *iotdb.Config) string { return cmp.Or(c.URL, strings.Join(c.URLs, " ")) }),
	"jaeger":       kind(jaeger.New, func(c *jaeger.Config) string { return c.URL }),
	"kubernetes":   kind(kubernetes.New, func(c *kubernetes.Config) string { return c.URL }),
	"loki":         kind(loki.NewSource, func(c *loki.SourceConfig) string { return c.URL }),
	"otlp":         {reflect.TypeFor[otlp.Config](), receiving},
	"postgresql":   kind(postgresql.New, func(c *postgresql.Config) string { return strings.Join(c.Hosts, " ") }),
	"prometheus":   kind(prometheus.New, func(c *prometheus.Config) string { return c.URL }),
}

// kind reads the settings C of one kind of source, where an unknown key is an
// error.
func kind[C any, P interface {
	*C
	Validate() error
}, S connectors.Source](open func(C) (S, error), at func(P) string) sourceKind {
	return sourceKind{reflect.TypeFor[C](), func(decode decoder) (*sourceConfig, error) {
		var all struct {
			Kind   string `yaml:"kind"`
			Name   string `yaml:"name"`
			Config C      `yaml:",inline"`
		}
		if err := decode(&all); err != nil {
			return nil, err
		}
		c := P(&all.Config)
		return &sourceConfig{
			at: at(c), validate: c.Validate,
			open: func() (connectors.Source, error) { return open(all.Config) },
		}, nil
	}}
}

// receiving reads the settings of a source that the service itself fills with
// what is sent to it.
func receiving(decode decoder) (*sourceConfig, error) {
	var c otlp.Config
	s, err := kind(otlp.New, func(read *otlp.Config) string {
		c = *read
		return read.Dir
	}).read(decode)
	if err == nil {
		s.receive = func(log *slog.Logger) (receiver, error) { return otlp.NewReceiver(c, log) }
	}
	return s, err
}

// UnmarshalYAML reads a source by its kind.
func (s *SourceSettings) UnmarshalYAML(unmarshal func(any) error) error {
	var head map[string]any
	if err := unmarshal(&head); err != nil {
		return err
	}
	s.Kind, _ = head["kind"].(string)
	s.Name = textual(head["name"])
	kind, ok := sourceKinds[s.Kind]
	if !ok {
		return fmt.Errorf("kind: %q is no kind of source; there are: %s", s.Kind, strings.Join(kindNames(), ", "))
	}
	var err error
	s.read, err = kind.read(unmarshal)
	return err
}

// textual is a simple value as text: a source may be named 1.
func textual(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// kindNames are the kinds of source, sorted.
func kindNames() []string {
	var names []string
	for k := range sourceKinds {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}
