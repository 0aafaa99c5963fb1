package meta

import (
	"testing"

	"triagent/incident"
	"triagent/telemetry"
)

func TestCite(t *testing.T) {
	a := questions(&telemetry.Bundle{Collected: telemetry.Collected{Queries: []telemetry.Query{
		{File: "metrics/n1.csv", Column: "up", Text: `up{instance="n1"}`},
		{File: "logs/n1.log", Text: `{node="n1"}`},
		{File: "traces.jsonl", Text: "/api/traces?service=n1"},
	}}})
	for _, c := range []struct{ file, query, want string }{
		{"metrics/n1.csv.gz", "up", `up{instance="n1"}`},
		{"metrics/n1.csv", "load", "load"}, // not of a query: the column stays
		{"logs/n1.log", "", `{node="n1"}`},
		{"traces.jsonl.zst", "name=x", "name=x"}, // a selector says more than the query of all
		{"logs/n2.log", "", ""},
	} {
		if got := a.cite(incident.Source{File: c.file, Query: c.query}).Query; got != c.want {
			t.Errorf("%s %q: %q, want %q", c.file, c.query, got, c.want)
		}
	}
	if got := questions(&telemetry.Bundle{}).cite(incident.Source{File: "f", Query: "q"}).Query; got != "q" {
		t.Errorf("without queries: %q", got)
	}
}
