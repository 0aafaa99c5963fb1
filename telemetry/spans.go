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
// a traces file it does nothing. The span is valid only until fn returns;
// its strings and its Attributes may be kept but not changed. An error of fn ends the walk and
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
	maxInternedLen = 48
)

func (n interner) text(b []byte) string {
	if len(b) > maxInternedLen {
		return string(b)
	}
	if s, ok := n[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(n) < maxInterned {
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
	cuts  [3]int // where each begins
	lens  [3]int
	keys  keyring // keys of spans
	attrs keyring // keys of attributes
	last  [3]string
	same  [16]sameAttributes
}

// sameAttributes are attributes seen before, as they were written.
type sameAttributes struct {
	raw  []byte
	m    map[string]string
	hits int
}

func (s *spanReader) jsonl(r io.Reader, lim Limits, fn func(*Span) error) error {
	return eachJSON(r, s.file, lim, func(c *cursor) error {
		s.reset(c.line)
		if c.open('{', "span") {
			for n := 0; ; n++ {
				key, ok := s.keys.next(c, n)
				if !ok {
					break
				}
				s.field(c, key)
			}
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

// field reads the value of a key of a span.
func (s *spanReader) field(c *cursor, key string) {
	sp := &s.span
	switch key {
	case "trace_id":
		s.id(0, c.str(key))
	case "span_id":
		s.id(1, c.str(key))
	case "parent_id":
		s.id(2, c.str(key))
	case "node":
		sp.Node = incident.NodeID(s.again(0, c.str(key)))
	case "service":
		sp.Service = s.again(1, c.str(key))
	case "name":
		sp.Name = s.again(2, c.str(key))
	case "kind":
		sp.Kind = spanKind(c.text())
	case "start":
		sp.Start, _ = c.instant(key, nil)
	case "duration":
		from := c.mark()
		if sp.Duration = c.integer(key); sp.Duration < 0 {
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

// again is the interned text of field i, which is often that of the last span.
func (s *spanReader) again(i int, b []byte) string {
	if string(b) != s.last[i] {
		s.last[i] = s.names.text(b)
	}
	return s.last[i]
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

// attributes reads an object of scalars. Objects written alike share a map.
func (s *spanReader) attributes(c *cursor) map[string]string {
	if c.null() {
		return nil
	}
	from := c.pos
	for i := range s.same {
		if e := &s.same[i]; e.raw != nil && bytes.HasPrefix(c.data[from:], e.raw) {
			e.hits++
			c.pos += len(e.raw)
			return e.m
		}
	}
	m := s.parseAttributes(c)
	if raw := c.data[from:c.pos]; c.err == nil && len(raw) > 2 && len(raw) <= 4*maxInternedLen {
		s.remember(raw, m)
	}
	return m
}

// remember keeps attributes in the place of those that were met least.
func (s *spanReader) remember(raw []byte, m map[string]string) {
	least := &s.same[0]
	for i := range s.same {
		if e := &s.same[i]; e.hits < least.hits {
			least = e
		}
	}
	if least.hits--; least.hits < 0 {
		least.raw, least.m, least.hits = append(least.raw[:0], raw...), m, 1
	}
}

func (s *spanReader) parseAttributes(c *cursor) map[string]string {
	var m map[string]string
	if !c.open('{', "attributes") {
		return nil
	}
	for n := 0; ; n++ {
		key, ok := s.attrs.next(c, n)
		if !ok {
			return m
		}
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
}

// keyring remembers how the keys of an object were written, by their place in
// it, with all that stands between the value before and the value after: most
// objects of a file are alike, and comparing is quicker than parsing.
type keyring [16][4]struct {
	raw []byte
	key string
}

// next goes to the value of the key at place n of the open object, as
// cursor.more and cursor.key do. ok is false at its end.
func (k *keyring) next(c *cursor, n int) (key string, ok bool) {
	if n < len(k) {
		for i := range k[n] {
			e := &k[n][i]
			if e.raw == nil {
				break
			}
			if bytes.HasPrefix(c.data[c.pos:], e.raw) {
				c.pos += len(e.raw)
				c.first = false
				return e.key, true
			}
		}
	}
	from := c.pos
	if !c.more('}') {
		return "", false
	}
	key = string(c.key())
	c.ws()
	if c.err != nil || n >= len(k) || c.pos-from > maxInternedLen {
		return key, c.err == nil
	}
	for i := range k[n] {
		if k[n][i].raw == nil {
			k[n][i].raw, k[n][i].key = bytes.Clone(c.data[from:c.pos]), key
			break
		}
	}
	return key, true
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
