package task

import (
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"triagent/agents"
	"triagent/incident"
	"triagent/knowledge"
	"triagent/telemetry"
)

// rigKnowledge is a system whose signals no other card asks for: one of each
// nature that matters, and faults that each rest on one thing.
const rigKnowledge = `
signals:
  - {signal: rig.own, bad: up, nature: internal, en: own, zh: 自身}
  - {signal: rig.other, bad: up, nature: internal, en: other, zh: 其他}
  - {signal: rig.sure, bad: up, nature: internal, specific: true, en: sure, zh: 确定}
  - {signal: rig.load, nature: load, en: load, zh: 负载}
  - {signal: rig.out, bad: up, nature: external, en: out, zh: 外部}
  - {signal: rig.out2, bad: up, nature: external, weight: 0.5, en: out 2, zh: 外部二}
cards:
  - fault: rig_worn
    name: {en: worn, zh: 磨损}
    text: {en: It is worn., zh: 已磨损。}
    nature: internal
    systems: [rig]
    prior: -2.9
    for:
      - {signal: rig.own, weight: 3}
      - {signal: rig.out, weight: 1}
    against:
      - {signal: rig.other, weight: 1}
    needed:
      - [rig.own]
    do:
      - {action: observe, params: {gather: "@thread_dump"}}
  - fault: rig_led
    name: {en: led, zh: 领导}
    text: {en: Leaders only., zh: 仅领导者。}
    nature: internal
    systems: [rig]
    roles: [leader]
    prior: -2.9
    for:
      - {signal: rig.other, weight: 3}
    do:
      - {action: observe, params: {gather: "@thread_dump"}}
`

const (
	rigWorn incident.Fault = "rig_worn"
	rigLed  incident.Fault = "rig_led"
)

var (
	noon     = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	rigNodes = []incident.NodeID{"a", "b", "c", "d"}
)

// minute is the window between two minutes after noon.
func minute(from, to int) incident.Window {
	return incident.Window{From: noon.Add(time.Duration(from) * time.Minute), To: noon.Add(time.Duration(to) * time.Minute)}
}

// rig is an input of the four nodes a to d, with a baseline before the window,
// on which the given signals are measured everywhere.
func rig(t testing.TB, measured ...incident.Signal) agents.Input {
	t.Helper()
	base, err := knowledge.Load(fstest.MapFS{"rig.yaml": {Data: []byte(rigKnowledge)}})
	if err != nil {
		t.Fatal(err)
	}
	w := minute(10, 15)
	in := agents.Input{
		Compared: true, Normal: 10 * time.Minute,
		Base: base, Nodes: rigNodes,
		Bundle: &telemetry.Bundle{
			Incident: incident.Incident{ID: "rig-1", System: "rig", Window: w, Baseline: minute(0, 9)},
			Tables:   []telemetry.Table{sampled("a", 0, 15)},
			HasSpans: true, LogNodes: rigNodes,
		},
		Frame: agents.Frame{Window: w, Baseline: []incident.Window{minute(0, 9)}, Search: w},
	}
	for _, n := range rigNodes {
		in.Bundle.Topology.Nodes = append(in.Bundle.Topology.Nodes, incident.Node{ID: n, Known: true})
		for _, s := range measured {
			in.Seen = append(in.Seen, agents.Observable{Node: n, Signal: s})
		}
	}
	return in
}

// sampled is a table of a node with a sample a minute.
func sampled(node incident.NodeID, from, to int) telemetry.Table {
	t := telemetry.Table{Node: node}
	for i := from; i < to; i++ {
		t.Times = append(t.Times, noon.Add(time.Duration(i)*time.Minute).UnixNano())
	}
	return t
}

// up is evidence of a signal that went up at a node.
func up(id string, node incident.NodeID, s incident.Signal, score float64) incident.Evidence {
	return incident.Evidence{
		ID: incident.EvidenceID(id), Kind: incident.Metric, Node: node, Signal: s, Direction: incident.Up,
		Shape: incident.Step, Score: score, Window: minute(10, 15), Onset: minute(11, 12),
	}
}

// with returns in with more evidence.
func with(in agents.Input, e ...incident.Evidence) agents.Input {
	in.Evidence = append(slices.Clone(in.Evidence), e...)
	return in
}

// hypothesisOf returns the hypothesis about a node and a fault, and its place.
func hypothesisOf(t testing.TB, list []scored, node incident.NodeID, f incident.Fault) (scored, int) {
	t.Helper()
	i := slices.IndexFunc(list, func(h scored) bool { return h.Node == node && h.Fault == f })
	if i < 0 {
		t.Fatalf("no hypothesis of %s at %s", f, node)
	}
	return list[i], i
}

// near reports whether two numbers are the same but for rounding.
func near(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }
