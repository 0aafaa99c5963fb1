package score

import (
	"testing"

	"triagent/incident"
)

func TestAssured(t *testing.T) {
	truth := []Cause{{Node: "a", Fault: "cpu"}}
	said := func(node incident.NodeID, fault incident.Fault, p float64) *Row {
		return &Row{Nodes: 3, Truth: truth, Alarm: true, Confidence: p, Causes: []Cause{{Node: node, Fault: fault, Probability: p}}}
	}
	missed := said("a", "cpu", .9) // ranked right, and called healthy
	missed.Alarm, missed.Verdict = false, incident.Healthy
	rows := []*Row{
		said("a", "cpu", .9), said("a", "disk", .9), said("b", "cpu", .9), said("b", "cpu", .8), missed,
		{Nodes: 3, Truth: truth, Error: "lost"},
		{Healthy: true, Alarm: true, Confidence: .95},
		{Healthy: true, Confidence: .95},
		{Healthy: true, Error: "lost"},
	}
	want := Assurance{Answers: 7, Sure: 6, Wrong: 4, Misplaced: 2, Healthy: 3, Alarms: 2}
	if got := Assured(rows); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	rows[6].Split, rows[7].Split, rows[8].Split = "1", "1", "2"
	alarms, n, splits, low, high := FalseAlarms(rows)
	if alarms != 2 || n != 3 || splits != 2 || low > .2 || high < .9 {
		t.Errorf("%d of %d, %d splits, %.2f to %.2f", alarms, n, splits, low, high)
	}
}
