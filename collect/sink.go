package collect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// sink takes what one source hands over, within the bounds.
type sink struct {
	g      *gathering
	source string

	series, samples, lines, spans, changes, alerts atomic.Int64
}

func (g *gathering) sink(source string) *sink { return &sink{g: g, source: source} }

// few bounds changes and alerts.
const few = 100_000

// gave says what was handed over, for people.
func (s *sink) gave() string {
	var parts []string
	for _, p := range []struct {
		n    int64
		what string
	}{
		{s.series.Load(), "series"},
		{s.lines.Load(), "log lines"},
		{s.spans.Load(), "spans"},
		{s.changes.Load(), "events"},
		{s.alerts.Load(), "alerts"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// rest names what is missing when the source ended early.
func (s *sink) rest() string {
	if got := s.gave(); got != "nothing" {
		return "the rest of " + s.source + ", after " + got
	}
	return "everything of " + s.source
}

func (s *sink) over(n, most int64, what string) error {
	if n <= most {
		return nil
	}
	return &errs.Error{Kind: errs.Exhausted, Err: fmt.Errorf("more than %d %s", most, what), Remedy: "ask for a shorter span, or match less"}
}

// Series takes a metric. Samples outside the span are left out.
func (s *sink) Series(x connectors.Series) error {
	if x.Node == "" || x.Name == "" || len(x.Times) != len(x.Values) || !slices.IsSorted(x.Times) {
		return errs.New(errs.Internal, "%s hands over a series without node or name, or of unequal or unordered times", s.source)
	}
	from, _ := slices.BinarySearch(x.Times, s.g.span.From.UnixNano())
	to, _ := slices.BinarySearch(x.Times, s.g.span.To.UnixNano()+1)
	if from == to {
		return nil
	}
	if err := s.over(s.samples.Add(int64(to-from)), s.g.limit.Samples, "samples"); err != nil {
		return err
	}
	s.series.Add(1)
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	list := s.g.series[x.Node]
	y := series{name: oneLine(x.Name), source: s.source, query: x.Query, values: slices.Clone(x.Values[from:to])}
	if n := len(list); n > 0 && slices.Equal(list[n-1].times, x.Times[from:to]) {
		y.times = list[n-1].times // most series of a node are of one grid
	} else {
		y.times = slices.Clone(x.Times[from:to])
	}
	s.g.series[x.Node] = append(list, y)
	return nil
}

// Line takes a log record. One outside the span is left out; one without a time
// goes with the record before it.
func (s *sink) Line(l connectors.Line) error {
	if l.Node == "" {
		return errs.New(errs.Internal, "%s hands over a log record without a node", s.source)
	}
	if l.Time != 0 && (l.Time < s.g.span.From.UnixNano() || l.Time > s.g.span.To.UnixNano()) {
		return nil
	}
	if err := s.over(s.lines.Add(1), s.g.limit.Lines, "log lines"); err != nil {
		return err
	}
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	sp := s.g.logOf(l.Node, s.source)
	s.g.queries[telemetry.Query{File: "logs/" + l.Node, Source: s.source, Text: l.Query}] = true
	return sp.add(line{
		Time: l.Time, Level: uint8(l.Level), Body: l.Body, Raw: l.Raw, Trace: l.TraceID, Span: l.SpanID, Attributes: l.Attributes,
	}, l.Time)
}

// logOf is where the records of a node from a source are kept. The caller holds mu.
func (g *gathering) logOf(node, source string) *spool[line] {
	for _, s := range g.logs[node] {
		if s.source == source {
			return s
		}
	}
	s := newSpool[line](g.dir, source)
	g.logs[node] = append(g.logs[node], s)
	return s
}

// Span takes a span; it is within the span of time if it overlaps it.
func (s *sink) Span(x *telemetry.Span, query string) error {
	if x.Node == "" {
		return errs.New(errs.Internal, "%s hands over a span without a node", s.source)
	}
	if x.Start+x.Duration < s.g.span.From.UnixNano() || x.Start > s.g.span.To.UnixNano() {
		return nil
	}
	if err := s.over(s.spans.Add(1), s.g.limit.Spans, "spans"); err != nil {
		return err
	}
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	at := slices.IndexFunc(s.g.spans, func(p *spool[telemetry.Span]) bool { return p.source == s.source })
	if at < 0 {
		at = len(s.g.spans)
		s.g.spans = append(s.g.spans, newSpool[telemetry.Span](s.g.dir, s.source))
	}
	s.g.queries[telemetry.Query{File: "traces.jsonl", Source: s.source, Text: query}] = true
	return s.g.spans[at].add(*x, x.Start)
}

// Change takes something that was done to the system.
func (s *sink) Change(c connectors.Change) error {
	if err := s.over(s.changes.Add(1), few, "events"); err != nil {
		return err
	}
	if c.Time < s.g.span.From.UnixNano() || c.Time > s.g.span.To.UnixNano() {
		return nil
	}
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	s.g.queries[telemetry.Query{File: "events.jsonl", Source: s.source, Text: c.Query}] = true
	s.g.changes = append(s.g.changes, incident.Change{
		Time: time.Unix(0, c.Time).UTC(), Node: incident.NodeID(c.Node), Kind: c.Kind, Text: oneLine(c.Text),
	})
	return nil
}

// Alert takes an alert that fires, or fired in the span.
func (s *sink) Alert(a connectors.Alert) error {
	if err := s.over(s.alerts.Add(1), few, "alerts"); err != nil {
		return err
	}
	if a.Starts.After(s.g.span.To) || !a.Ends.IsZero() && a.Ends.Before(s.g.span.From) {
		return nil
	}
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	s.g.alerts = append(s.g.alerts, incident.Alert{
		Time: a.Starts.UTC(), Node: incident.NodeID(a.Node), Peer: incident.NodeID(a.Peer), Name: oneLine(a.Name),
		Source: connectors.SignalOf(a.Source, a.Labels), Labels: maps.Clone(a.Labels),
	})
	return nil
}

// Found takes over what was learned of the system on the way.
func (s *sink) Found(f connectors.Found) error {
	s.g.learn(f)
	for _, l := range f.Lacks {
		s.g.lack(incident.Missing{What: l.What, Why: withRemedy(l.Why, l.Remedy)})
	}
	return nil
}

// Reduced notes what the source left out.
func (s *sink) Reduced(r incident.Reduction) error {
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	s.g.collected.Reductions = append(s.g.collected.Reductions, r)
	return nil
}

// Missing notes what the source could not give.
func (s *sink) Missing(m incident.Missing) error {
	s.g.lack(m)
	return nil
}

// Clock notes how a clock stands to ours.
func (s *sink) Clock(c connectors.Clock) error {
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	s.g.collected.Clocks = append(s.g.collected.Clocks, telemetry.ClockOffset{Of: c.Of, Least: time.Duration(c.Least), Most: time.Duration(c.Most)})
	return nil
}

// oneLine makes foreign text fit for a line: no control characters, and not
// without end.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.ToValidUTF8(s[:min(len(s), 2000)], "")
}
