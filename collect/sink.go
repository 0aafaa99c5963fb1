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
	changeBytes, alertBytes                        atomic.Int64
	heads                                          map[string]int // bytes of the head of each node's table; g.mu guards it
}

func (g *gathering) sink(source string) *sink {
	return &sink{g: g, source: source, heads: make(map[string]int)}
}

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
	name := oneLine(x.Name)
	if name == "" {
		s.dropped("metrics", "some have a name of nothing but blanks")
		return nil
	}
	if !s.wide(x.Node, name) {
		s.dropped("metrics", "some nodes have more of them than one table can name")
		return nil
	}
	s.series.Add(1)
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	list := s.g.series[x.Node]
	y := series{name: name, source: s.source, query: x.Query, values: slices.Clone(x.Values[from:to])}
	if n := len(list); n > 0 && slices.Equal(list[n-1].times, x.Times[from:to]) {
		y.times = list[n-1].times // most series of a node are of one grid
	} else {
		y.times = slices.Clone(x.Times[from:to])
	}
	s.g.series[x.Node] = append(list, y)
	return nil
}

// wide counts the name of one more column of a node; false: it does not fit.
func (s *sink) wide(node, name string) bool {
	const cell = 32 // bytes of a sample, and a comma
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	s.heads[node] += 2*len(name) + cell
	return s.heads[node] <= widest
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
	if !fitLine(&l) {
		s.dropped("the rest of long log records", "a record, or what goes with it, is longer than 1 MiB")
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
	if !soundSpan(x) {
		s.dropped("spans", "some have a time, a kind or a length that cannot be")
		return nil
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
	c.Kind, c.Text = oneLine(c.Kind), oneLine(c.Text)
	if err := s.over(s.changeBytes.Add(int64(len(c.Kind)+len(c.Text)+longestFile)), mostSmall, "bytes of events"); err != nil {
		return err
	}
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	s.g.queries[telemetry.Query{File: "events.jsonl", Source: s.source, Text: c.Query}] = true
	s.g.changes = append(s.g.changes, incident.Change{
		Time: time.Unix(0, c.Time).UTC(), Node: incident.NodeID(c.Node), Kind: c.Kind, Text: c.Text,
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
	if !s.fitAlert(&a) {
		return nil
	}
	if err := s.over(s.alertBytes.Add(int64(len(a.Name)+lengthOf(a.Labels)+2*longestFile)), mostSmall, "bytes of alerts"); err != nil {
		return err
	}
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	s.g.alerts = append(s.g.alerts, incident.Alert{
		Time: a.Starts.UTC(), Node: incident.NodeID(a.Node), Peer: incident.NodeID(a.Peer), Name: a.Name,
		Source: connectors.SignalOf(a.Source, a.Labels), Labels: maps.Clone(a.Labels),
	})
	return nil
}

// fitAlert makes an alert one that a bundle can hold; false: it cannot be.
func (s *sink) fitAlert(a *connectors.Alert) bool {
	a.Name = oneLine(a.Name)
	if a.Name == "" && a.Node == "" {
		s.dropped("alerts", "some have neither name nor node")
		return false
	}
	if !writable(a.Starts) {
		a.Starts = time.Time{}
		s.dropped("when alerts began", "some began in a year that cannot be")
	}
	if lengthOf(a.Labels) > mostLabels {
		a.Labels = nil
		s.dropped("labels of alerts", "some alerts have more than 64 KiB of them")
	}
	return true
}

// Found takes over what was learned of the system on the way.
func (s *sink) Found(f connectors.Found) error {
	s.g.learn(s.source, f)
	for _, l := range f.Lacks {
		s.g.lack(incident.Missing{What: l.What, Why: withRemedy(l.Why, l.Remedy)})
	}
	return nil
}

// Reduced notes what the source left out.
func (s *sink) Reduced(r incident.Reduction) error {
	r.In, r.Out = max(0, r.In), max(0, r.Out)
	r.Stage, r.Unit, r.How, r.Rest = cut(r.Stage), cut(r.Unit), cut(r.How), cut(r.Rest)
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

// Clock notes how a clock stands to ours, if it can be.
func (s *sink) Clock(c connectors.Clock) error {
	if !soundClock(c) {
		s.dropped("the clock", "it is off by what cannot be")
		return nil
	}
	s.g.mu.Lock()
	defer s.g.mu.Unlock()
	s.g.collected.Clocks = append(s.g.collected.Clocks, telemetry.ClockOffset{Of: c.Of, Least: time.Duration(c.Least), Most: time.Duration(c.Most)})
	return nil
}
