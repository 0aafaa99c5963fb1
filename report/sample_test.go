package report

import (
	"math"
	"time"

	"triagent/incident"
)

var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func from(a, b int) incident.Window { return incident.Window{From: at(a), To: at(b)} }

// sample is a diagnosis with something in every field.
func sample() incident.Diagnosis {
	return incident.Diagnosis{
		Incident: incident.Incident{
			ID: "iotdb-0042", Title: "write latency", System: "iotdb",
			Window: from(0, 300), Baseline: from(-1800, -120),
			Alert: incident.Alert{Name: "HighWriteLatency", Node: "datanode-2", Time: at(70)},
		},
		Verdict: incident.Likely, Confidence: 0.8123,
		Engine:  incident.Engine{Name: "builtin", Version: "0.1.0"},
		Summary: literal("datanode-2, leader of 7 groups, ran out of CPU at 10:01:05; writes through it slowed 6-fold."),
		Detection: incident.Detection{Anomalous: true, Score: 0.97, Spans: []incident.Span{
			{Window: from(65, 180), Nodes: []incident.NodeID{"datanode-2", "client-1", "datanode-1"}, Score: 0.97},
		}},
		Causes: []incident.Cause{
			{Rank: 1, Node: "datanode-2", Service: "datanode", Role: incident.Leader, Fault: "cpu_saturation", Probability: 0.8123, Onset: at(65), Cites: []incident.EvidenceID{"E1", "E2"}},
			{Rank: 2, Node: "datanode-2", Service: "datanode", Role: incident.Leader, Fault: "slow_query", Probability: 0.12, Onset: at(70), Cites: []incident.EvidenceID{"E1"}},
		},
		Findings: []incident.Finding{
			{ID: "F1", Agent: "data/metric", Node: "datanode-2", Text: literal("CPU is used up"), Strength: 0.93, Cites: []incident.EvidenceID{"E1"}},
			{ID: "F2", Agent: "data/trace", Node: "client-1", Text: literal("writes are slower"), Strength: 0.6, Cites: []incident.EvidenceID{"E3"}},
		},
		Evidence: []incident.Evidence{
			{
				ID: "E1", Kind: incident.Metric, Node: "datanode-2", Signal: "cpu.use", Name: "cpu_percent", Unit: "percent",
				Window: from(0, 300), Direction: incident.Up, Shape: incident.Step, Score: 31.4, Onset: from(60, 70),
				Text:   literal("cpu_percent of datanode-2 rose from 21 to 97 percent, step at 10:01:05"),
				Source: incident.Source{File: "metrics/datanode-2.csv", Line: 181},
				Numbers: []incident.Number{{
					Name: "after", Value: 97.25, Stat: "median", File: "metrics/datanode-2.csv", Column: "cpu_percent",
					Windows: []incident.Window{from(65, 180)},
				}},
			},
			{
				ID: "E2", Kind: incident.Log, Node: "datanode-2", Signal: "rpc.latency", Name: "Slow write took <*> ms", Window: from(0, 300),
				Direction: incident.New, Score: 12, Onset: from(66, 66), Text: literal("new on datanode-2: Slow write took <*> ms, 38 times"),
				Source: incident.Source{File: "logs/datanode-2.log", Line: 4411},
			},
			{
				ID: "E3", Kind: incident.Trace, Node: "client-1", Peer: "datanode-2", Name: "insertTablet", Window: from(0, 300),
				Direction: incident.Up, Score: 8.5, Onset: from(65, 80), Text: literal("insertTablet client-1 → datanode-2: 95 % under 74 ms, was 12 ms"),
				Source: incident.Source{File: "traces.jsonl", Line: 12, Query: "node=client-1 name=insertTablet"},
			},
			{
				ID: "E4", Kind: incident.Metric, Node: "datanode-1", Signal: "net.latency", Name: "rtt_ms", Unit: "ms", Window: from(0, 300),
				Score: 0.4, Text: literal("rtt_ms of datanode-1 stayed at 0.3 ms"), Source: incident.Source{File: "metrics/datanode-1.csv", Line: 180},
			},
		},
		Reasoning: []incident.Reason{
			{Number: 1, Text: literal("CPU of datanode-2 rose from 21 to 97 % at 10:01:05, before anything else moved."), Cites: []string{"E1", "F1"}},
			{Number: 2, Text: literal("Writes it coordinates slowed; those of the other nodes did not."), Cites: []string{"E2", "E3"}},
		},
		Rejected:    []incident.Rejected{{Node: "datanode-1", Fault: "network_delay", Because: literal("its round trips did not change"), Cites: []incident.EvidenceID{"E4"}}},
		Propagation: []incident.Spread{{From: "datanode-2", To: "client-1", At: at(67), Cites: []incident.EvidenceID{"E3"}}},
		Plan: &incident.Plan{ID: "P1", Steps: []incident.Action{
			{
				Action: "reassign_leaders", Target: "datanode-2", Params: map[string]string{"groups": "7"}, Risk: incident.LowRisk, NeedsApproval: true,
				Verify: incident.Check{Signal: "cpu.use", Target: "datanode-2", Within: 2 * time.Minute},
				Undo:   incident.Check{Text: literal("move the leaders back")},
			},
			{Action: "observe", Risk: incident.LowRisk},
		}},
		Reductions: []incident.Reduction{{Stage: "logs", In: 184220, Out: 212, Unit: "lines", How: "counted by template", Rest: "logs/datanode-2.log"}},
		Missing:    []incident.Missing{{What: "server spans", Why: "not in the bundle"}},
		Cost:       incident.Cost{Wall: 41 * time.Millisecond, CPU: 60 * time.Millisecond, PeakBytes: 50 << 20},
		Graph: incident.Graph{
			Nodes: []incident.GraphNode{
				{ID: "client-1", Service: "client", Role: incident.Service, Oddness: 0.5},
				{ID: "datanode-1", Service: "datanode", Role: incident.Follower, Oddness: 0.1},
				{ID: "datanode-2", Service: "datanode", Role: incident.Leader, Oddness: 0.97},
				{ID: "datanode-3", Service: "datanode", Role: incident.Follower, Oddness: 0},
			},
			Edges: []incident.GraphEdge{
				{From: "client-1", To: "datanode-1", Kind: "call", Count: 410},
				{From: "client-1", To: "datanode-2", Kind: "call", Count: 395, Oddness: 0.8},
				{From: "client-1", To: "datanode-3", Kind: "call", Count: 402},
				{From: "datanode-2", To: "datanode-1", Kind: "replication", Count: 0},
				{From: "datanode-2", To: "datanode-3", Kind: "replication", Count: 0},
			},
		},
		Charts: []incident.Chart{sampleChart()},
		Templates: []incident.TemplateCount{
			{Node: "datanode-2", Template: "Slow write took <*> ms", Level: "WARN", Window: 38, Evidence: "E2"},
			{Node: "datanode-2", Template: "Flushed <*> points", Level: "INFO", Window: 2, Baseline: 19},
		},
	}
}

func sampleChart() incident.Chart {
	c := incident.Chart{Evidence: "E1", Title: "datanode-2 cpu_percent", Unit: "percent"}
	for s := -1800; s <= 300; s += 30 {
		v := 21 + 3*math.Sin(float64(s)/97)
		if s >= 65 && s < 180 {
			v = 97
		}
		if s == -600 {
			v = math.NaN()
		}
		c.Times, c.Values = append(c.Times, at(s)), append(c.Values, v)
	}
	return c
}

// foreign is text that no renderer may pass on as it is.
const foreign = "<script>alert(1)</script>\x1b[31m|`*_\u202e\"'\x00&\n# x"

// hostile is the sample with foreign text wherever the diagnosed system's own
// words go.
func hostile() incident.Diagnosis {
	d := sample()
	d.Incident.ID, d.Incident.Title, d.Incident.System = foreign, foreign, foreign
	d.Incident.Alert.Name, d.Incident.Alert.Node = foreign, foreign
	d.Summary = incident.Say("literal", "text", foreign)
	d.Detection.Spans[0].Nodes = []incident.NodeID{foreign}
	for i := range d.Causes {
		c := &d.Causes[i]
		c.Node, c.Service, c.Role, c.Fault, c.Label = foreign, foreign, foreign, foreign, foreign
		c.Cites = []incident.EvidenceID{foreign}
	}
	for i := range d.Evidence {
		e := &d.Evidence[i]
		e.ID, e.Kind, e.Node, e.Peer, e.Name, e.Unit = foreign, foreign, foreign, foreign, foreign, foreign
		e.Text, e.Source = literal(foreign), incident.Source{File: foreign, Line: 1, Query: foreign}
	}
	for i := range d.Findings {
		d.Findings[i] = incident.Finding{ID: foreign, Agent: foreign, Node: foreign, Text: literal(foreign)}
	}
	d.Reasoning = []incident.Reason{{Number: 1, Text: incident.Say("no.such.key", foreign, foreign), Cites: []string{foreign}}}
	d.Rejected = []incident.Rejected{{Node: foreign, Fault: foreign, Because: literal(foreign), Cites: []incident.EvidenceID{foreign}}}
	d.Propagation = []incident.Spread{{From: foreign, To: foreign, Cites: []incident.EvidenceID{foreign}}}
	check := incident.Check{Action: foreign, Target: foreign, Params: map[string]string{foreign: foreign}}
	d.Plan = &incident.Plan{ID: foreign, Steps: []incident.Action{{
		Action: foreign, Target: foreign, Risk: foreign, Params: map[string]string{foreign: foreign}, Verify: check, Undo: check,
	}}}
	d.Reductions = []incident.Reduction{{Stage: foreign, Unit: foreign, How: foreign, Rest: foreign}}
	d.Missing = []incident.Missing{{What: foreign, Why: foreign}}
	d.Engine = incident.Engine{Name: foreign, Version: foreign, Model: foreign}
	for i := range d.Graph.Nodes {
		n := &d.Graph.Nodes[i]
		n.ID, n.Service, n.Role = foreign+n.ID, foreign, foreign
	}
	for i := range d.Graph.Edges {
		e := &d.Graph.Edges[i]
		e.From, e.To, e.Kind = foreign+e.From, foreign+e.To, foreign
	}
	d.Charts[0].Evidence, d.Charts[0].Title, d.Charts[0].Unit = foreign, foreign, foreign
	for i := range d.Templates {
		t := &d.Templates[i]
		t.Node, t.Level, t.Template, t.Evidence = foreign, foreign, foreign, foreign
	}
	return d
}
