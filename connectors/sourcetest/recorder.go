package sourcetest

import (
	"encoding/json"
	"hash/fnv"
	"slices"
	"strconv"
	"sync"

	"triagent/connectors"
	"triagent/incident"
	"triagent/telemetry"
)

// Recorder is a connectors.Sink that keeps what it is given. The zero Recorder
// is ready; it is safe for concurrent use. Set its fields before it is.
type Recorder struct {
	Stop  error // given back for rows, from row After on; nil: never
	After int64 // rows that are taken before Stop
	Light bool  // count, and keep only what is not a row

	mu    sync.Mutex
	got   Got
	tally Tally
	late  int64
}

// Got is what a Recorder was given, in the order in which it came.
type Got struct {
	Series  []connectors.Series
	Lines   []connectors.Line
	Spans   []Span
	Changes []connectors.Change
	Alerts  []connectors.Alert
	Found   []connectors.Found
	Reduced []incident.Reduction
	Missing []incident.Missing
	Clocks  []connectors.Clock
}

// Span is a span and the query that gave it.
type Span struct {
	telemetry.Span
	Query string
}

// Tally counts rows. Two tallies are equal if the same rows were given, in any
// order and in any portions; Sum is 0 for a light Recorder.
type Tally struct {
	Samples, Lines, Spans, Changes, Alerts int64
	Sum                                    uint64
}

// Rows is the number of all rows.
func (t Tally) Rows() int64 { return t.Samples + t.Lines + t.Spans + t.Changes + t.Alerts }

// Got returns what was given so far. Its slices must not be changed.
func (r *Recorder) Got() Got {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.got
	g.Series, g.Lines, g.Spans = slices.Clip(g.Series), slices.Clip(g.Lines), slices.Clip(g.Spans)
	return g
}

// Tally returns the count of rows so far.
func (r *Recorder) Tally() Tally {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tally
}

// Late is how many calls handed over rows after Stop had been given back.
func (r *Recorder) Late() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.late
}

// stopped gives back Stop once enough rows are there. The lock is held.
func (r *Recorder) stopped() error {
	if r.Stop == nil || r.tally.Rows() < r.After {
		return nil
	}
	r.late++
	return r.Stop
}

// add adds a row to the sum.
func (r *Recorder) add(parts ...string) {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p)) // never fails
		_, _ = h.Write([]byte{0})
	}
	r.tally.Sum += h.Sum64()
}

// Series keeps a series; each of its samples is a row.
func (r *Recorder) Series(s connectors.Series) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.Samples += int64(len(s.Times))
	if !r.Light {
		for i, at := range s.Times[:min(len(s.Times), len(s.Values))] {
			r.add("series", s.Node, s.Name, strconv.FormatInt(at, 10), strconv.FormatFloat(s.Values[i], 'g', -1, 64))
		}
		s.Times, s.Values = slices.Clone(s.Times), slices.Clone(s.Values)
		r.got.Series = append(r.got.Series, s)
	}
	return r.stopped()
}

// Line keeps a line.
func (r *Recorder) Line(l connectors.Line) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.Lines++
	if !r.Light {
		l.Body = slices.Clone(l.Body)
		r.add("line", l.Node, strconv.FormatInt(l.Time, 10), string(l.Body), asJSON(l.Attributes))
		r.got.Lines = append(r.got.Lines, l)
	}
	return r.stopped()
}

// Span keeps a span.
func (r *Recorder) Span(s *telemetry.Span, query string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.Spans++
	if !r.Light {
		r.add("span", asJSON(s))
		r.got.Spans = append(r.got.Spans, Span{*s, query})
	}
	return r.stopped()
}

// Change keeps a change.
func (r *Recorder) Change(c connectors.Change) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.Changes++
	if !r.Light {
		r.add("change", c.Node, c.Kind, strconv.FormatInt(c.Time, 10), c.Text)
		r.got.Changes = append(r.got.Changes, c)
	}
	return r.stopped()
}

// Alert keeps an alert.
func (r *Recorder) Alert(a connectors.Alert) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.Alerts++
	if !r.Light {
		r.add("alert", asJSON(a))
		r.got.Alerts = append(r.got.Alerts, a)
	}
	return r.stopped()
}

// Found keeps what was learned.
func (r *Recorder) Found(f connectors.Found) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got.Found = append(r.got.Found, f)
	return nil
}

// Reduced keeps what was cut.
func (r *Recorder) Reduced(c incident.Reduction) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got.Reduced = append(r.got.Reduced, c)
	return nil
}

// Missing keeps what could not be had.
func (r *Recorder) Missing(m incident.Missing) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got.Missing = append(r.got.Missing, m)
	return nil
}

// Clock keeps how a clock stands.
func (r *Recorder) Clock(c connectors.Clock) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got.Clocks = append(r.got.Clocks, c)
	return nil
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

var _ connectors.Sink = (*Recorder)(nil)
