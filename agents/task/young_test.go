package task

import (
	"testing"
	"time"

	"triagent/incident"
)

// TestYoung has a diagnosis without a time before the fault say so first, and be
// sure of nothing, neither of a cause nor of health.
func TestYoung(t *testing.T) {
	for _, normal := range []time.Duration{0, 10 * time.Second, leastNormal - time.Second} {
		in := broken(t)
		in.Evidence = append(in.Evidence, incident.Evidence{ID: "E9", Kind: incident.Log, Node: "a", Signal: "rig.own", Direction: incident.Up, Score: 3 * full})
		in.Normal = normal
		d := decided(t, in)
		if d.Verdict != incident.Inconclusive || d.Confidence >= likelyFrom || d.Summary.Key != "summary.young" || len(d.Causes) == 0 || d.Causes[0].Node != "a" {
			t.Errorf("%v before: %s %.2f, %s, causes %+v", normal, d.Verdict, d.Confidence, d.Summary.Key, d.Causes)
		}
		if len(d.Missing) == 0 || d.Missing[0].What != "baseline" {
			t.Errorf("%v before: missing %+v", normal, d.Missing)
		}
		calm := rig(t, "rig.own", "rig.other", "rig.out")
		calm.Normal = normal
		if d := decided(t, calm); d.Verdict != incident.Inconclusive || d.Summary.Key != "summary.blind" {
			t.Errorf("%v before, and all is quiet: %s, %s", normal, d.Verdict, d.Summary.Key)
		}
	}
	in := broken(t)
	in.Normal = leastNormal
	if d := decided(t, in); len(d.Missing) != 0 || d.Summary.Key == "summary.young" {
		t.Errorf("enough before: missing %+v, %s", d.Missing, d.Summary.Key)
	}
}
