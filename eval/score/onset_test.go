package score

import (
	"testing"
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

func TestOnset(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(1e9+int64(s), 0) }
	from := func(node incident.NodeID, s int) telemetry.TrueCause {
		return telemetry.TrueCause{Node: node, Window: incident.Window{From: at(s), To: at(300)}}
	}
	truth := telemetry.Truth{Causes: []telemetry.TrueCause{from("a", 20), from("a", 10), from("b", 0)}}
	row := func(truth telemetry.Truth, causes ...incident.Cause) *Row {
		var r Row
		r.SetOnset(incident.Diagnosis{Causes: causes}, truth)
		return &r
	}
	rows := []*Row{
		row(truth, incident.Cause{Node: "a", Onset: at(40)}, incident.Cause{Node: "b"}), // 30 s late
		row(truth, incident.Cause{Node: "b", Onset: at(-31)}),                           // too early
		row(truth, incident.Cause{Node: "a", Onset: at(11)}),
		row(truth, incident.Cause{Node: "a"}),                // right, and no onset
		row(truth, incident.Cause{Node: "c", Onset: at(10)}), // a wrong node
		row(truth),
		row(telemetry.Truth{Causes: []telemetry.TrueCause{{Node: "a"}}}, incident.Cause{Node: "a", Onset: at(0)}),
	}
	for i, want := range []float64{30, -31, 1} {
		if rows[i].Onset == nil || *rows[i].Onset != want {
			t.Errorf("row %d: onset %v, want %v s after the true one", i, rows[i].Onset, want)
		}
	}
	figures := Figures(rows, 1)
	if f, _ := Find(figures, "onset_within"); f.N != 4 || !near(f.Value, .5) {
		t.Errorf("within 30 s: %v of %d, want half of 4", f.Value, f.N)
	}
	if f, _ := Find(figures, "onset_error"); f.N != 3 || f.Value != 30 {
		t.Errorf("median %v s of %d, want 30 of 3", f.Value, f.N)
	}
}
