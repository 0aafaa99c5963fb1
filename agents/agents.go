// Package agents holds the contract that every agent of a diagnosis keeps. The
// agents themselves are in data (metrics, logs, traces to evidence), system
// (what a leader, a follower, a configuration node is) and task (detect,
// diagnose, repair).
package agents

import (
	"context"
	"time"

	"triagent/agents/casebook"
	"triagent/incident"
	"triagent/knowledge"
	"triagent/telemetry"
)

// An Agent investigates an incident from one point of view.
// Implementations are safe for concurrent use.
type Agent interface {
	// Name keys traces, budgets and metrics; it never changes.
	Name() string

	// Investigate returns evidence it made and its findings, strongest first.
	// None is a valid answer. Each finding cites evidence in in or in the
	// result. When in.Tokens is spent it returns what it has and an error of
	// kind errs.Exhausted. Equal inputs give equal results.
	Investigate(ctx context.Context, in Input) (Result, error)
}

// Input is what an agent gets. It is shared between agents: read only.
type Input struct {
	Bundle   *telemetry.Bundle
	Base     *knowledge.Base
	Frame    Frame
	Nodes    []incident.NodeID   // whom to examine; never empty
	Roles    Roles               // who was what, when
	Graph    incident.Graph      // who talks to whom
	Evidence []incident.Evidence // made so far, by earlier agents
	Seen     []Observable        // what earlier agents could measure, changed or not
	Apart    float64             // how much a window that was searched for stands out, as a log likelihood ratio; 0 where the bundle names it
	Compared bool                // an earlier agent had data of the window to hold against the baseline
	Normal   time.Duration       // how long a part of the baseline an earlier agent had data of, the longest
	Lost     bool                // an earlier agent had data of the baseline and none of the window
	Book     *casebook.Book      // cases of old; nil: none
	Tokens   int                 // budget for text meant for a model; 0: none asked for
}

// Frame is the time that a diagnosis looks at.
type Frame struct {
	// Window is what is examined, never empty for a bundle with any time in it.
	Window incident.Window
	// Baseline is what normal looked like; it may hold several stretches, and
	// none where nothing is known to be normal.
	Baseline []incident.Window
	// Search is where an onset may lie: it begins before Window, since alarms
	// come late.
	Search incident.Window
}

// Before is how much of the baseline lies between two times, in Unix nanoseconds:
// from when to when something was recorded at all.
func (f Frame) Before(first, last int64) time.Duration {
	var sum int64
	for _, w := range f.Baseline {
		sum += max(0, min(last, w.To.UnixNano())-max(first, w.From.UnixNano()))
	}
	return time.Duration(sum)
}

// Roles answers what a node was at a time.
type Roles interface {
	// At returns the roles that a node held at any moment of w, most telling
	// first; empty if it is not known.
	At(node incident.NodeID, w incident.Window) []incident.Role
	// Leads returns how many groups the node led at the start of w and how many
	// there are that it is a member of.
	Leads(node incident.NodeID, w incident.Window) (led, member int)
}

// AlertScore is what an alert is worth as evidence, in the units of a score. It has
// no size: it weighs like a change of a bit over twice what a healthy window shows.
const AlertScore = 14.0

// Result is what an agent found. Evidence IDs need only be distinct within the
// result: the meta-agent gives the final ones and mends the citations.
type Result struct {
	Evidence   []incident.Evidence
	Findings   []incident.Finding
	Charts     []incident.Chart
	Templates  []incident.TemplateCount
	Reductions []incident.Reduction
	Missing    []incident.Missing
	// Seen lists what the agent could measure, whether it changed or not: an
	// observable that stayed quiet speaks against a fault that would move it.
	Seen []Observable
	// Compared says that there was data of the window and of the baseline, so
	// that finding nothing says something.
	Compared bool
	// Normal is how long a part of the baseline there was data of.
	Normal time.Duration
	// Lost says that data of the baseline was there and none of the window: what
	// would tell of trouble is gone.
	Lost bool
}

// Observable is a signal that is measured at a node, or, with a Peer, at a node
// about another.
type Observable struct {
	Node, Peer incident.NodeID
	Signal     incident.Signal
}
