// Package traces holds what sources of OpenTelemetry data share: which node a
// resource is, what a span is in our terms, and which nodes call one another by
// what their spans say. All of it is made of what strangers send, and bounded.
package traces

import (
	"encoding/hex"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"triagent/incident"
	"triagent/telemetry"
)

// The bounds of what is taken over of one span or record.
const (
	maxAttributes = 64
	maxValue      = 1024 // bytes
	maxName       = 256  // bytes
)

// Cut counts what was left out because of bounds.
type Cut struct {
	Attributes int64 // left out, or shortened
}

// Span fills dst with what s is in our terms. Events that tell of exceptions
// become attributes "exception.type" and "exception.message", the words of the
// status "status.message"; other events and links are left out.
func Span(dst *telemetry.Span, s ptrace.Span, node, service string, cut *Cut) {
	trace, span, parent := s.TraceID(), s.SpanID(), s.ParentSpanID()
	var ids [64]byte
	hex.Encode(ids[:32], trace[:])
	hex.Encode(ids[32:48], span[:])
	n := 48
	if !parent.IsEmpty() {
		hex.Encode(ids[48:64], parent[:])
		n = 64
	}
	all := string(ids[:n]) // one allocation for three
	*dst = telemetry.Span{
		TraceID: all[:32], SpanID: all[32:48], ParentID: all[48:], Node: incident.NodeID(node), Service: service, Name: clean(s.Name(), maxName),
		Kind: kinds[max(0, min(int(s.Kind()), len(kinds)-1))], Start: int64(s.StartTimestamp()), Failed: s.Status().Code() == ptrace.StatusCodeError,
	}
	if d := int64(s.EndTimestamp()) - dst.Start; d > 0 && s.EndTimestamp() > s.StartTimestamp() {
		dst.Duration = d
	}
	dst.Attributes = Attributes(s.Attributes(), cut)
	put := func(k, v string) {
		if v == "" || dst.Attributes[k] != "" {
			return
		}
		if dst.Attributes == nil {
			dst.Attributes = make(map[string]string, 2)
		}
		dst.Attributes[k] = clean(v, maxValue)
	}
	if dst.Failed {
		put("status.message", s.Status().Message())
	}
	for _, e := range s.Events().All() {
		if e.Name() == "exception" {
			for _, k := range []string{"exception.type", "exception.message"} {
				if v, ok := e.Attributes().Get(k); ok {
					put(k, v.AsString())
				}
			}
		}
	}
}

// kinds are those of OpenTelemetry, by number.
var kinds = [...]telemetry.SpanKind{
	telemetry.UnknownSpan, telemetry.InternalSpan, telemetry.ServerSpan, telemetry.ClientSpan, telemetry.ProducerSpan, telemetry.ConsumerSpan,
}

// Attributes makes texts of attributes; nil if there are none.
func Attributes(m pcommon.Map, cut *Cut) map[string]string {
	if m.Len() == 0 {
		return nil
	}
	out := make(map[string]string, min(m.Len(), maxAttributes))
	for k, v := range m.All() {
		if len(out) == maxAttributes || k == "" || len(k) > maxName {
			cut.Attributes++
			continue
		}
		text := v.AsString()
		if len(text) > maxValue {
			cut.Attributes++
		}
		out[clean(k, maxName)] = clean(text, maxValue)
	}
	return out
}

// clean makes foreign text fit: valid, without NUL, and no longer than most bytes.
// Most text is, and stays as it is.
func clean(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", " ")
	}
	return strings.ToValidUTF8(s, "")
}
