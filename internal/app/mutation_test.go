package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"triagent/evidence"
	"triagent/incident"
)

// lie changes a piece of evidence so that it says what its data does not; it
// reports whether it could.
type lie struct {
	name string
	tell func(e *incident.Evidence) bool
}

var lies = []lie{
	{"a number a twentieth larger, in the text too", func(e *incident.Evidence) bool {
		return change(e, func(n *incident.Number) bool { n.Value *= 1.05; return n.Value != 0 })
	}},
	{"a number one larger, in the text too", func(e *incident.Evidence) bool {
		return change(e, func(n *incident.Number) bool { n.Value++; return n.Value < 1e6 })
	}},
	{"a number of another column", func(e *incident.Evidence) bool {
		return change(e, func(n *incident.Number) bool { n.Column += "x"; return n.Value != 0 && n.Column != "x" })
	}},
	{"a number of a file that is not there", func(e *incident.Evidence) bool {
		return change(e, func(n *incident.Number) bool { n.File += "x"; return true })
	}},
	{"a number of another day", func(e *incident.Evidence) bool {
		return change(e, func(n *incident.Number) bool {
			n.Windows = slices.Clone(n.Windows)
			for i := range n.Windows {
				n.Windows[i].From, n.Windows[i].To = n.Windows[i].From.AddDate(0, 0, 1), n.Windows[i].To.AddDate(0, 0, 1)
			}
			return n.Value != 0 && len(n.Windows) > 0
		})
	}},
	{"another digit in the text", func(e *incident.Evidence) bool {
		for i := range e.Text.Args {
			a := &e.Text.Args[i]
			if at := slices.IndexFunc(e.Numbers, func(n incident.Number) bool { return n.Name == a.Name }); at >= 0 {
				return nextDigit(&a.Value) && !evidence.Prints(a.Value, e.Numbers[at].Value, evidence.UnitOf(e.Numbers[at].Stat, e.Unit))
			}
		}
		return false
	}},
	{"a number that nothing yields", func(e *incident.Evidence) bool {
		e.Text.Args = append(e.Text.Args, incident.Arg{Name: "more", Value: "87123"})
		return true
	}},
	{"a line behind the end", func(e *incident.Evidence) bool { e.Source.Line += 1 << 30; return e.Kind != incident.Placement }},
	{"a file that is not there", func(e *incident.Evidence) bool { e.Source.File += "x"; return true }},
	{"a file of another kind", func(e *incident.Evidence) bool { e.Source.File = "incident.json"; return true }},
	{"another node", func(e *incident.Evidence) bool { e.Node, e.Peer = "nobody", ""; return true }},
	{"another day", func(e *incident.Evidence) bool {
		for _, w := range []*incident.Window{&e.Window, &e.Onset} {
			w.From, w.To = w.From.Add(24*time.Hour), w.To.Add(24*time.Hour)
		}
		return !e.Onset.IsZero() && (e.Kind == incident.Metric || e.Kind == incident.Placement) // a log or span is placed by the windows of its numbers
	}},
}

// change changes the first number with a recipe of its own, and prints all as
// they then are.
func change(e *incident.Evidence, do func(n *incident.Number) bool) bool {
	at := slices.IndexFunc(e.Numbers, func(n incident.Number) bool { return n.File != "" })
	if at < 0 || !do(&e.Numbers[at]) {
		return false
	}
	for i := range e.Numbers {
		n := &e.Numbers[i]
		if n.Stat == evidence.Share || n.Stat == evidence.Ratio {
			n.Value = evidence.Derived(n.Stat, e.Numbers, n.Arg)
		}
		for k := range e.Text.Args {
			if e.Text.Args[k].Name == n.Name {
				e.Text.Args[k].Value = evidence.Format(n.Value, evidence.UnitOf(n.Stat, e.Unit))
			}
		}
	}
	return true
}

// nextDigit changes the last digit of s.
func nextDigit(s *string) bool {
	i := strings.LastIndexAny(*s, "0123456789")
	if i < 0 {
		return false
	}
	b := []byte(*s)
	b[i] = '0' + (b[i]-'0'+1)%10
	*s = string(b)
	return true
}

// Each lie about each piece of evidence of a diagnosis is caught, and brings
// down what cites it.
func TestMutatedEvidenceFails(t *testing.T) {
	path := bundled(t)[0]
	d := diagnose(t, newApp(t, 0), path)
	told := incident.Diagnosis{Incident: d.Incident}
	names := map[string]string{}
	kinds := map[incident.Kind]bool{}
	for _, e := range d.Evidence {
		kinds[e.Kind] = true
		for i, l := range lies {
			bad := e
			bad.Numbers, bad.Text.Args = slices.Clone(e.Numbers), slices.Clone(e.Text.Args)
			if !l.tell(&bad) {
				continue
			}
			bad.ID = incident.EvidenceID(fmt.Sprintf("%s/%d", e.ID, i))
			names[string(bad.ID)] = fmt.Sprintf("%s (%s of %s) with %s", e.ID, e.Kind, e.Node, l.name)
			told.Evidence = append(told.Evidence, bad)
			told.Findings = append(told.Findings, incident.Finding{ID: incident.FindingID("F" + bad.ID), Cites: []incident.EvidenceID{bad.ID}})
		}
	}
	r := check(t, path, &told)
	t.Logf("%d lies about %d pieces of evidence", r.Evidence, len(d.Evidence))
	if r.Evidence < 200 || len(kinds) < 4 {
		t.Errorf("only %d lies about %d kinds of evidence", r.Evidence, len(kinds))
	}
	if r.EvidenceHeld != 0 || r.ClaimsHeld != 0 {
		t.Errorf("%d pieces of evidence and %d findings hold", r.EvidenceHeld, r.ClaimsHeld)
	}
	for _, p := range r.Problems {
		delete(names, p.Where)
	}
	for _, name := range names {
		t.Errorf("not caught: %s", name)
	}
}

// A citation that leads nowhere is caught wherever it stands, and so is a claim
// that cites nothing.
func TestMutatedCitationsFail(t *testing.T) {
	path := bundled(t)[0]
	a := newApp(t, 0)
	for _, tt := range []struct {
		name string
		do   func(d *incident.Diagnosis)
	}{
		{"no evidence", func(d *incident.Diagnosis) { d.Evidence = nil }},
		{"no findings", func(d *incident.Diagnosis) { d.Findings = nil }},
		{"cause", func(d *incident.Diagnosis) { d.Causes[0].Cites = []incident.EvidenceID{"E9999"} }},
		{"cause without", func(d *incident.Diagnosis) { d.Causes[0].Cites = nil }},
		{"finding", func(d *incident.Diagnosis) { d.Findings[0].Cites = []incident.EvidenceID{"E9999"} }},
		{"finding without", func(d *incident.Diagnosis) { d.Findings[0].Cites = nil }},
		{"step", func(d *incident.Diagnosis) { d.Reasoning[0].Cites = []string{"F9999"} }},
		{"step without", func(d *incident.Diagnosis) { d.Reasoning[0].Cites = nil }},
		{"rejected", func(d *incident.Diagnosis) { d.Rejected[0].Cites = []incident.EvidenceID{"E9999"} }},
		{"evidence twice", func(d *incident.Diagnosis) { d.Evidence[1].ID = d.Evidence[0].ID }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := diagnose(t, a, path)
			if len(d.Causes) == 0 || len(d.Rejected) == 0 || len(d.Findings) == 0 || len(d.Reasoning) == 0 {
				t.Fatalf("%d causes, %d rejected, %d findings, %d steps", len(d.Causes), len(d.Rejected), len(d.Findings), len(d.Reasoning))
			}
			tt.do(&d)
			if r := check(t, path, &d); r.Held() {
				t.Errorf("nothing is wrong: %+v", r)
			}
		})
	}
}
