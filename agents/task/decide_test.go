package task

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"triagent/agents"
	"triagent/incident"
	"triagent/telemetry"
)

// decided is what Decide makes of an input; each agent in it has one finding.
func decided(t *testing.T, in agents.Input, findings ...incident.Finding) incident.Diagnosis {
	t.Helper()
	var d incident.Diagnosis
	var last incident.Event
	err := Decide(context.Background(), in, findings, func(e incident.Event) { d.Fold(e); last = e })
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := last.(incident.Concluded); !ok {
		t.Errorf("the last event is %T, want Concluded", last)
	}
	d.Evidence, d.Findings = in.Evidence, findings
	return d
}

// broken is the rig with node a worn beyond doubt, its caller b slow later, and
// something odd at c.
func broken(t *testing.T) agents.Input {
	slow, odd := up("E2", "b", "rig.out", full), up("E3", "c", "rig.other", full/2)
	slow.Onset, odd.Onset = minute(13, 14), minute(13, 14)
	in := with(rig(t, "rig.own", "rig.other", "rig.out"), up("E1", "a", "rig.own", 3*full), slow, odd, up("E4", "d", "rig.out", full))
	in.Graph.Edges = []incident.GraphEdge{{From: "b", To: "a", Kind: "call"}, {From: "c", To: "b", Kind: "call"}}
	return in
}

// The three zones: nothing is wrong, something may be, something is.
func TestDecideZones(t *testing.T) {
	calm := rig(t, "rig.own", "rig.other", "rig.out")
	if d := decided(t, calm); d.Verdict != incident.Healthy || d.Confidence <= healthyAbove || len(d.Causes) != 0 || d.Detection.Anomalous {
		t.Errorf("quiet: %s %.2f, %d causes, detection %+v, want healthy", d.Verdict, d.Confidence, len(d.Causes), d.Detection)
	}
	murmur := with(calm, up("E1", "a", "rig.own", usual/2))
	if d := decided(t, murmur); d.Verdict != incident.Healthy || len(d.Rejected) == 0 || d.Rejected[0].Because.Key != "rejected.too_weak" {
		t.Errorf("a murmur: %s, rejected %+v, want healthy and told why it is nothing", d.Verdict, d.Rejected)
	}
	murmur.Lost = true
	if d := decided(t, murmur); d.Verdict != incident.Inconclusive || d.Summary.Key != "summary.lost" {
		t.Errorf("a murmur without the data of the window: %s, %s, want inconclusive", d.Verdict, d.Summary.Key)
	}
	d := decided(t, broken(t))
	if !d.Detection.Anomalous || d.Verdict != incident.Likely && d.Verdict != incident.Inconclusive {
		t.Errorf("broken: %s, %+v, want an alarm, unconfirmed by one kind of evidence", d.Verdict, d.Detection)
	}
	if len(d.Causes) == 0 || d.Causes[0].Node != "a" || d.Causes[0].Fault != rigWorn || d.Confidence != d.Causes[0].Probability {
		t.Errorf("broken: confidence %v, causes %+v, want a worn first", d.Confidence, d.Causes)
	}
}

// Between health and alarm there are suspects and no verdict.
func TestDecideInconclusive(t *testing.T) {
	calm := rig(t, "rig.own", "rig.other", "rig.out")
	for score := usual; score < full; score++ {
		d := decided(t, with(calm, up("E1", "a", "rig.own", score)))
		if d.Verdict == incident.Inconclusive {
			key := "summary.suspect"
			if d.Detection.Score < .5 {
				key = "summary.calm"
			}
			if len(d.Causes) == 0 || d.Summary.Key != key || d.Plan == nil {
				t.Errorf("inconclusive at a score of %v: causes %v, summary %s, plan %v", score, d.Causes, d.Summary.Key, d.Plan)
			}
			return
		}
	}
	t.Error("no score between usual and full is inconclusive")
}

// Where nothing normal is known, or nothing is understood that was alerted on,
// nobody can say that all is well.
func TestDecideUnknown(t *testing.T) {
	base := rig(t)
	base.Bundle.Incident.Baseline = incident.Window{}
	base.Bundle.Incident.Alert.Node = "c"
	alerts := rig(t, "rig.own")
	alerts.Bundle.Tables, alerts.Bundle.LogNodes, alerts.Bundle.HasSpans = nil, nil, false
	alerts.Bundle.Alerts = []incident.Alert{{Node: "b", Name: "whatever this is"}}
	for name, in := range map[string]agents.Input{"no baseline": base, "alerts not understood": alerts} {
		d := decided(t, in)
		if d.Verdict != incident.Inconclusive || d.Confidence != 0 || len(d.Causes) != 1 || d.Causes[0].Fault != incident.UnknownFault {
			t.Errorf("%s: %s %.2f, causes %+v, want inconclusive and one unknown fault", name, d.Verdict, d.Confidence, d.Causes)
		}
	}
	if d := decided(t, alerts); !d.Detection.Anomalous {
		t.Errorf("detection = %+v, want an alarm: alerts were raised", d.Detection)
	}
	if d := decided(t, base); d.Causes[0].Node != "c" {
		t.Errorf("look at %s first, want c, that the alert names", d.Causes[0].Node)
	}
}

func TestDecideCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := Decide(ctx, rig(t), nil, func(incident.Event) { t.Error("told something") })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want that it was cancelled", err)
	}
}

func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		p     float64
		kinds int
		want  incident.Verdict
	}{
		{confirmedFrom, 2, incident.Confirmed},
		{confirmedFrom, 1, incident.Likely},
		{confirmedFrom - .01, 3, incident.Likely},
		{likelyFrom, 1, incident.Likely},
		{likelyFrom - .01, 2, incident.Inconclusive},
		{0, 0, incident.Inconclusive},
	} {
		if got := verdict(tt.p, tt.kinds); got != tt.want {
			t.Errorf("verdict(%v, %d kinds) = %s, want %s", tt.p, tt.kinds, got, tt.want)
		}
	}
}

// The span begins at the onset where the window was given and holds it.
func TestDetectionSpans(t *testing.T) {
	given := broken(t)
	found := broken(t)
	found.Bundle.Incident.Window, found.Bundle.Incident.Baseline = incident.Window{}, incident.Window{}
	early := broken(t)
	early.Evidence[0].Onset = minute(8, 9)
	for _, tt := range []struct {
		name string
		in   agents.Input
		want incident.Window
	}{
		{"from the onset", given, minute(12, 15)},
		{"as found", found, minute(10, 15)},
		{"not before the window", early, minute(10, 15)},
	} {
		d := decided(t, tt.in)
		if s := d.Detection.Spans; len(s) != 1 || s[0].Window != tt.want || !slices.Equal(s[0].Nodes, []incident.NodeID{"a"}) {
			t.Errorf("%s: spans %+v, want %v at a", tt.name, s, tt.want)
		}
	}
	calm := rig(t, "rig.own")
	if s := decided(t, with(calm, up("E1", "a", "rig.own", 4))).Detection.Spans; len(s) != 0 {
		t.Errorf("spans of a quiet window that was given: %+v", s)
	}
}

func TestOnlyAlerts(t *testing.T) {
	alert := []incident.Alert{{Node: "a"}}
	for _, tt := range []struct {
		b    telemetry.Bundle
		want bool
	}{
		{telemetry.Bundle{}, false},
		{telemetry.Bundle{Alerts: alert}, true},
		{telemetry.Bundle{Alerts: alert, HasSpans: true}, false},
		{telemetry.Bundle{Alerts: alert, LogNodes: []incident.NodeID{"a"}}, false},
		{telemetry.Bundle{Alerts: alert, Tables: make([]telemetry.Table, 1)}, false},
	} {
		if got := onlyAlerts(&tt.b); got != tt.want {
			t.Errorf("onlyAlerts(%+v) = %v, want %v", tt.b, got, tt.want)
		}
	}
}

// Whatever is said rests on evidence or a finding that exists.
func TestDecideCites(t *testing.T) {
	d := decided(t, broken(t), incident.Finding{ID: "F1", Agent: "data/metric", Node: "a", Cites: []incident.EvidenceID{"E1"}})
	known := map[string]bool{"F1": true, "E1": true, "E2": true, "E3": true, "E4": true}
	check := func(what string, cites ...string) {
		if len(cites) == 0 {
			t.Errorf("%s cites nothing", what)
		}
		for _, c := range cites {
			if !known[c] {
				t.Errorf("%s cites %q, which nobody made", what, c)
			}
		}
	}
	for i, c := range d.Causes {
		check("cause", texts(c.Cites)...)
		if c.Rank != i+1 {
			t.Errorf("cause %d has rank %d", i, c.Rank)
		}
	}
	for i, r := range d.Reasoning {
		check("step "+r.Text.Key, r.Cites...)
		if r.Number != i+1 {
			t.Errorf("step %d has number %d", i, r.Number)
		}
	}
	for _, r := range d.Rejected {
		check("rejection", texts(r.Cites)...)
		if !strings.HasPrefix(r.Because.Key, "rejected.") {
			t.Errorf("%s at %s was rejected because %q", r.Fault, r.Node, r.Because.Key)
		}
		if r.Node == "a" && r.Fault == rigWorn {
			t.Error("the first cause was rejected")
		}
	}
	if len(d.Reasoning) < 2 || len(d.Rejected) == 0 || len(d.Rejected) > maxRejected || len(d.Causes) > maxCauses {
		t.Errorf("%d steps, %d rejected, %d causes", len(d.Reasoning), len(d.Rejected), len(d.Causes))
	}
}

// A fault whose own signal was measured and rests is rejected for that.
func TestRejectedQuiet(t *testing.T) {
	d := decided(t, broken(t))
	i := slices.IndexFunc(d.Rejected, func(r incident.Rejected) bool { return r.Node == "b" && r.Fault == rigWorn })
	if i < 0 {
		t.Fatalf("rejected %+v, want b worn among them", d.Rejected)
	}
	if b := d.Rejected[i].Because; b.Key != "rejected.quiet" || len(b.Args) != 1 || b.Args[0].Value != "rig.own" {
		t.Errorf("rejected because %+v, want that rig.own is quiet", b)
	}
}

// Trouble spreads along the graph only, and to what began no earlier.
func TestSpread(t *testing.T) {
	in := broken(t)
	d := decided(t, in)
	if len(d.Propagation) != 1 || d.Propagation[0].From != "a" || d.Propagation[0].To != "b" || d.Propagation[0].Cites[0] != "E2" {
		t.Errorf("spread = %+v, want from a to b, its caller, by E2", d.Propagation)
	}
	if at := d.Propagation[0].At; !at.Equal(minute(13, 14).To) {
		t.Errorf("spread at %v, want the onset at b", at)
	}
	in = broken(t)
	in.Evidence[1].Onset = minute(8, 9)
	if d := decided(t, in); len(d.Propagation) != 0 {
		t.Errorf("spread = %+v, want none to what began before the culprit", d.Propagation)
	}
}

// An independent second kind of evidence is what confirms.
func TestKinds(t *testing.T) {
	log := up("E2", "a", "rig.own", full)
	log.Kind = incident.Log
	n := narrator{in: with(rig(t), up("E1", "a", "rig.own", full), log, up("E3", "a", "rig.own", full))}
	if got := n.kinds([]incident.EvidenceID{"E1", "E3"}); got != 1 {
		t.Errorf("two metrics are %d kinds, want 1", got)
	}
	if got := n.kinds([]incident.EvidenceID{"E1", "E2"}); got != 2 {
		t.Errorf("a metric and a log are %d kinds, want 2", got)
	}
}

// Two nodes with the same evidence: neither is called weaker, and both count.
func TestDecideAlike(t *testing.T) {
	for _, tt := range []struct {
		name         string
		second       float64 // score at b, where a has 3*full
		step, reject string
		nodes        int
	}{
		{"alike", 3 * full, "reason.alike", "rejected.as_strong", 2},
		{"weaker", full / 2, "reason.next", "rejected.weaker", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := with(rig(t, "rig.own", "rig.other", "rig.out"), up("E1", "a", "rig.own", 3*full), up("E2", "b", "rig.own", tt.second))
			d := decided(t, in)
			if !slices.ContainsFunc(d.Reasoning, func(r incident.Reason) bool { return r.Text.Key == tt.step }) {
				t.Errorf("steps %+v, want %s", d.Reasoning, tt.step)
			}
			if !slices.ContainsFunc(d.Rejected, func(r incident.Rejected) bool { return r.Node == "b" && r.Because.Key == tt.reject }) {
				t.Errorf("rejected %+v, want b with %s", d.Rejected, tt.reject)
			}
			if len(d.Detection.Spans) != 1 || len(d.Detection.Spans[0].Nodes) != tt.nodes {
				t.Errorf("spans %+v, want %d nodes", d.Detection.Spans, tt.nodes)
			}
		})
	}
}

// One that fits, but less, is rejected by what speaks for it and for the first.
func TestRejectedWeaker(t *testing.T) {
	in := with(rig(t, "rig.own", "rig.other"), up("E1", "a", "rig.own", 3*full), up("E2", "c", "rig.own", full/2))
	d := decided(t, in)
	i := slices.IndexFunc(d.Rejected, func(r incident.Rejected) bool { return r.Node == "c" && r.Fault == rigWorn })
	if i < 0 {
		t.Fatalf("rejected %+v, want c worn among them", d.Rejected)
	}
	if r := d.Rejected[i]; r.Because.Key != "rejected.weaker" || !slices.Equal(r.Cites, []incident.EvidenceID{"E2", "E1"}) {
		t.Errorf("rejected because %s by %v, want rejected.weaker by E2 and E1", r.Because.Key, r.Cites)
	}
}

// One that fits as well is not called weaker.
func TestRejectedAsStrong(t *testing.T) {
	in := with(rig(t, "rig.sure", "rig.own"), up("E1", "a", "rig.own", 3*full), up("E2", "c", "rig.own", 3*full))
	d := decided(t, in)
	i := slices.IndexFunc(d.Rejected, func(r incident.Rejected) bool { return r.Node == "c" && r.Fault == rigWorn })
	if i < 0 || d.Rejected[i].Because.Key != "rejected.as_strong" || !slices.Equal(d.Rejected[i].Cites, []incident.EvidenceID{"E2", "E1"}) {
		t.Errorf("rejected %+v, want c worn, as strong, by E2 and E1", d.Rejected)
	}
}
