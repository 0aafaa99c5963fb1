package telemetry

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"

	"triagent/incident"
)

// Spans streams the spans of the bundle to fn in the order of the file; without
// a traces file it does nothing. The span is valid only until fn returns;
// its strings and its Attributes may be kept but not changed. An error of fn ends the walk and
// is returned as it is. On any error, discard what was handed out.
func (b *Bundle) Spans(ctx context.Context, fn func(*Span) error) error {
	s := spanReader{file: join(b.Path, b.parts.spans), names: make(interner)}
	s.span.File = b.parts.spans
	return b.readSpans(ctx, func(r io.Reader, lim Limits, kind string) error {
		if kind == ".csv" {
			return s.csv(r, lim, fn)
		}
		return s.jsonl(r, lim, fn)
	})
}

// readSpans gives the unpacked traces file to read, with its kind; without one it
// does nothing.
func (b *Bundle) readSpans(ctx context.Context, read func(r io.Reader, lim Limits, kind string) error) error {
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
	defer shut(g)
	_, kind := splitKind(b.parts.spans)
	return read(g, r.lim, kind)
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

// spanReader reads the spans of one file, either with their texts or, where it
// has a list for these, as marks.
type spanReader struct {
	file    string
	names   interner
	span    Span
	started bool            // the span at hand has a start
	ids     []byte          // trace, span and parent ID, one behind the other
	block   strings.Builder // IDs of several spans
	cuts    [3]int          // where each begins
	lens    [3]int
	keys    keyring // keys of spans
	attrs   keyring // keys of attributes
	last    [3]string
	same    [16]sameAttributes
	once    sameAttributes // those at hand, where they are not remembered

	list    *textList // nil: spans have texts
	mark    Mark
	sets    [][]Attribute // attributes of the block at hand
	current int           // number of that block, from 1
}

// sameAttributes are attributes seen before, as they were written.
type sameAttributes struct {
	raw    []byte
	list   []Attribute
	m      map[string]string // nil: not made yet
	number int32             // in the block
	block  int
	hits   int
}

func (s *spanReader) jsonl(r io.Reader, lim Limits, fn func(*Span) error) error {
	return eachJSON(r, s.file, lim, func(c *cursor) error {
		if err := s.object(c); err != nil {
			return err
		}
		s.takeIDs()
		return fn(&s.span)
	})
}

// object reads a span.
func (s *spanReader) object(c *cursor) error {
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
	if !s.started && c.err == nil {
		c.fail(0, "a span needs a start")
	}
	return c.end()
}

func (s *spanReader) reset(line int) {
	s.span = Span{File: s.span.File, Line: line}
	s.ids, s.started = s.ids[:0], false
	s.lens, s.mark = [3]int{}, Mark{}
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
		s.name(0, c.str(key))
	case "service":
		s.name(1, c.str(key))
	case "name":
		s.name(2, c.str(key))
	case "kind":
		sp.Kind = spanKind(c.text())
	case "start":
		sp.Start, s.started = c.instant(key, nil)
	case "duration":
		from := c.mark()
		if sp.Duration = c.integer(key); sp.Duration < 0 {
			c.fail(from, "a duration of %d ns is negative", sp.Duration)
		}
	case "status":
		sp.Failed = failed(c.text())
	case "attributes":
		s.attributes(c)
	default:
		c.skip()
	}
}

// name takes the node, the service or the name of the span, by i.
func (s *spanReader) name(i int, b []byte) {
	if s.list != nil {
		*[...]*int32{&s.mark.Node, &s.mark.Service, &s.mark.Name}[i] = s.list.number(b)
		return
	}
	if string(b) != s.last[i] { // it is often that of the last span
		s.last[i] = s.names.text(b)
	}
	switch i {
	case 0:
		s.span.Node = incident.NodeID(s.last[i])
	case 1:
		s.span.Service = s.last[i]
	default:
		s.span.Name = s.last[i]
	}
}

// id takes the ID of the trace, the span or its parent, by i.
func (s *spanReader) id(i int, b []byte) {
	if s.list != nil {
		*[...]*uint64{&s.mark.Trace, &s.mark.Span, &s.mark.Parent}[i] = hashID(b)
		return
	}
	s.cuts[i], s.lens[i] = len(s.ids), len(b)
	s.ids = append(s.ids, b...)
}

// idBlock is how many bytes of IDs are allocated at once: who keeps one of them
// keeps as many.
const idBlock = 4 << 10

// takeIDs makes the three IDs, with one allocation for those of many spans.
func (s *spanReader) takeIDs() {
	if s.block.Cap()-s.block.Len() < len(s.ids) {
		s.block = strings.Builder{}
		s.block.Grow(max(idBlock, len(s.ids)))
	}
	from := s.block.Len()
	s.block.Write(s.ids)
	all := s.block.String()[from:]
	for i, p := range []*string{&s.span.TraceID, &s.span.SpanID, &s.span.ParentID} {
		if s.lens[i] > 0 {
			*p = all[s.cuts[i] : s.cuts[i]+s.lens[i]]
		}
	}
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
