package elastic

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"triagent/connectors"
	"triagent/telemetry"
)

// What a line may carry.
const (
	mostAttributes = 40
	longestValue   = 1024    // bytes
	longestBody    = 1 << 20 // bytes
)

// traces are the fields in which libraries put the trace of an error that their
// message does not hold.
var traces = []string{"error.stack_trace", "stack_trace", "exception.stacktrace", "attributes.exception.stacktrace"}

// document is a document with its fields by their full names.
type document map[string]any

// flat makes one of a source: {"a":{"b":1}}, {"a.b":1} and [{"a.b":1}] are the
// same.
func flat(source map[string]any) document {
	d := make(document, len(source))
	d.take("", source, 0)
	return d
}

func (d document) take(name string, v any, depth int) {
	switch x := v.(type) {
	case map[string]any:
		if depth > 20 {
			return
		}
		for k, v := range x {
			if name != "" {
				k = name + "." + k
			}
			d.take(k, v, depth+1)
		}
	case []any:
		for _, v := range x {
			d.take(name, v, depth+1)
		}
	case nil:
	default:
		if old, there := d[name]; there {
			list, ok := old.([]any)
			if !ok {
				list = []any{old}
			}
			if len(list) < 100 {
				d[name] = append(list, v)
			}
			return
		}
		d[name] = v
	}
}

// text is a field as text: elements of an array with commas between them.
func (d document) text(field string) string {
	switch x := d[field].(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	case bool:
		return strconv.FormatBool(x)
	case []any:
		var parts []string
		for _, v := range x {
			parts = append(parts, document{"": v}.text(""))
		}
		return strings.Join(parts, ", ")
	}
	return ""
}

// first is the text of the first field that the document has, and its name.
// Of an array it is the first element.
func (d document) first(fields []string) (text, field string) {
	for _, f := range fields {
		if list, ok := d[f].([]any); ok && len(list) > 0 {
			if t := (document{"": list[0]}).text(""); t != "" {
				return t, f
			}
		}
		if t := d.text(f); t != "" {
			return t, f
		}
	}
	return "", ""
}

// body is the message of a document, with the trace of an error below it; of one
// without a message, the document. cut says that it was too long.
func (d document) body(f *Fields, source map[string]any) (text string, used []string, cut bool) {
	for _, name := range f.Message {
		if text = d.text(name); text != "" {
			used = append(used, name)
			break
		}
	}
	if trace, name := d.first(traces); trace != "" {
		used = append(used, name)
		if !strings.Contains(text, strings.TrimSpace(trace)) {
			text = strings.TrimPrefix(strings.TrimRight(text, "\r\n")+"\n"+trace, "\n")
		}
	}
	if text == "" {
		b, err := json.Marshal(source)
		if err != nil {
			return "", nil, false
		}
		text = string(b)
	}
	if len(text) > longestBody {
		return strings.ToValidUTF8(text[:longestBody], ""), used, true
	}
	return text, used, false
}

// unusual are levels as some libraries of JavaScript and .NET write them.
var unusual = map[string]telemetry.Level{
	"Information": telemetry.Info, "information": telemetry.Info, "10": telemetry.Trace, "20": telemetry.Debug, "30": telemetry.Info, "40": telemetry.Warn, "50": telemetry.Error, "60": telemetry.Fatal,
}

// levelOf reads a word for a level as the head of a line is read.
func levelOf(word string) telemetry.Level {
	if l, ok := unusual[word]; ok {
		return l
	}
	if word == "" || len(word) > 20 || strings.ContainsAny(word, " []:") {
		return telemetry.NoLevel
	}
	return telemetry.ParseHead([]byte("[" + word + "] x")).Level
}

// line makes a Line of a document of a node.
func (s *Source) line(d document, source map[string]any, node string) (l connectors.Line, cut bool) {
	f := &s.c.Fields
	text, used, cut := d.body(f, source)
	l = connectors.Line{Node: node, Body: []byte(text)}
	head := telemetry.ParseHead(l.Body)
	level, at := d.first(f.Level)
	if l.Level = levelOf(level); l.Level == telemetry.NoLevel {
		l.Level = head.Level
	}
	l.Raw = head.HasTime() && len(used) > 0
	used = append(used, at, f.Time)
	l.TraceID, at = d.short(f.Trace, 64)
	used = append(used, at)
	l.SpanID, at = d.short(f.Span, 32)
	l.Attributes = d.attributes(append(used, at), node)
	return l, cut
}

// short is first without texts that are too long.
func (d document) short(fields []string, longest int) (text, field string) {
	if text, field = d.first(fields); len(text) > longest {
		return "", ""
	}
	return text, field
}

// attributes are the fields that were not used; of too many, the first by name.
func (d document) attributes(used []string, node string) map[string]string {
	out := make(map[string]string, min(len(d), mostAttributes))
	for _, k := range sortedKeys(d) {
		v := d.text(k)
		if v == "" || v == node || len(k) > 200 || slices.Contains(used, k) {
			continue
		}
		if len(v) > longestValue {
			v = strings.ToValidUTF8(v[:longestValue], "") + "..."
		}
		if out[k] = v; len(out) == mostAttributes {
			break
		}
	}
	return out
}
