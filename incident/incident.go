// Package incident holds the nouns of Triagent: what an incident is, who takes
// part in it, what was observed and what was concluded. It does no I/O and
// imports the standard library only. All times are UTC.
package incident

import "time"

// ID names an incident; unique within one installation.
type ID string

// NodeID names a node: a server process, a pod, a host or a client.
type NodeID string

// Fault is a fault name from the closed vocabulary, which users extend by
// adding fault cards.
type Fault string

// UnknownFault is a valid answer that never counts as a right one.
const UnknownFault Fault = "unknown"

// Role is what a node does in a group, or at all.
type Role string

// The roles.
const (
	Leader         Role = "leader"
	Follower       Role = "follower"
	ConfigLeader   Role = "config_leader"
	ConfigFollower Role = "config_follower"
	Coordinator    Role = "coordinator"
	Witness        Role = "witness"
	Service        Role = "service"
	Database       Role = "database"
	Gateway        Role = "gateway"
	UnknownRole    Role = "unknown"
)

// Window is a half-open interval of time, [From, To), in UTC. The zero Window
// means unknown.
type Window struct{ From, To time.Time }

// IsZero reports whether the window is unknown.
func (w Window) IsZero() bool { return w.From.IsZero() && w.To.IsZero() }

// Duration is the length of the window; 0 if unknown.
func (w Window) Duration() time.Duration { return w.To.Sub(w.From) }

// Contains reports whether t lies in the window.
func (w Window) Contains(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Overlaps reports whether the windows share a moment.
func (w Window) Overlaps(o Window) bool { return w.From.Before(o.To) && o.From.Before(w.To) }

// Incident is what is known when a diagnosis starts.
type Incident struct {
	ID       ID
	Title    string
	System   string // kind of system, as "iotdb"; empty: unknown
	Window   Window // what is examined; zero: everything recorded
	Baseline Window // what normal looked like; zero: none given
	Alert    Alert  // what opened the incident; zero: nothing did
}

// Alert is a warning that a monitoring system raised.
type Alert struct {
	Time      time.Time // zero: unknown
	Node      NodeID    // empty: not tied to a node
	Peer      NodeID    // other end, where the alert is about a call; may be empty
	Name      string
	Source    Kind // Metric, Log or Trace; empty: unknown
	Direction Direction
	Labels    map[string]string
	File      string // bundle member that holds it
	Line      int    // 1-based line in File; 0: not from a file
}

// Change is something that was done to the system or that it did: a
// deployment, a configuration change, a restart, an operator's action.
type Change struct {
	Time time.Time
	Node NodeID // empty: the whole system
	Kind string // "deployment", "config", "restart", "maintenance", "status" ...
	Text string
	File string
	Line int
}

// Node is a member of the system.
type Node struct {
	ID      NodeID
	Host    string // address or machine; empty: unknown
	Service string // what it is an instance of; empty: unknown
	Labels  map[string]string
	Known   bool // the topology names it; false: only its telemetry does
}

// RoleSpan says that a node holds a role in a group from a moment on, until the
// node's next entry for the same group.
type RoleSpan struct {
	Node  NodeID
	Role  Role
	Group string // empty: no group
	From  time.Time
}

// Group is a set of replicas that agree by a consensus protocol.
type Group struct {
	ID        string
	Members   []NodeID
	Consensus string // "ratis", "iot", "raft" ...; empty: unknown
}

// Call says that one node calls another.
type Call struct{ From, To NodeID }

// Topology is who takes part, in which role, and who calls whom.
type Topology struct {
	Nodes  []Node
	Roles  []RoleSpan
	Groups []Group
	Calls  []Call
}

// Node returns the node of the given ID.
func (t *Topology) Node(id NodeID) (Node, bool) {
	for _, n := range t.Nodes {
		if n.ID == id {
			return n, true
		}
	}
	return Node{}, false
}
