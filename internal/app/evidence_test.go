package app_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"triagent/evidence"
	"triagent/incident"
	"triagent/internal/app"
	"triagent/report"
	"triagent/telemetry"
)

// bundled lists the incidents that come with the program.
func bundled(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "demo", "incidents", "*"))
	if err != nil || len(paths) < 6 {
		t.Fatalf("%d incidents, %v", len(paths), err)
	}
	return paths
}

func newApp(t *testing.T, jobs int) *app.App {
	t.Helper()
	a, err := app.New(app.Config{Jobs: jobs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func diagnose(t *testing.T, a *app.App, path string) incident.Diagnosis {
	t.Helper()
	d, err := a.Diagnose(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// check has the checker judge a diagnosis of the bundle at path.
func check(t *testing.T, path string, d *incident.Diagnosis) evidence.Report {
	t.Helper()
	b, err := telemetry.Open(t.Context(), path, telemetry.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := evidence.Check(t.Context(), b, d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every citation of every diagnosis resolves and every number comes out of the
// raw files again, also when the diagnosis is read back from its file.
func TestEvidenceHolds(t *testing.T) {
	a := newApp(t, 0)
	kinds := map[incident.Kind]int{}
	numbers := 0
	for _, path := range bundled(t) {
		d := diagnose(t, a, path)
		for i := range d.Evidence {
			kinds[d.Evidence[i].Kind]++
		}
		line, err := report.Encode(d, report.Options{})
		if err != nil {
			t.Fatal(err)
		}
		read, err := report.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		for name, d := range map[string]*incident.Diagnosis{"as made": &d, "as read back": &read} {
			r := check(t, path, d)
			for _, p := range r.Problems {
				t.Errorf("%s %s: %s", filepath.Base(path), name, p)
			}
			if r.ClaimsHeld != r.Claims || r.EvidenceHeld != r.Evidence || r.NumbersHeld != r.Numbers || r.Claims == 0 {
				t.Errorf("%s %s: %+v", filepath.Base(path), name, r)
			}
			numbers += r.Numbers
		}
	}
	t.Logf("%d numbers, evidence by kind %v", numbers, kinds)
	for _, k := range []incident.Kind{incident.Metric, incident.Log, incident.Trace, incident.Placement} {
		if kinds[k] == 0 {
			t.Errorf("no evidence of kind %s: what it says was not put to the test", k)
		}
	}
}

// How many agents work at once changes nothing but the cost.
func TestSameBytesForAnyJobs(t *testing.T) {
	one, many := newApp(t, 1), newApp(t, 8)
	for _, path := range bundled(t) {
		for _, lang := range []report.Lang{report.English, report.Chinese} {
			first := encoded(t, one, path, lang)
			if again := encoded(t, many, path, lang); !bytes.Equal(first, again) {
				t.Errorf("%s in %s: one job says\n%s\nand eight say\n%s", filepath.Base(path), lang, first, again)
			}
		}
	}
}

func encoded(t *testing.T, a *app.App, path string, lang report.Lang) []byte {
	t.Helper()
	d := diagnose(t, a, path)
	d.Cost = incident.Cost{}
	line, err := report.Encode(d, report.Options{Lang: lang})
	if err != nil {
		t.Fatal(err)
	}
	return line
}
