package incident

import "time"

// Verdict is how far a diagnosis may be trusted; code sets it, never a model.
type Verdict string

// The verdicts.
const (
	Confirmed    Verdict = "confirmed"
	Likely       Verdict = "likely"
	Inconclusive Verdict = "inconclusive"
	Healthy      Verdict = "healthy"
)

// Span is a stretch of time that was abnormal on some nodes.
type Span struct {
	Window
	Nodes []NodeID
	Score float64 // 0..1
}

// Detection says whether anything is wrong at all, and when.
type Detection struct {
	Anomalous bool
	Score     float64 // 0..1
	Spans     []Span  // best first
}

// Engine names what made a diagnosis.
type Engine struct{ Name, Version, Model string }

// Reduction records that less was used than there was. Nothing is lost in
// silence.
type Reduction struct {
	Stage string // "logs", "metrics", "traces", "evidence" ...
	In    int64
	Out   int64
	Unit  string // what is counted: "lines", "series" ...; "lines to templates" where Out counts something else
	How   string
	Rest  string // where the rest is: a bundle member or a query
}

// Missing records what a diagnosis would have wanted and did not have.
type Missing struct{ What, Why string }

// Cost is what a diagnosis took. It is the only part that differs between two
// runs over the same bundle.
type Cost struct {
	Wall, CPU        time.Duration
	PeakBytes        int64
	ModelCalls       int
	PromptTokens     int
	CompletionTokens int
	USD              float64
}

// Diagnosis is the result: who failed, how, since when, why we think so, what
// was ruled out and what to do.
type Diagnosis struct {
	Incident    Incident
	Verdict     Verdict
	Confidence  float64 // 0..1: that the first cause is right, or, if Healthy, that nothing is wrong
	Engine      Engine
	Summary     Text
	Detection   Detection
	Causes      []Cause // best first; empty only if Healthy
	Findings    []Finding
	Evidence    []Evidence
	Reasoning   []Reason
	Rejected    []Rejected
	Propagation []Spread
	Plan        *Plan // nil: nothing to do
	Reductions  []Reduction
	Missing     []Missing
	Cost        Cost
	// What a picture of the incident needs, beside the evidence.
	Graph     Graph
	Charts    []Chart
	Templates []TemplateCount
}

// Plan is what to do about it.
type Plan struct {
	ID    string
	Steps []Action
}

// Risk is how much an action may break.
type Risk string

// The risks.
const (
	LowRisk         Risk = "low"
	MediumRisk      Risk = "medium"
	HighRisk        Risk = "high"
	DestructiveRisk Risk = "destructive"
)

// Action is one typed step of a plan, from a closed list that users extend.
type Action struct {
	Action        string // as "reassign_leaders"
	Target        NodeID
	Params        map[string]string
	Risk          Risk
	NeedsApproval bool
	Text          Text
	Verify        Check
	Undo          Check
}

// Check is how to verify or undo an action: another action, or a signal to
// watch. The zero Check says that there is none.
type Check struct {
	Action string
	Params map[string]string
	Signal Signal
	Target string
	Within time.Duration
	Text   Text
}

// Graph is who talks to whom, with what was seen on each edge.
type Graph struct {
	Nodes []GraphNode
	Edges []GraphEdge
}

// GraphNode is a node with the role that mattered and how odd it looked.
type GraphNode struct {
	ID      NodeID
	Service string
	Role    Role
	Oddness float64 // 0..1
}

// GraphEdge is a call, a replication or a connection between two nodes.
type GraphEdge struct {
	From, To NodeID
	Kind     string // "call", "replication", "connection"
	Count    int    // calls seen in the window; 0: none counted
	Oddness  float64
}

// Chart is the series behind a piece of metric evidence, thinned for drawing.
type Chart struct {
	Evidence EvidenceID
	Title    string // node and metric
	Unit     string
	Times    []time.Time
	Values   []float64 // NaN: no sample
}

// TemplateCount is a log template with how often it was seen.
type TemplateCount struct {
	Node     NodeID
	Template string
	Level    string
	Window   int // records in the window
	Baseline int // records in the baseline
	Evidence EvidenceID
}
