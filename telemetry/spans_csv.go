package telemetry

import (
	"bytes"
	"io"
	"slices"

	"triagent/internal/errs"
)

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
			if !slices.Contains(columns, "start") {
				return errs.At(s.file, l.number, 1, "no column named start")
			}
			continue
		}
		if err := s.csvRow(columns, fields.fields, l.number); err != nil {
			return err
		}
		if err := fn(&s.span); err != nil {
			return err
		}
	}
}

// csvRow makes a span of the fields of a row.
func (s *spanReader) csvRow(columns []string, fields [][]byte, line int) error {
	if len(fields) != len(columns) {
		return errs.At(s.file, line, 1, "%d fields where the header has %d", len(fields), len(columns))
	}
	s.reset(line)
	for i, f := range fields {
		if err := s.cell(columns[i], f, line, i+1); err != nil {
			return err
		}
	}
	s.takeIDs()
	return nil
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
		s.name(0, f)
	case "service":
		s.name(1, f)
	case "name":
		s.name(2, f)
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
	s.attributes(&c)
	if err := c.end(); err != nil {
		return errs.At(s.file, line, col, "attributes are no JSON object")
	}
	return nil
}
