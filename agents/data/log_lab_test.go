package data

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"triagent/agents"
	"triagent/evidence"
	"triagent/incident"
	"triagent/knowledge"
	"triagent/telemetry"
)

// labFrame is a plain frame of a recorded case.
func labFrame(b *telemetry.Bundle) agents.Frame {
	w, base := b.Incident.Window, b.Incident.Baseline
	search := w
	if quiet := base.From.Add(base.Duration() / 2); quiet.Before(w.From) {
		search.From = quiet
	}
	return agents.Frame{Window: w, Search: search, Baseline: []incident.Window{base}}
}

// Faults that show in logs or client spans are pinned on the node at fault, in
// real clusters, and every number holds.
func TestLab(t *testing.T) {
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	// For a fault, the signals of which the strongest must name the node at
	// fault, as Node or as Peer.
	want := map[incident.Fault][]incident.Signal{
		"frequent_flush":    {"log.flush_manual"},
		"slow_query":        {"query.slow"},
		"excessive_export":  {"result.bytes"},
		"workload_spike":    {"request.rate"},
		"config_error":      {"peer.complaint", "log.readonly", "call.error"},
		"network_partition": {"peer.complaint"},
		"process_hang":      {"peer.complaint"},
		"node_down":         {"peer.complaint"},
	}
	cases, err := filepath.Glob(filepath.Join(datasets(t), "iotdb-lab", "*", "incident.json"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	right, all := 0, 0
	for _, c := range cases {
		dir := filepath.Dir(c)
		b, err := telemetry.Open(context.Background(), dir, telemetry.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		truth, err := telemetry.ReadTruth(context.Background(), dir)
		if err != nil {
			t.Fatal(err)
		}
		in := agents.Input{Bundle: b, Base: base, Frame: labFrame(b)}
		res := both(t, in)
		if truth.Healthy {
			continue
		}
		cause := truth.Causes[0]
		for _, signal := range want[cause.Fault] {
			e := best(res, signal)
			all++
			if e.Node == cause.Node || e.Peer == cause.Node {
				right++
				continue
			}
			t.Logf("%s: %s on %s: strongest %s names %q and %q (%.1f)", filepath.Base(dir), cause.Fault, cause.Node, signal, e.Node, e.Peer, e.Score)
		}
	}
	t.Logf("%d of %d right", right, all)
	if all == 0 || right*100 < all*85 {
		t.Errorf("%d of %d telling signals name the node at fault, want 85 %%", right, all)
	}
}

// both runs the log and the trace agent and has the checker judge what they say.
func both(t *testing.T, in agents.Input) agents.Result {
	t.Helper()
	var all agents.Result
	for _, a := range []agents.Agent{Log{}, Trace{}} {
		res, err := a.Investigate(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		all.Evidence = append(all.Evidence, res.Evidence...)
	}
	rep, err := evidence.Check(context.Background(), in.Bundle, &incident.Diagnosis{Incident: in.Bundle.Incident, Evidence: all.Evidence})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range rep.Problems[:min(3, len(rep.Problems))] {
		t.Errorf("%s: the checker refutes %v", in.Bundle.Incident.ID, p)
	}
	return all
}

// BenchmarkLab is both agents over one recorded case.
func BenchmarkLab(b *testing.B) {
	base, err := knowledge.Load()
	if err != nil {
		b.Fatal(err)
	}
	cases, _ := filepath.Glob(filepath.Join(datasets(b), "iotdb-lab", "*", "incident.json"))
	slices.Sort(cases)
	bundle, err := telemetry.Open(context.Background(), filepath.Dir(cases[0]), telemetry.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	in := agents.Input{Bundle: bundle, Base: base, Frame: labFrame(bundle)}
	b.ReportAllocs()
	for b.Loop() {
		for _, a := range []agents.Agent{Log{}, Trace{}} {
			if _, err := a.Investigate(context.Background(), in); err != nil {
				b.Fatal(err)
			}
		}
	}
}
