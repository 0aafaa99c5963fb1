package data

import (
	"math"
	"strings"
	"testing"

	"triagent/incident"
	"triagent/report"
)

// tail makes three nodes with metrics at every row; those of b are as gone says
// for the last rows.
func tail(t *testing.T, rows int, gone func(name string) bool) *record {
	t.Helper()
	r := newRecord(t)
	until := func(name string) func(int) float64 {
		return func(row int) float64 {
			if row >= rowCount-rows && gone(name) {
				return math.NaN()
			}
			return 100
		}
	}
	for _, n := range []incident.NodeID{"a", "c"} {
		r.node(n, map[string]func(int) float64{"rig_busy": nil, "m1": nil, "m2": nil, "up": nil})
	}
	r.node("b", map[string]func(int) float64{"rig_busy": until("rig_busy"), "m1": until("m1"), "m2": until("m2"), "up": nil})
	for i := range r.in.Bundle.Tables {
		up := r.in.Bundle.Tables[i].Column("up")
		r.in.Bundle.Tables[i].Lines = make([]int32, rowCount)
		for k := range up.Values {
			up.Values[k] = 1
			if r.in.Bundle.Tables[i].Node == "b" && k >= rowCount-rows && gone("up") {
				up.Values[k] = 0
			}
		}
	}
	return r
}

// A node that ended a few samples ago says so, by what reports that it is down
// and by the silence of all else; one sample says nothing.
func TestMetricTail(t *testing.T) {
	all := func(string) bool { return true }
	for _, c := range []struct {
		name string
		rows int
		gone func(string) bool
		want map[incident.Signal]string // signal -> beginning of its text
	}{
		{"four samples", 4, all, map[incident.Signal]string{"process.up": "up: 1 → 0", "process.silent": " ended at"}},
		{"one sample", 1, all, nil},
		{"one metric", 4, func(n string) bool { return n == "m1" }, nil},
		{"up alone", 3, func(n string) bool { return n == "up" }, map[incident.Signal]string{"process.up": "up: 1 → 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := tail(t, c.rows, c.gone)
			res, err := Metric{}.Investigate(t.Context(), r.in)
			if err != nil {
				t.Fatal(err)
			}
			got := map[incident.Signal]string{}
			for _, e := range res.Evidence {
				if e.Node != "b" {
					t.Errorf("evidence at %s: %s", e.Node, report.Options{}.Word(e.Text))
				}
				if e.Signal == "process.up" || e.Signal == processSilent || e.Signal == nodeSilent {
					got[e.Signal] = report.Options{}.Word(e.Text)
					if e.Onset.From.Before(at(float64((rowCount-c.rows-2)*rowStep))) || e.Score < stateScore {
						t.Errorf("%s from %v, score %v", got[e.Signal], e.Onset, e.Score)
					}
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			for s, text := range c.want {
				if !strings.Contains(got[s], text) {
					t.Errorf("%s: %q, want %q", s, got[s], text)
				}
			}
		})
	}
}
