package task

import (
	"slices"
	"testing"

	"triagent/incident"
	"triagent/telemetry"
)

// Nothing is sure while a node that might be it cannot be seen.
func TestDoubt(t *testing.T) {
	served := func(b *telemetry.Bundle, service string) {
		for i := range b.Topology.Nodes {
			b.Topology.Nodes[i].Service = service
		}
	}
	all := func(b *telemetry.Bundle) {
		b.Tables = nil
		for _, n := range rigNodes {
			b.Tables = append(b.Tables, sampled(n, 0, 15))
		}
	}
	for _, tt := range []struct {
		name          string
		change        func(b *telemetry.Bundle)
		healthy, sure bool
	}{
		{"as it is", func(*telemetry.Bundle) {}, true, true},
		{"all of a service are measured", func(b *telemetry.Bundle) { served(b, "db"); all(b) }, true, true},
		{"one of a service is not", func(b *telemetry.Bundle) { served(b, "db"); all(b); b.Tables = b.Tables[:3] }, false, false},
		{"a service is not measured at all", func(b *telemetry.Bundle) { b.Topology.Nodes[1].Service = "proxy" }, true, true},
		{"a clock is 90 min fast", func(b *telemetry.Bundle) { all(b); b.Tables[2] = sampled("c", 90, 105) }, false, false},
		{"logs alone", func(b *telemetry.Bundle) { b.Tables, b.HasSpans = nil, false }, false, true},
		{"metrics alone", func(b *telemetry.Bundle) { b.HasSpans, b.LogNodes = false, nil }, false, true},
		{"metrics alone, of one node", func(b *telemetry.Bundle) { b.HasSpans, b.LogNodes, b.Topology.Nodes = false, nil, b.Topology.Nodes[:1] }, true, true},
		{"four samples of normal", func(b *telemetry.Bundle) { b.Tables[0].Times = b.Tables[0].Times[5:] }, false, false},
		{"five", func(b *telemetry.Bundle) { b.Tables[0].Times = b.Tables[0].Times[4:] }, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := rig(t, "rig.own", "rig.other", "rig.out")
			tt.change(in.Bundle)
			if d := decided(t, in); (d.Verdict == incident.Healthy) != tt.healthy {
				t.Errorf("quiet: %s %.2f, healthy is to be %t", d.Verdict, d.Confidence, tt.healthy)
			}
			in = with(in, up("E1", "a", "rig.own", 9*full), up("E2", "a", "rig.other", 9*full))
			if d := decided(t, in); (d.Confidence > .8) != tt.sure || d.Causes[0].Node != "a" || !d.Detection.Anomalous {
				t.Errorf("broken: %s %.2f, sure is to be %t", d.Verdict, d.Confidence, tt.sure)
			}
		})
	}
}

// Health that only two of metrics, logs and traces tell of is less sure; so is that
// of a system of which a source did not answer.
func TestDoubtOfPart(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(b *telemetry.Bundle)
		share  float64
	}{
		{"all three", func(*telemetry.Bundle) {}, 1},
		{"no logs", func(b *telemetry.Bundle) { b.LogNodes = nil }, 1 - unheardShare},
		{"no traces", func(b *telemetry.Bundle) { b.HasSpans = false }, 1 - unheardShare},
		{"no logs of one node", func(b *telemetry.Bundle) { b.LogNodes, b.Topology.Nodes = nil, b.Topology.Nodes[:1] }, 1},
		{"metrics alone", func(b *telemetry.Bundle) { b.HasSpans, b.LogNodes = false, nil }, 1 - unseenShare},
		{"a source failed", func(b *telemetry.Bundle) {
			b.Collected.Sources = []telemetry.SourceUse{{Name: "loki", Failed: "timed out"}}
		}, 1 - unheardShare},
	} {
		in := rig(t, "rig.own")
		tt.change(in.Bundle)
		v := view{healthy: .9, p: []float64{.1}}
		if v.doubt(see(in)); v.healthy != .9*tt.share || v.p[0] != .1 {
			t.Errorf("%s: %v and %v, want %v and .1", tt.name, v.healthy, v.p[0], .9*tt.share)
		}
	}
}

// A clock is told to be off by what all others agree on, and not by a node that
// came late or was recorded at another time.
func TestSkewed(t *testing.T) {
	for _, tt := range []struct {
		name      string
		odd       telemetry.Table
		witnesses int
		want      []incident.NodeID
	}{
		{"fast", sampled("x", 5, 35), 3, []incident.NodeID{"x"}},
		{"slow", sampled("x", -9, 21), 3, []incident.NodeID{"x"}},
		{"within the samples", sampled("x", 2, 32), 3, nil},
		{"started late", sampled("x", 10, 30), 3, nil},
		{"ended early", sampled("x", 0, 20), 3, nil},
		{"too few witnesses", sampled("x", 5, 35), 2, nil},
		{"one sample", sampled("x", 9, 10), 3, nil},
	} {
		tables := []telemetry.Table{tt.odd}
		for range tt.witnesses {
			tables = append(tables, sampled("w", 0, 30))
		}
		if got := skewed(tables); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
