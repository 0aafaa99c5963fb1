package report

import (
	"strings"
	"testing"

	"triagent/incident"
)

// observed is a diagnosis with evidence of the given texts, all of one place,
// the first cited of which are by one step.
func observed(cited int, texts ...string) incident.Diagnosis {
	d := incident.Diagnosis{Verdict: incident.Likely}
	step := incident.Reason{Number: 1, Text: incident.Say("literal", "text", "step")}
	for i, text := range texts {
		id := "E" + string(rune('1'+i))
		d.Evidence = append(d.Evidence, incident.Evidence{
			ID: incident.EvidenceID(id), Node: "a", Text: incident.Say("literal", "text", text), Source: incident.Source{File: "events.jsonl", Line: 1},
		})
		if i < cited {
			step.Cites = append(step.Cites, id)
		}
	}
	d.Reasoning = []incident.Reason{step}
	why := incident.Rejected{Node: "b", Fault: "f", Because: incident.Say("literal", "text", "because")}
	for _, c := range step.Cites {
		why.Cites = append(why.Cites, incident.EvidenceID(c))
	}
	d.Rejected = []incident.Rejected{why}
	return d
}

func TestTextShowsEvidenceOnce(t *testing.T) {
	for _, tt := range []struct {
		name      string
		d         incident.Diagnosis
		want, not []string
	}{
		{"all of it below the step", observed(2, "up", "down"), []string{"step [E1 E2]"}, []string{"\nEvidence"}},
		{"a twin in the step", observed(3, "up", "up", "down"), []string{"step [E1 E3]", "because [E1 E3]"}, []string{"E2", "\nEvidence"}},
		{"a twin that nothing cites", observed(1, "up", "up"), []string{"step [E1]"}, []string{"E2", "\nEvidence"}},
		{"more than is cited", observed(1, "up", "down"), []string{"step [E1]", "\nEvidence\n  1 more"}, []string{"E2"}},
		{"six as cited", observed(6, "a", "b", "c", "d", "e", "f"), []string{"[E1 E2 E3 E4 E5 E6]", "E6  a  f"}, []string{"\nEvidence"}},
		{"none", incident.Diagnosis{Verdict: incident.Healthy}, nil, []string{"Evidence"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			if err := Text(&b, tt.d, Options{}); err != nil {
				t.Fatal(err)
			}
			for _, s := range tt.want {
				if !strings.Contains(b.String(), s) {
					t.Errorf("lacks %q:\n%s", s, b.String())
				}
			}
			for _, s := range tt.not {
				if strings.Contains(b.String(), s) {
					t.Errorf("has %q:\n%s", s, b.String())
				}
			}
		})
	}
}

func TestReductionUnits(t *testing.T) {
	for _, tt := range []struct {
		lang    Lang
		unit    string
		in, out int64
		want    string
	}{
		{English, "lines", 184220, 1, "184,220 to 1 line"},
		{English, "records to templates", 1960, 81, "1,960 records to 81 templates"},
		{English, "spans to evidence", 1, 1, "1 span to 1 piece of evidence"},
		{English, "series", 849, 1, "849 to 1 series"},
		{English, "apples", 2, 1, "2 to 1 apples"},
		{Chinese, "records to templates", 1960, 81, "1,960 条记录 → 81 个模板"},
		{Chinese, "lines", 2, 1, "2 → 1 行"},
	} {
		o := Options{Lang: tt.lang}
		if got := o.reductionView(incident.Reduction{In: tt.in, Out: tt.out, Unit: tt.unit}).Amount; got != tt.want {
			t.Errorf("%s, %q: got %q, want %q", tt.lang, tt.unit, got, tt.want)
		}
	}
}
