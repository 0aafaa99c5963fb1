package evidence

import (
	"strings"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// NoPeer is the Selector.Peer of spans that name no other end.
const NoPeer = "-"

// Selector picks spans. An empty field picks any; the zero Selector picks all.
type Selector struct {
	Node    incident.NodeID
	Peer    string // whom a span says it calls, see PeerOf; NoPeer: nobody
	Name    string // operation
	Service string
	Kind    string // "server", "client", "internal", "producer", "consumer"
	Status  string // "ok" or "error"
}

// spanKinds names the kinds of spans as bundles do.
var spanKinds = map[string]telemetry.SpanKind{
	"server": telemetry.ServerSpan, "client": telemetry.ClientSpan, "internal": telemetry.InternalSpan,
	"producer": telemetry.ProducerSpan, "consumer": telemetry.ConsumerSpan, "unknown": telemetry.UnknownSpan,
}

// fields are the keys of a selector with the field each stands for, in the
// order in which they are written.
func (s *Selector) fields() []struct {
	key   string
	value *string
} {
	return []struct {
		key   string
		value *string
	}{
		{"node", (*string)(&s.Node)},
		{"peer", &s.Peer},
		{"name", &s.Name},
		{"service", &s.Service},
		{"kind", &s.Kind},
		{"status", &s.Status},
	}
}

var (
	escaper   = strings.NewReplacer("%", "%25", ";", "%3B", "\n", "%0A")
	unescaper = strings.NewReplacer("%25", "%", "%3B", ";", "%0A", "\n")
)

// String writes the selector as key=value pairs joined by ';', as in
// "node=gateway-1;name=GET /cart;status=error"; "%", ";" and line ends in values
// are escaped as %25, %3B and %0A. It is the Column of span numbers.
func (s Selector) String() string {
	var b strings.Builder
	for _, f := range s.fields() {
		if *f.value == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(';')
		}
		b.WriteString(f.key)
		b.WriteByte('=')
		b.WriteString(escaper.Replace(*f.value))
	}
	return b.String()
}

// ParseSelector reads what Selector.String writes. An unknown or repeated key,
// a kind or status that does not exist and an empty value are errors of kind
// errs.Invalid.
func ParseSelector(text string) (Selector, error) {
	var s Selector
	if text == "" {
		return s, nil
	}
	fields := s.fields()
pairs:
	for pair := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(pair, "=")
		for _, f := range fields {
			if f.key == key && *f.value == "" && value != "" {
				*f.value = unescaper.Replace(value)
				continue pairs
			}
		}
		return Selector{}, errs.New(errs.Invalid, "span selector %q: %q is no known key with a value", text, pair)
	}
	if _, ok := spanKinds[s.Kind]; s.Kind != "" && !ok {
		return Selector{}, errs.New(errs.Invalid, "span selector %q: no span kind %q", text, s.Kind)
	}
	if s.Status != "" && s.Status != "ok" && s.Status != "error" {
		return Selector{}, errs.New(errs.Invalid, "span selector %q: status is ok or error", text)
	}
	return s, nil
}

// Match reports whether the selector picks a span. It is safe for concurrent
// use and does not allocate.
func (s *Selector) Match(span *telemetry.Span) bool {
	switch {
	case s.Node != "" && s.Node != span.Node,
		s.Name != "" && s.Name != span.Name,
		s.Service != "" && s.Service != span.Service,
		s.Status != "" && (s.Status == "error") != span.Failed,
		s.Kind != "" && spanKinds[s.Kind] != span.Kind:
		return false
	case s.Peer == "":
		return true
	case s.Peer == NoPeer:
		return PeerOf(span) == ""
	}
	return PeerOf(span) == s.Peer
}

// PeerOf is the name, as it is written there, of the other end that a span says
// it calls; empty if it does not say, and for spans of the side that is called:
// their attributes name themselves.
func PeerOf(span *telemetry.Span) string {
	if span.Kind == telemetry.ServerSpan || span.Kind == telemetry.ConsumerSpan {
		return ""
	}
	return telemetry.PeerOf(span)
}
