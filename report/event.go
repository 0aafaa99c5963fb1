package report

import (
	"encoding/json"

	"triagent/incident"
)

// EncodeEvent returns an event for a page that fills up while a diagnosis runs:
// its kind; a line for people in the language of o, empty where Step has none;
// and its content as JSON, in the form that the diagnosis file has for it. An
// event that the diagnosis file does not keep has content of its own: a stage
// is {"stage"}, an agent {"agent","nodes","why"}, a hypothesis a cause without
// rank.
func EncodeEvent(e incident.Event, o Options) (kind, text string, data json.RawMessage, err error) {
	kind, content := o.content(e)
	data, err = encode(content)
	return kind, clean(o.Step(e)), data, err
}

type (
	wireStage struct {
		Stage string `json:"stage"`
	}
	wireAgent struct {
		Agent string   `json:"agent"`
		Nodes []string `json:"nodes"`
		Why   string   `json:"why"`
	}
	wireAgentEnded struct {
		Agent    string `json:"agent"`
		TookMS   number `json:"took_ms"`
		Evidence int    `json:"evidence"`
		Findings int    `json:"findings"`
		Failed   string `json:"failed"`
	}
	wireHypothesis struct {
		Node    string   `json:"node"`
		Service string   `json:"service"`
		Role    string   `json:"role"`
		Fault   string   `json:"fault"`
		LogOdds number   `json:"log_odds"`
		Cites   []string `json:"cites"`
	}
	wireOpened struct {
		Incident string      `json:"incident"`
		Engine   wireEngine  `json:"engine"`
		Subject  wireSubject `json:"subject"`
	}
	wireConcluded struct {
		Verdict    string `json:"verdict"`
		Confidence number `json:"confidence"`
		Summary    string `json:"summary"`
	}
)

// content names an event and gives what it says as a wire struct.
func (o Options) content(e incident.Event) (string, any) {
	switch e := e.(type) {
	case incident.Opened:
		return "opened", wireOpened{Incident: string(e.Incident.ID), Engine: wireEngine(e.Engine), Subject: wireSubjectOf(e.Incident)}
	case incident.StageStarted:
		return "stage_started", wireStage{string(e.Stage)}
	case incident.StageEnded:
		return "stage_ended", wireStage{string(e.Stage)}
	case incident.GraphBuilt:
		return "graph", wireGraphOf(e.Graph)
	case incident.AgentChosen:
		return "agent", wireAgent{Agent: e.Agent, Nodes: ids(e.Nodes), Why: o.Word(e.Why)}
	case incident.AgentEnded:
		return "agent_ended", wireAgentEnded{
			Agent: e.Agent, TookMS: number(float64(e.Took.Microseconds()) / 1000),
			Evidence: e.Evidence, Findings: e.Findings, Failed: e.Failed,
		}
	case incident.Detected:
		return "detected", wireDetectionOf(e.Detection)
	case incident.Concluded:
		return "concluded", wireConcluded{Verdict: string(e.Verdict), Confidence: score(e.Confidence), Summary: o.Word(e.Summary)}
	case incident.Closed:
		return "closed", wireCostOf(e.Cost)
	}
	return o.part(e)
}

// part is content for the events that add one element to a list of the
// diagnosis.
func (o Options) part(e incident.Event) (string, any) {
	switch e := e.(type) {
	case incident.EvidenceMade:
		return "evidence", o.wireEvidence(e.Evidence)
	case incident.ChartMade:
		return "chart", wireChartOf(e.Chart)
	case incident.TemplateSeen:
		return "template", wireTemplateOf(e.Template)
	case incident.FindingMade:
		return "finding", o.wireFinding(e.Finding)
	case incident.HypothesisScored:
		h := e.Hypothesis
		return "hypothesis", wireHypothesis{
			Node: string(h.Node), Service: h.Service, Role: string(h.Role), Fault: string(h.Fault),
			LogOdds: score(h.LogOdds), Cites: ids(h.Cites),
		}
	case incident.HypothesisRejected:
		return "rejected", o.wireRejected(e.Rejected)
	case incident.CauseRanked:
		return "cause", wireCauseOf(e.Cause)
	case incident.Reasoned:
		return "reasoned", o.wireReason(e.Reason)
	case incident.SpreadSeen:
		return "spread", wireSpreadOf(e.Spread)
	case incident.Planned:
		return "planned", o.wirePlan(&e.Plan)
	case incident.Reduced:
		return "reduced", o.wireReduction(e.Reduction)
	case incident.Lacked:
		return "lacked", o.wireMissing(e.Missing)
	}
	return "unknown", struct{}{} // an event that this version does not know
}

func wireGraphOf(g incident.Graph) wireGraph {
	return wireGraph{Nodes: each(g.Nodes, wireNodeOf), Edges: each(g.Edges, wireEdgeOf)}
}

func wireDetectionOf(d incident.Detection) wireDetection {
	return wireDetection{Anomalous: d.Anomalous, Score: score(d.Score), Windows: each(d.Spans, wireSpanOf)}
}

func wireCostOf(c incident.Cost) wireCost {
	return wireCost{
		WallMS: c.Wall.Milliseconds(), CPUMS: c.CPU.Milliseconds(), PeakBytes: c.PeakBytes,
		ModelCalls: c.ModelCalls, PromptTokens: c.PromptTokens,
		CompletionTokens: c.CompletionTokens, USD: number(c.USD),
	}
}

// wirePlan returns nil for no plan.
func (o Options) wirePlan(p *incident.Plan) *wirePlan {
	if p == nil {
		return nil
	}
	return &wirePlan{ID: p.ID, Steps: each(p.Steps, o.wireAction)}
}
