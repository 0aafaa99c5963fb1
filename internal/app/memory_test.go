package app

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"triagent/agents/casebook"
	"triagent/evidence"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// solved is a truth.json.
func solved(node, fault string) string {
	return `{"version":1,"causes":[{"node":"` + node + `","fault":"` + fault + `","label":"as on Monday"}]}`
}

// Remember reads folders of bundles and files of cases alike; what nothing can be
// learned from is left out, and nothing at all is an error.
func TestRemember(t *testing.T) {
	a, err := New(Config{Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	one := mill{seed: 1, bad: 2, cpu: 20, memory: 40, truth: solved("mill-2", "memory_saturation")}.write(t)
	all := filepath.Dir(one)
	for name, m := range map[string]mill{
		"healthy": {seed: 2, bad: 1, truth: `{"version":1,"healthy":true}`}, "open": closeCall(3, 3),
		"stranger": {seed: 4, bad: 1, cpu: 9, truth: solved("elsewhere", "disk_full")},
	} {
		if err := os.Rename(m.write(t), filepath.Join(all, name)); err != nil {
			t.Fatal(err)
		}
	}
	cases, err := a.Remember(t.Context(), all)
	if err != nil || len(cases) != 1 || cases[0].ID != "mill-1" {
		t.Fatalf("%v; %d cases", err, len(cases))
	}
	guilty := slices.IndexFunc(cases[0].Nodes, func(n casebook.Node) bool { return n.Culprit })
	if n := cases[0].Nodes[guilty]; n.Fault != "memory_saturation" || n.Label != "as on Monday" || n.Who != casebook.Mask("mill-2") {
		t.Errorf("%+v", n)
	}
	var text bytes.Buffer
	if err := casebook.Write(&text, cases); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cases.jsonl")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if back, err := a.Remember(t.Context(), file); err != nil || !reflect.DeepEqual(back, cases) {
		t.Errorf("%v; by way of a file: %+v", err, back)
	}
	for _, path := range []string{filepath.Join(all, "healthy"), filepath.Join(all, "open"), filepath.Join(one, "incident.json"), t.TempDir(), "no such"} {
		if _, err := a.Remember(t.Context(), path); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v, want kind invalid", path, err)
		}
	}
}

// TestOwnCase tells an incident what others were, and not what it was itself.
func TestOwnCase(t *testing.T) {
	a, err := New(Config{Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	own := mill{seed: 1, bad: 2, cpu: 20, memory: 40, truth: solved("mill-2", "memory_saturation")}.write(t)
	cases, err := a.Remember(t.Context(), own)
	if err != nil {
		t.Fatal(err)
	}
	with, err := a.With(t.Context(), cases)
	if err != nil {
		t.Fatal(err)
	}
	for path, told := range map[string]bool{own: false, closeCall(2, 3).write(t): true} {
		b, err := telemetry.Open(t.Context(), path, telemetry.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		con, err := with.conductor(t.Context(), b.Incident.ID)
		if err != nil || (con == with.con) != told {
			t.Errorf("%s is told of its own case: %v", b.Incident.ID, err)
		}
	}
}

// With answers otherwise than without, says by what, and all of that holds; with
// no cases it is the same.
func TestWith(t *testing.T) {
	a, err := New(Config{Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	cases, err := a.Remember(t.Context(), mill{seed: 1, bad: 2, cpu: 20, memory: 40, truth: solved("mill-2", "memory_saturation")}.write(t))
	if err != nil {
		t.Fatal(err)
	}
	with, err := a.With(t.Context(), cases)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := a.With(t.Context(), nil); err != nil || same != a {
		t.Errorf("without cases: %v", err)
	}
	path := closeCall(2, 3).write(t)
	for _, c := range []struct {
		fault incident.Fault
		label string
		app   *App
	}{
		{"cpu_saturation", "", a}, {"memory_saturation", "as on Monday", with},
	} {
		d, err := c.app.Diagnose(t.Context(), path, nil)
		if err != nil || d.Causes[0].Node != "mill-3" || d.Causes[0].Fault != c.fault || d.Causes[0].Label != c.label {
			t.Fatalf("%v: %+v, want %s", err, d.Causes[0], c.fault)
		}
		known := slices.IndexFunc(d.Evidence, func(e incident.Evidence) bool { return e.Kind == incident.Knowledge })
		if c.app == a && known >= 0 || c.app == with && (known < 0 || !slices.ContainsFunc(d.Reasoning, func(r incident.Reason) bool {
			return r.Text.Key == "reason.solved" && slices.Contains(r.Cites, string(d.Evidence[known].ID))
		})) {
			t.Errorf("%s: it does not say by what: %+v", c.fault, d.Reasoning)
		}
		b, err := telemetry.Open(t.Context(), path, telemetry.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := evidence.Check(t.Context(), b, &d); err != nil || !r.Held() {
			t.Errorf("%v, %v", err, r.Problems)
		}
	}
}
