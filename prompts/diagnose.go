package prompts

// Names of closed lists.
type (
	// Node is a node of the incident.
	Node string
	// Fault is a fault of the knowledge base.
	Fault string
	// ID is that of a piece of evidence.
	ID string
)

// Case is an incident as a model sees it.
type Case struct {
	System   string // kind of system; empty: unknown
	Evidence string // as evidence/brief writes it
	Suspects []Suspect
	Faults   []Described // what may be named
	Like     []string    // remembered cases and runbooks, one a line; may be empty
}

// Suspect is a hypothesis of the built-in engine. They are given in an order
// that says nothing of their rank.
type Suspect struct {
	Node, Role, Fault string
	For, Against      []string
}

// Described is a name with what it means.
type Described struct{ Name, Text string }

// Opinion is what a model makes of a case.
type Opinion struct {
	Steps  []Step   `json:"steps" jsonschema:"how you reason, two to eight steps, each with the evidence that says it"`
	Causes []Belief `json:"causes" jsonschema:"at most four causes, most believable first; empty if nothing is wrong or the evidence does not decide"`
	Enough bool     `json:"enough" jsonschema:"whether the evidence decides between the suspects"`
	Lacks  string   `json:"lacks" jsonschema:"what measurement would decide; empty if it decides"`
}

// Step is one step of reasoning.
type Step struct {
	Says  string `json:"says" jsonschema:"one sentence"`
	Cites []ID   `json:"cites" jsonschema:"one to five"`
}

// Belief is a cause with how much a model believes in it.
type Belief struct {
	Node    Node  `json:"node"`
	Fault   Fault `json:"fault"`
	Percent int   `json:"percent" jsonschema:"0 to 100; those of all causes together at most 100"`
	Cites   []ID  `json:"cites" jsonschema:"evidence for it, one to five"`
	Against []ID  `json:"against" jsonschema:"evidence that speaks against it, none to three"`
}

// Diagnose asks which node failed, and how.
var Diagnose = define[Case, Opinion]("diagnose", 900)
