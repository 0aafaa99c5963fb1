package telemetry

import (
	"bytes"
	"context"
	"io"
	"strconv"

	"triagent/incident"
	"triagent/internal/errs"
)

// Spans streams the spans of the bundle to fn in the order of the file; without
// a traces file it does nothing. The span is valid only until fn returns, but
// its strings and its Attributes may be kept. An error of fn ends the walk and
// is returned as it is. On any error, discard what was handed out.
func (b *Bundle) Spans(ctx context.Context, fn func(*Span) error) error {
	if b.parts.spans == "" {
		return nil
	}
	r, err := b.reader(ctx)
	if err != nil {
		return err
	}
	defer r.close()
	g, err := r.member(b.parts.spans)
	if err != nil {
		return err
	}
	defer g.Close()
	s := spanReader{file: join(b.Path, b.parts.spans), names: make(interner)}
	s.span.File = b.parts.spans
	if _, kind := splitKind(b.parts.spans); kind == ".csv" {
		return s.csv(g, r.lim, fn)
	}
	return s.jsonl(g, r.lim, fn)
}

// interner keeps one copy of each of the first strings that it sees.
type interner map[string]string

// maxInterned bounds the strings that are kept, maxInternedLen their length.
const (
	maxInterned    = 1 << 14
	maxInternedLen = 128
)

func (n interner) text(b []byte) string {
	if s, ok := n[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(n) < maxInterned && len(b) <= maxInternedLen {
		n[s] = s
	}
	return s
}

// spanReader reads the spans of one file.
type spanReader struct {
	file  string
	names interner
	span  Span
	ids   []byte // trace, span and parent ID, one behind the other
	cuts  [3]int // where each begins and ends: cuts[i]:cuts[i]+lens[i]
	lens  [3]int
}

func (s *spanReader) jsonl(r io.Reader, lim Limits, fn func(*Span) error) error {
	return eachJSON(r, s.file, lim, func(c *cursor) error {
		s.reset(c.line)
		for c.open('{', "span"); c.more('}'); {
			s.field(c)
		}
		if s.span.Start == 0 && c.err == nil {
			c.fail(0, "a span needs a start")
		}
		if err := c.end(); err != nil {
			return err
		}
		s.takeIDs()
		return fn(&s.span)
	})
}

func (s *spanReader) reset(line int) {
	s.span = Span{File: s.span.File, Line: line}
	s.ids = s.ids[:0]
	s.lens = [3]int{}
}

// field reads one key of a span.
func (s *spanReader) field(c *cursor) {
	sp := &s.span
	switch key := c.key(); string(key) {
	case "trace_id":
		s.id(0, c.str("trace_id"))
	case "span_id":
		s.id(1, c.str("span_id"))
	case "parent_id":
		s.id(2, c.str("parent_id"))
	case "node":
		sp.Node = incident.NodeID(s.names.text(c.str("node")))
	case "service":
		sp.Service = s.names.text(c.str("service"))
	case "name":
		sp.Name = s.names.text(c.str("name"))
	case "kind":
		sp.Kind = spanKind(c.text())
	case "start":
		sp.Start, _ = c.instant("start", nil)
	case "duration":
		from := c.mark()
		if sp.Duration = c.integer("duration"); sp.Duration < 0 {
			c.fail(from, "a duration of %d ns is negative", sp.Duration)
		}
	case "status":
		sp.Failed = failed(c.text())
	case "attributes":
		sp.Attributes = s.attributes(c)
	default:
		c.skip()
	}
}

func (s *spanReader) id(i int, b []byte) {
	s.cuts[i], s.lens[i] = len(s.ids), len(b)
	s.ids = append(s.ids, b...)
}

// takeIDs makes the three IDs with one allocation.
func (s *spanReader) takeIDs() {
	all := string(s.ids)
	for i, p := range []*string{&s.span.TraceID, &s.span.SpanID, &s.span.ParentID} {
		if s.lens[i] > 0 {
			*p = all[s.cuts[i] : s.cuts[i]+s.lens[i]]
		}
	}
}

func (s *spanReader) attributes(c *cursor) map[string]string {
	if c.null() {
		return nil
	}
	var m map[string]string
	for c.open('{', "attributes"); c.more('}'); {
		key := s.names.text(c.key())
		if c.null() {
			continue
		}
		if v := c.text(); c.err == nil {
			if m == nil {
				m = make(map[string]string, 4)
			}
			m[key] = s.names.text(v)
		}
	}
	return m
}

// spanKind reads a kind in lower or upper case, with or without the prefix of
// OpenTelemetry. Others are UnknownSpan.
func spanKind(b []byte) SpanKind {
	switch string(b) {
	case "server":
		return ServerSpan
	case "client":
		return ClientSpan
	case "internal":
		return InternalSpan
	case "producer":
		return ProducerSpan
	case "consumer":
		return ConsumerSpan
	case "":
		return UnknownSpan
	}
	if low := bytes.TrimPrefix(bytes.ToLower(b), []byte("span_kind_")); !bytes.Equal(low, b) {
		return spanKind(low)
	}
	return UnknownSpan
}

// failed reports whether a status is an error: by word, by the code 2 of
// OpenTelemetry, or by an HTTP status from 500 on.
func failed(b []byte) bool {
	switch string(b) {
	case "ok", "unset", "":
		return false
	case "error", "2":
		return true
	}
	if n, err := strconv.Atoi(string(b)); err == nil {
		return n >= 500 && n < 600
	}
	low := bytes.TrimPrefix(bytes.ToLower(b), []byte("status_code_"))
	switch string(low) {
	case "error", "err", "failed", "failure", "fail", "timeout", "exception", "fault":
		return true
	}
	return false
}

// csv reads traces.csv: the same columns, attributes as a JSON object.
func (s *spanReader) csv(r io.Reader, lim Limits, fn func(*Span) error) error {
	var fields row
	var columns []string
	l := newLines(r, lim.Row)
	for {
		line, ok := l.next()
		if !ok {
			return l.broken(s.file)
		}
		if l.number == 1 && isUTF16(line) {
			return errUTF16(s.file)
		}
		if err := l.wide(s.file); err != nil {
			return err
		}
		if len(line) == 0 {
			continue
		}
		if err := fields.split(line, s.file, l.number); err != nil {
			return err
		}
		if columns == nil {
			for _, f := range fields.fields {
				columns = append(columns, string(bytes.TrimSpace(f)))
			}
			if !hasColumn(columns, "start") {
				return errs.At(s.file, l.number, 1, "no column named start")
			}
			continue
		}
		if len(fields.fields) != len(columns) {
			return errs.At(s.file, l.number, 1, "%d fields where the header has %d", len(fields.fields), len(columns))
		}
		s.reset(l.number)
		for i, f := range fields.fields {
			if err := s.cell(columns[i], f, l.number, i+1); err != nil {
				return err
			}
		}
		s.takeIDs()
		if err := fn(&s.span); err != nil {
			return err
		}
	}
}

func hasColumn(columns []string, name string) bool {
	for _, c := range columns {
		if c == name {
			return true
		}
	}
	return false
}

// cell reads one field of a row of traces.csv.
func (s *spanReader) cell(column string, f []byte, line, col int) error {
	sp := &s.span
	switch column {
	case "trace_id":
		s.id(0, f)
	case "span_id":
		s.id(1, f)
	case "parent_id":
		s.id(2, f)
	case "node":
		sp.Node = incident.NodeID(s.names.text(f))
	case "service":
		sp.Service = s.names.text(f)
	case "name":
		sp.Name = s.names.text(f)
	case "kind":
		sp.Kind = spanKind(f)
	case "start":
		ns, problem := parseInstant(bytes.TrimSpace(f), nil)
		if problem != "" {
			return errs.At(s.file, line, col, "start %q %s", clip(f), problem)
		}
		sp.Start = ns
	case "duration":
		v, ok := parseFloat(bytes.TrimSpace(f))
		if !ok || v < 0 || v >= 1<<63 || v != float64(int64(v)) {
			return errs.At(s.file, line, col, "duration %q is no whole number of nanoseconds", clip(f))
		}
		sp.Duration = int64(v)
	case "status":
		sp.Failed = failed(f)
	case "attributes":
		return s.csvAttributes(f, line, col)
	}
	return nil
}

func (s *spanReader) csvAttributes(f []byte, line, col int) error {
	if len(bytes.TrimSpace(f)) == 0 {
		return nil
	}
	var c cursor
	c.reset(f, s.file, line)
	s.span.Attributes = s.attributes(&c)
	if err := c.end(); err != nil {
		return errs.At(s.file, line, col, "attributes are no JSON object")
	}
	return nil
}
