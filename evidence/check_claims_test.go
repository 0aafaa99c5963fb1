package evidence

import (
	"slices"
	"testing"

	"triagent/incident"
)

func TestCitationsAreFollowed(t *testing.T) {
	b, d := madeDiagnosis(t)
	broken := func(name string, do func(d *incident.Diagnosis)) {
		t.Run(name, func(t *testing.T) {
			c := *d
			c.Evidence = slices.Clone(d.Evidence)
			c.Findings = slices.Clone(d.Findings)
			do(&c)
			r := mustCheck(t, b, &c)
			if r.Held() || r.ClaimsHeld == r.Claims && r.EvidenceHeld == r.Evidence && name != "chart" && name != "finding twice" {
				t.Errorf("%+v", r)
			}
		})
	}
	nobody := []incident.EvidenceID{"E999"}
	broken("cause", func(d *incident.Diagnosis) { d.Causes = []incident.Cause{{Cites: nobody}} })
	broken("cause without", func(d *incident.Diagnosis) { d.Causes = []incident.Cause{{}} })
	broken("cause cites a finding", func(d *incident.Diagnosis) { d.Causes = []incident.Cause{{Cites: []incident.EvidenceID{"F1"}}} })
	broken("finding", func(d *incident.Diagnosis) { d.Findings[0].Cites = nobody })
	broken("finding twice", func(d *incident.Diagnosis) { d.Findings[1].ID = "F1" })
	broken("reasoning", func(d *incident.Diagnosis) { d.Reasoning = []incident.Reason{{Cites: []string{"F999"}}} })
	broken("reasoning without", func(d *incident.Diagnosis) { d.Reasoning = []incident.Reason{{}} })
	broken("rejected", func(d *incident.Diagnosis) { d.Rejected = []incident.Rejected{{Cites: nobody}} })
	broken("propagation", func(d *incident.Diagnosis) { d.Propagation = []incident.Spread{{Cites: nobody}} })
	broken("chart", func(d *incident.Diagnosis) { d.Charts = []incident.Chart{{Evidence: "E999"}} })
	broken("evidence twice", func(d *incident.Diagnosis) { d.Evidence[1].ID = "E1" })
	broken("wrong evidence brings down its finding", func(d *incident.Diagnosis) {
		d.Evidence[0] = clone(d.Evidence[0])
		d.Evidence[0].Numbers[0].Value *= 2
		restate(&d.Evidence[0])
	})
}

// Where there is no evidence, a cause may say where to look first, but no more.
func TestCauseWithoutEvidence(t *testing.T) {
	b := madeBundle(t)
	silent := incident.Cause{Rank: 1, Node: "db-1", Fault: incident.UnknownFault}
	for _, tt := range []struct {
		name string
		do   func(d *incident.Diagnosis)
		held bool
	}{
		{"where to look", func(*incident.Diagnosis) {}, true},
		{"a fault", func(d *incident.Diagnosis) { d.Causes[0].Fault = "cpu_saturation" }, false},
		{"a probability", func(d *incident.Diagnosis) { d.Causes[0].Probability = .1 }, false},
		{"a verdict", func(d *incident.Diagnosis) { d.Verdict = incident.Likely }, false},
		{"what does not exist", func(d *incident.Diagnosis) { d.Causes[0].Cites = []incident.EvidenceID{"E1"} }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := incident.Diagnosis{Verdict: incident.Inconclusive, Causes: []incident.Cause{silent}}
			tt.do(&d)
			if r := mustCheck(t, b, &d); r.Held() != tt.held {
				t.Errorf("%+v", r)
			}
		})
	}
	b, d := madeDiagnosis(t)
	d.Verdict, d.Causes = incident.Inconclusive, []incident.Cause{silent}
	if r := mustCheck(t, b, d); r.Held() {
		t.Error("a cause that cites none of the evidence there is holds")
	}
}
