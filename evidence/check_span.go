package evidence

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"

	"triagent/incident"
	"triagent/telemetry"
)

// spanCheck answers what is asked of the traces file.
type spanCheck struct {
	f      *file
	wanted []spanWanted
	next   int
}

// spanWanted gathers what one number rests on.
type spanWanted struct {
	*number
	selector  Selector
	valid     bool
	count     float64
	sum       float64
	durations []float64 // ms
}

// readSpans goes over the traces once.
func (c *checker) readSpans(f *file, in *lineReader) error {
	s := spanCheck{f: f}
	for _, n := range f.numbers {
		switch n.Stat {
		case SpanCount, SpanQ, SpanFail, SpanSum:
			sel, err := ParseSelector(n.Column)
			s.wanted = append(s.wanted, spanWanted{number: n, selector: sel, valid: err == nil})
		}
	}
	var err error
	if strings.HasSuffix(plainName(f.name), ".csv") {
		err = s.table(in)
	} else {
		err = in.each(s.line)
	}
	for i := range s.wanted {
		w := &s.wanted[i]
		w.again, w.ready = w.compute(), w.valid
	}
	return err
}

// rawSpan is a span as the file writes it.
type rawSpan struct {
	Node, Service, Name string
	Kind, Status, Start json.RawMessage
	Duration            int64
	Attributes          map[string]json.RawMessage
}

// line takes one span a line.
func (s *spanCheck) line(number int, line []byte) error {
	places := s.f.visit(number, &s.next)
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	var raw rawSpan
	if err := json.Unmarshal(line, &raw); err != nil {
		return fmt.Errorf("line %d: %w", number, err)
	}
	attributes := make(map[string]string, len(raw.Attributes))
	for k, v := range raw.Attributes {
		if v[0] != 'n' { // null
			attributes[k] = unquote(v)
		}
	}
	span := telemetry.Span{
		Node: incident.NodeID(raw.Node), Service: raw.Service, Name: raw.Name, Kind: spanKinds[kindWord(unquote(raw.Kind))],
		Failed: failedStatus(unquote(raw.Status)), Duration: raw.Duration, Attributes: attributes,
	}
	span.Start, _ = readInstant(unquote(raw.Start))
	text := ""
	if len(places) > 0 {
		text = clipped(line)
	}
	s.take(&span, number, text, places)
	return nil
}

// table takes spans of a CSV file.
func (s *spanCheck) table(in *lineReader) error {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	index := map[string]int{}
	for i, name := range header {
		index[strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))] = i
	}
	s.f.visit(1, &s.next)
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		get := func(name string) string {
			if i, ok := index[name]; ok && i < len(row) {
				return row[i]
			}
			return ""
		}
		line, _ := r.FieldPos(0)
		span := telemetry.Span{
			Node: incident.NodeID(get("node")), Service: get("service"), Name: get("name"),
			Kind: spanKinds[kindWord(get("kind"))], Failed: failedStatus(get("status")), Attributes: map[string]string{},
		}
		span.Start, _ = readInstant(strings.TrimSpace(get("start")))
		if v, err := strconv.ParseFloat(strings.TrimSpace(get("duration")), 64); err == nil {
			span.Duration = int64(v)
		}
		var attributes map[string]json.RawMessage
		if json.Unmarshal([]byte(get("attributes")), &attributes) == nil {
			for k, v := range attributes {
				span.Attributes[k] = unquote(v)
			}
		}
		s.take(&span, line, strings.Join(row, ","), s.f.visit(line, &s.next))
	}
}

// kindWord is a span kind in the bundle's own words.
func kindWord(s string) string {
	return strings.TrimPrefix(strings.ToLower(s), "span_kind_")
}

// failedStatus reads a status: a word, OpenTelemetry's code or that of HTTP.
func failedStatus(s string) bool {
	switch word := strings.TrimPrefix(strings.ToLower(s), "status_code_"); word {
	case "error", "err", "failed", "failure", "fail", "timeout", "exception", "fault", "2":
		return true
	default:
		code, err := strconv.Atoi(word)
		return err == nil && code >= 500 && code <= 599
	}
}

// take counts one span and checks the places that lead to it.
func (s *spanCheck) take(span *telemetry.Span, line int, raw string, places []*place) {
	for i := range s.wanted {
		w := &s.wanted[i]
		if w.valid && covered(span.Start, w.Windows) && w.selector.Match(span) {
			w.add(span)
		}
	}
	for _, p := range places {
		p.raw = raw
		p.problem = spanMismatch(p, span, line)
	}
}

func (w *spanWanted) add(span *telemetry.Span) {
	switch w.Stat {
	case SpanQ:
		w.durations = append(w.durations, float64(span.Duration)/1e6)
	case SpanFail:
		if span.Failed {
			w.count++
		}
	case SpanSum:
		if v, err := strconv.ParseFloat(span.Attributes[w.Arg], 64); err == nil && v >= 0 && !math.IsInf(v, 0) {
			w.sum += v
		}
	default:
		w.count++
	}
}

func (w *spanWanted) compute() float64 {
	switch w.Stat {
	case SpanQ:
		sort.Float64s(w.durations)
		return plainQuantile(w.durations, w.Arg)
	case SpanSum:
		return w.sum
	}
	return w.count
}

// spanMismatch is what is wrong with a span as the source of evidence: it has
// to be one that the source selects and one that a number counts.
func spanMismatch(p *place, span *telemetry.Span, line int) string {
	e := p.of
	if !inScope(e, span.Start) {
		return fmt.Sprintf("the span at line %d lies outside its windows", line)
	}
	if span.Node != e.Node && span.Node != e.Peer {
		return fmt.Sprintf("the span at line %d is of neither its node nor its peer", line)
	}
	if e.Source.Query != "" {
		sel, err := ParseSelector(e.Source.Query)
		if err != nil {
			return err.Error()
		}
		if !sel.Match(span) {
			return fmt.Sprintf("the span at line %d is none of %q", line, e.Source.Query)
		}
	}
	counted := false
	some := false
	for _, n := range e.Numbers {
		switch n.Stat {
		case SpanCount, SpanQ, SpanFail, SpanSum:
			sel, err := ParseSelector(n.Column)
			some = true
			counted = counted || err == nil && sel.Match(span)
		}
	}
	if some && !counted {
		return fmt.Sprintf("the span at line %d is none that its numbers count", line)
	}
	return ""
}
