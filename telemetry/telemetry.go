// Package telemetry holds what was recorded of a system (metrics as columnar
// tables, logs and spans as streams) and reads and writes it as incident
// bundles, the public format of BUNDLE.md, version 1.
//
// A Bundle is opened once: its small parts (incident, topology, metrics,
// changes, alerts) are in memory, its large parts (logs, spans) are streamed
// from the bundle each time they are asked for, in bounded memory. A Bundle is
// safe for concurrent use after Open; it never opens truth.json, see ReadTruth.
//
// Where the format leaves a choice, this package decides so:
//
//   - A container is told by its first bytes, not by its name. An archive holds
//     the bundle at its root or in one folder. Members are read in place from a
//     folder, a zip and a plain tar; a compressed tar is walked again.
//   - A node whose ID cannot be a file name is written with %XX for control
//     characters, "%", "/", "\" and a leading dot, and read back so.
//   - A column of metrics must be named time; rows are sorted by time. An
//     infinite value reads as a gap, and Bundle.Missing counts it.
//   - Time that goes back by more than the window is refused in metrics and
//     logs. Spans and events have no order.
//   - Unknown keys in JSON are passed over, wrong types are errors. Text that is
//     not UTF-8 is read with U+FFFD in place of what is wrong; a byte order mark
//     and CR before LF are dropped; UTF-16 is refused.
//   - Links within a folder are followed, links out of it and all links in an
//     archive are refused, as are pipes, devices and encrypted members.
//   - A node that only spans name is not in the Topology: spans are not read by
//     Open.
package telemetry

import (
	"time"

	"triagent/incident"
)

// Table is the metrics of one node: one row a sample, one column a metric.
type Table struct {
	Node    incident.NodeID
	File    string  // bundle member, as "metrics/datanode-1.csv.gz"
	Times   []int64 // Unix nanoseconds, one per row, not descending
	Lines   []int32 // 1-based line in the decompressed File, one per row
	Columns []Column
}

// Column is one metric of a node.
type Column struct {
	Name   string
	Values []float64 // one per row of the table; NaN marks a gap
}

// Column returns the column of the given name, or nil.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// Level is the severity of a log line.
type Level uint8

// The levels, ascending. NoLevel marks a line that does not say.
const (
	NoLevel Level = iota
	Trace
	Debug
	Info
	Warn
	Error
	Fatal
)

// String names the level in capitals, "" for NoLevel.
func (l Level) String() string {
	return [...]string{"", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}[l]
}

// Record is one log record: a line with those below it that belong to it.
// Its byte slices are valid only until the callback that got it returns.
type Record struct {
	Node    incident.NodeID
	File    string // bundle member
	Line    int    // 1-based line of the record's first line, decompressed
	Time    int64  // Unix nanoseconds; 0: the record has no time
	Level   Level
	Body    []byte // message without time, level, thread and logger; further lines follow after '\n'
	TraceID string // empty: none
	SpanID  string // empty: none
	Cut     int    // bytes of the record that were left out because it is too long, see Limits.Line
}

// SpanKind says which side of a call a span was recorded on.
type SpanKind uint8

// The span kinds.
const (
	UnknownSpan SpanKind = iota
	ServerSpan
	ClientSpan
	InternalSpan
	ProducerSpan
	ConsumerSpan
)

// Span is one timed operation of a trace.
type Span struct {
	TraceID, SpanID, ParentID string
	Node                      incident.NodeID
	Service, Name             string
	Kind                      SpanKind
	Start, Duration           int64 // Unix nanoseconds; nanoseconds
	Failed                    bool  // status is an error
	Attributes                map[string]string
	File                      string
	Line                      int // 1-based line of File, decompressed
}

// Bundle is one incident with all that was recorded of it. The exported
// fields must not be changed after Open.
type Bundle struct {
	Path      string // as given to Open
	Incident  incident.Incident
	LogZone   *time.Location // zone of log lines without one; never nil
	Topology  incident.Topology
	Tables    []Table // by node, ascending
	Changes   []incident.Change
	Alerts    []incident.Alert
	LogNodes  []incident.NodeID // nodes with a log file, ascending; an empty file counts
	HasSpans  bool              // there is a traces file
	Missing   []incident.Missing
	Collected Collected // how the parts were come by, where the bundle says so

	src   source
	lim   Limits
	parts *parts
}

// Truth is what truth.json says: the answer of an evaluation or solved case.
type Truth struct {
	Healthy bool
	Causes  []TrueCause // empty if Healthy
	Split   string      // cases that share a split are never on both sides of a division
}

// Span is the stretch from the first beginning to the last end of the causes
// that name both; zero: none does.
func (t *Truth) Span() incident.Window {
	var w incident.Window
	for _, c := range t.Causes {
		if c.Window.From.IsZero() || c.Window.To.IsZero() {
			continue
		}
		if w.IsZero() || c.Window.From.Before(w.From) {
			w.From = c.Window.From
		}
		if c.Window.To.After(w.To) {
			w.To = c.Window.To
		}
	}
	return w
}

// TrueCause is one root cause that a truth names.
type TrueCause struct {
	Node    incident.NodeID
	Service string
	Fault   incident.Fault
	Accept  []string // other fault names that count as right
	Label   string   // the set's own word
	Window  incident.Window
}

// peerKeys are the span attributes that name the other end of a call, by the
// semantic conventions of OpenTelemetry and those before them.
var peerKeys = []string{"server.address", "net.peer.name", "peer.service", "peer.address", "network.peer.address"}

// PeerOf returns the name of the node that a client span says it calls, as it
// is written there; empty if it does not say.
func PeerOf(s *Span) string {
	if len(s.Attributes) == 0 {
		return ""
	}
	for _, k := range peerKeys {
		if v := s.Attributes[k]; v != "" {
			return v
		}
	}
	return ""
}

// PeerIn is PeerOf for the attributes of a span in a Block.
func PeerIn(attributes []Attribute) string {
	for _, k := range peerKeys {
		for i := range attributes {
			if a := &attributes[i]; a.Key == k && a.Value != "" {
				return a.Value
			}
		}
	}
	return ""
}
