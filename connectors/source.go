package connectors

import (
	"context"

	"triagent/incident"
	"triagent/telemetry"
)

// A Source is something that a system's users run already and that remembers
// what happened: a metrics database, a log store, the system itself.
// Implementations are safe for concurrent use, read only, never ask for more
// than their configuration allows, and hold no goroutine between calls.
//
// Errors are of kind errs.Denied (the rights are missing), errs.Unavailable (it
// does not answer, or not in time), errs.Invalid (it answers what is not
// understood, or the configuration does not fit) or errs.Exhausted (a bound was
// reached), and carry a remedy. What was handed over before an error counts.
type Source interface {
	// Discover finds out what the source knows of the system in a span of time,
	// at little cost: names, counts, roles; no samples.
	Discover(ctx context.Context, span incident.Window) (Found, error)
	// Collect hands over what is asked for. It returns early with the sink's
	// error, and with the cause of ctx.
	Collect(ctx context.Context, ask Ask, to Sink) error
	// Close ends connections. The source is not used afterwards.
	Close() error
}

// Ask is what a source is asked for.
type Ask struct {
	Span  incident.Window // all that is wanted: the baseline and the window, and what lies between
	Nodes []Node          // of interest, the most important first; empty: all that the source knows
	Limit Limit
}

// Limit bounds what one source hands over. Zero fields mean no bound.
type Limit struct {
	Samples int64 // samples of metrics, all series together
	Lines   int64 // log lines
	Spans   int64
}

// Node is a node as a source knows it. Nodes of several sources are one if they
// share a name; the first name is the one that people read.
type Node struct {
	Names   []string          // IDs, addresses, host names, host:port; most telling first
	Host    string            // address or machine; empty: unknown
	Service string            // what it is an instance of; empty: unknown
	Labels  map[string]string // what else the source says of it; may be nil
}

// Found is what a source knows of the system.
type Found struct {
	Nodes  []Node
	Roles  []Role
	Groups []Group
	Calls  []Call
	Holds  []Holding
	Lacks  []Lack
}

// Role is a role that a node held from a time on; see incident.RoleSpan. A zero
// From is the beginning of the span.
type Role struct {
	Node  string // one of its names
	Role  incident.Role
	Group string // empty: no group
	From  int64  // Unix nanoseconds; 0: not known
}

// Group is a replica group; members are names of nodes.
type Group struct {
	ID        string
	Members   []string
	Consensus string // "ratis", "iot", "raft", "streaming" ...; empty: unknown
}

// Call says that one node calls another; both are names.
type Call struct{ From, To string }

// Holding is one thing that a source can hand over, for people: 312 series of
// 6 nodes.
type Holding struct {
	What  string // "metrics", "logs", "traces", "events", "alerts", "roles"
	Count int64  // of Unit; -1: not known
	Unit  string // "series", "streams", "lines" ...
	Note  string // one sentence; empty: none
}

// Lack is something that a source should have and has not.
type Lack struct {
	What   string // "logs of datanode-2"
	Why    string
	Remedy string // what to do; empty: nothing is known to help
}

// Sink takes what sources hand over. It keeps nothing of what it is given after
// a call returns, and is safe for concurrent use. An error means that the source
// stops: a bound was reached, the time is over, or nothing can be written. Nodes
// are given by any of their names; one that no source has told of is new.
type Sink interface {
	Series(Series) error
	Line(Line) error
	Span(s *telemetry.Span, query string) error // File and Line of s are not used
	Change(Change) error
	Alert(Alert) error
	Found(Found) error // what was learned of nodes, roles, groups and calls on the way
	Reduced(incident.Reduction) error
	Missing(incident.Missing) error
	Clock(Clock) error
}

// Series is one metric of one node.
type Series struct {
	Node   string
	Name   string    // column in the bundle, as "entry_seconds{name=insertTablet}:mean_ms"
	Times  []int64   // Unix nanoseconds, ascending
	Values []float64 // one per time; NaN marks a gap
	Query  string    // the exact query that gave it
}

// Line is one log record.
type Line struct {
	Node       string
	Time       int64 // Unix nanoseconds; 0: not known
	Level      telemetry.Level
	Body       []byte // with its own head (time, level, logger) if Raw
	Raw        bool   // Body is a line as the node wrote it
	TraceID    string
	SpanID     string
	Attributes map[string]string
	Query      string // the exact query that gave it
}

// Change is something that people or programs did to the system.
type Change struct {
	Node  string // empty: the whole system
	Kind  string // "deployment", "config", "restart", "maintenance", "status" ...
	Time  int64  // Unix nanoseconds
	Text  string // one line
	Query string
}

// Load is what a source has asked of its server since it was made.
type Load struct {
	Requests int64 // retries included
	Bytes    int64 // of answers, decompressed
	Retries  int64
}

// Clock is how a source's clock stands to ours, from one exchange of messages:
// its time lies between Least and Most ahead of ours.
type Clock struct {
	Of          string // who: name of the source, or of a node
	Least, Most int64  // nanoseconds; negative: it is behind
}
