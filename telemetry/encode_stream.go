package telemetry

import (
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// SpanWriter writes spans, one a line, in the order given. It is not safe for
// concurrent use.
type SpanWriter struct {
	m   *memberWriter
	buf []byte
}

var spanKinds = [...]string{"", "server", "client", "internal", "producer", "consumer"}

// Write adds a span; its File and Line are not used. It keeps nothing of s.
func (w *SpanWriter) Write(s *Span) error {
	b := appendKey(append(w.buf[:0], '{'), "trace_id", s.TraceID)
	b = appendKey(b, "span_id", s.SpanID)
	b = appendKey(b, "parent_id", s.ParentID)
	b = appendKey(b, "node", string(s.Node))
	b = appendKey(b, "service", s.Service)
	b = appendKey(b, "name", s.Name)
	b = appendKey(b, "kind", spanKinds[s.Kind])
	b = appendTime(append(b, `"start": `...), s.Start)
	b = strconv.AppendInt(append(b, `, "duration": `...), s.Duration, 10)
	status := "ok"
	if s.Failed {
		status = "error"
	}
	b = appendKey(append(b, ", "...), "status", status)
	b = appendMap(append(b, `"attributes": `...), s.Attributes)
	w.buf = append(b, "}\n"...)
	_, err := w.m.Write(w.buf)
	return err
}

// Close ends the part.
func (w *SpanWriter) Close() error { return w.m.Close() }

// RecordWriter writes log records as JSON, one a line. It is not safe for
// concurrent use.
type RecordWriter struct {
	m   *memberWriter
	buf []byte
}

// Write adds a record: Time (0: none), Level, Body, TraceID and SpanID of r,
// and attributes, which may be nil; the span ID becomes the attribute span_id.
// It keeps nothing of r.
func (w *RecordWriter) Write(r *Record, attributes map[string]string) error {
	b := append(w.buf[:0], `{"time": `...)
	if r.Time == 0 {
		b = append(b, "null"...)
	} else {
		b = appendTime(b, r.Time)
	}
	b = appendKey(append(b, ", "...), "level", r.Level.String())
	b = appendString(append(b, `"body": `...), r.Body)
	if r.TraceID != "" {
		b = appendString(append(b, `, "trace_id": `...), r.TraceID)
	}
	if r.SpanID != "" {
		attributes = maps.Clone(attributes)
		if attributes == nil {
			attributes = make(map[string]string)
		}
		attributes["span_id"] = r.SpanID
	}
	if len(attributes) > 0 {
		b = appendMap(append(b, `, "attributes": `...), attributes)
	}
	w.buf = append(b, "}\n"...)
	_, err := w.m.Write(w.buf)
	return err
}

// Close ends the part.
func (w *RecordWriter) Close() error { return w.m.Close() }

// appendTime adds a time in nanoseconds, as text where its size would not tell.
func appendTime(b []byte, ns int64) []byte {
	if ns >= firstPlain {
		return strconv.AppendInt(b, ns, 10)
	}
	b = time.Unix(0, ns).UTC().AppendFormat(append(b, '"'), time.RFC3339Nano)
	return append(b, '"')
}

// appendKey adds a key with its text and a comma.
func appendKey(b []byte, key, value string) []byte {
	b = append(append(append(b, '"'), key...), `": `...)
	return append(appendString(b, value), ", "...)
}

// appendMap adds an object, keys ascending.
func appendMap(b []byte, m map[string]string) []byte {
	b = append(b, '{')
	for i, k := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendString(append(appendString(b, k), ": "...), m[k])
	}
	return append(b, '}')
}

// appendString adds a JSON string; what is not UTF-8 becomes U+FFFD.
func appendString[T string | []byte](b []byte, s T) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, n := utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		i++
	}
	return append(b, '"')
}
