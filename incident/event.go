package incident

import "time"

// Event is one typed step of a diagnosis as it happens. One stream of events
// is all that the page, the reports, the metrics and the golden tests read.
// The concrete types are those of this file; every one is a plain value.
type Event interface{ event() }

// Listener receives the events of one diagnosis, in order, from one goroutine
// at a time. It must not keep or change slices that it is handed.
type Listener func(Event)

// Stage is a stage of the pipeline.
type Stage string

// The stages, in order.
const (
	Collect Stage = "collect"
	Map     Stage = "map"
	Examine Stage = "examine"
	Judge   Stage = "judge"
	Decide  Stage = "decide"
)

type (
	// Opened starts a diagnosis.
	Opened struct {
		Incident Incident
		Engine   Engine
	}
	// StageStarted says that a stage begins.
	StageStarted struct{ Stage Stage }
	// StageEnded says that a stage is done.
	StageEnded struct{ Stage Stage }
	// GraphBuilt gives the call graph; sent again when oddness is known.
	GraphBuilt struct{ Graph Graph }
	// AgentChosen says that an agent will examine nodes, and why.
	AgentChosen struct {
		Agent string
		Nodes []NodeID
		Why   Text
	}
	// AgentEnded says that an agent is done, what it cost and what it brought.
	AgentEnded struct {
		Agent    string
		Started  time.Time
		Took     time.Duration
		Evidence int
		Findings int
		Failed   string // why it gave no opinion; empty: it gave one
	}
	// EvidenceMade gives a new piece of evidence.
	EvidenceMade struct{ Evidence Evidence }
	// ChartMade gives the series behind metric evidence.
	ChartMade struct{ Chart Chart }
	// TemplateSeen gives a telling log template.
	TemplateSeen struct{ Template TemplateCount }
	// FindingMade gives a new finding.
	FindingMade struct{ Finding Finding }
	// Detected says whether anything is wrong.
	Detected struct{ Detection Detection }
	// HypothesisScored gives a hypothesis with its score.
	HypothesisScored struct{ Hypothesis Hypothesis }
	// HypothesisRejected gives a hypothesis that was ruled out.
	HypothesisRejected struct{ Rejected Rejected }
	// CauseRanked gives a cause, best first.
	CauseRanked struct{ Cause Cause }
	// Reasoned gives one cited step of the reasoning.
	Reasoned struct{ Reason Reason }
	// SpreadSeen says how trouble went on.
	SpreadSeen struct{ Spread Spread }
	// Planned gives the repair plan.
	Planned struct{ Plan Plan }
	// Reduced records a reduction.
	Reduced struct{ Reduction Reduction }
	// Lacked records something missing. First: it limits all that is concluded, so
	// it is named before the rest.
	Lacked struct {
		Missing Missing
		First   bool
	}
	// Concluded ends the reasoning.
	Concluded struct {
		Verdict    Verdict
		Confidence float64
		Summary    Text
	}
	// Closed ends a diagnosis; it is the last event.
	Closed struct{ Cost Cost }
)

func (Opened) event()             {}
func (StageStarted) event()       {}
func (StageEnded) event()         {}
func (GraphBuilt) event()         {}
func (AgentChosen) event()        {}
func (AgentEnded) event()         {}
func (EvidenceMade) event()       {}
func (ChartMade) event()          {}
func (TemplateSeen) event()       {}
func (FindingMade) event()        {}
func (Detected) event()           {}
func (HypothesisScored) event()   {}
func (HypothesisRejected) event() {}
func (CauseRanked) event()        {}
func (Reasoned) event()           {}
func (SpreadSeen) event()         {}
func (Planned) event()            {}
func (Reduced) event()            {}
func (Lacked) event()             {}
func (Concluded) event()          {}
func (Closed) event()             {}

// Events returns one zero value of every type of event, for those that keep
// events and have to know each type beforehand.
func Events() []Event {
	return []Event{
		Opened{},
		StageStarted{},
		StageEnded{},
		GraphBuilt{},
		AgentChosen{},
		AgentEnded{},
		EvidenceMade{},
		ChartMade{},
		TemplateSeen{},
		FindingMade{},
		Detected{},
		HypothesisScored{},
		HypothesisRejected{},
		CauseRanked{},
		Reasoned{},
		SpreadSeen{},
		Planned{},
		Reduced{},
		Lacked{},
		Concluded{},
		Closed{},
	}
}

// Fold adds an event to the diagnosis it belongs to. A diagnosis is the fold of
// its events and nothing else.
func (d *Diagnosis) Fold(e Event) {
	switch e := e.(type) {
	case Opened:
		d.Incident, d.Engine = e.Incident, e.Engine
	case GraphBuilt:
		d.Graph = e.Graph
	case EvidenceMade:
		d.Evidence = append(d.Evidence, e.Evidence)
	case ChartMade:
		d.Charts = append(d.Charts, e.Chart)
	case TemplateSeen:
		d.Templates = append(d.Templates, e.Template)
	case FindingMade:
		d.Findings = append(d.Findings, e.Finding)
	case Detected:
		d.Detection = e.Detection
	case HypothesisRejected:
		d.Rejected = append(d.Rejected, e.Rejected)
	case CauseRanked:
		d.Causes = append(d.Causes, e.Cause)
	case Reasoned:
		d.Reasoning = append(d.Reasoning, e.Reason)
	case SpreadSeen:
		d.Propagation = append(d.Propagation, e.Spread)
	case Planned:
		d.Plan = &e.Plan
	case Reduced:
		d.Reductions = append(d.Reductions, e.Reduction)
	case Lacked:
		if e.First {
			d.Missing = append([]Missing{e.Missing}, d.Missing...)
			break
		}
		d.Missing = append(d.Missing, e.Missing)
	case Concluded:
		d.Verdict, d.Confidence, d.Summary = e.Verdict, e.Confidence, e.Summary
	case Closed:
		d.Cost = e.Cost
	case StageStarted, StageEnded, AgentChosen, AgentEnded, HypothesisScored:
		// Progress and intermediate values: shown while they happen, not kept.
	}
}
