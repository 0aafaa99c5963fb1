package loki

import (
	"maps"
	"slices"
	"strings"

	"triagent/connectors"
	"triagent/telemetry"
)

// What a line may carry beside its text.
const (
	mostAttributes = 40
	longestValue   = 1024 // bytes
)

// Names under which labels and metadata have what a Line has fields for.
var (
	levelKeys = []string{"level", "severity", "lvl", "detected_level", "severity_text"}
	traceKeys = []string{"trace_id", "traceID", "traceId", "traceid", "trace"}
	spanKeys  = []string{"span_id", "spanID", "spanId", "spanid", "span"}
)

// record makes a Line of an row.
func (w *walk) record(e *row) connectors.Line {
	text := []byte(e.text)
	h := telemetry.ParseHead(text)
	if h.HasTime() {
		w.timed[e.stream.id] = true
	}
	l := connectors.Line{
		Node: w.n.Names[0], Time: e.at, Body: text, Raw: w.timed[e.stream.id], Query: w.sel,
		TraceID: e.first(traceKeys, 64), SpanID: e.first(spanKeys, 32), Level: h.Level,
	}
	if said := levelOf(e.first(levelKeys, 20)); said != telemetry.NoLevel {
		l.Level = said
	}
	l.Attributes = e.attributes(w.n.Names[0])
	return l
}

// levelOf reads a word for a level as the head of a line is read.
func levelOf(word string) telemetry.Level {
	switch {
	case strings.EqualFold(word, "information"):
		return telemetry.Info
	case word == "" || strings.ContainsAny(word, " []:"):
		return telemetry.NoLevel
	}
	h := telemetry.ParseHead([]byte("[" + word + "] x"))
	return h.Level
}

// first is the value of the first key that the row has, if it is no longer
// than this.
func (e *row) first(keys []string, longest int) string {
	for _, k := range keys {
		for _, set := range []map[string]string{e.meta.Structured, e.meta.Parsed, e.stream.set} {
			if v := set[k]; v != "" && len(v) <= longest {
				return v
			}
		}
	}
	return ""
}

// attributes are labels and metadata, without those that name the node; of too
// many, the first by name.
func (e *row) attributes(node string) map[string]string {
	out := make(map[string]string, len(e.stream.set)+len(e.meta.Structured)+len(e.meta.Parsed))
	for _, set := range []map[string]string{e.stream.set, e.meta.Parsed, e.meta.Structured} {
		for k, v := range set {
			if v != node && !strings.HasPrefix(k, "__") {
				out[k] = clip(v)
			}
		}
	}
	if len(out) > mostAttributes {
		for _, k := range slices.Sorted(maps.Keys(out))[mostAttributes:] {
			delete(out, k)
		}
	}
	return out
}

func clip(v string) string {
	if len(v) <= longestValue {
		return v
	}
	return strings.ToValidUTF8(v[:longestValue], "") + "..."
}
