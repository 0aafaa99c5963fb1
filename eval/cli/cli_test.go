package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"triagent/eval"
	"triagent/eval/cli"
	"triagent/incident"
	"triagent/internal/errs"
)

// stub blames db of whatever it is given.
type stub struct{}

func (stub) Diagnose(context.Context, string) (incident.Diagnosis, error) {
	return incident.Diagnosis{
		Engine: incident.Engine{Name: "stub", Version: "1"}, Verdict: incident.Likely, Confidence: .7, Detection: incident.Detection{Anomalous: true},
		Causes: []incident.Cause{{Rank: 1, Node: "db", Service: "database", Fault: "lock_contention", Probability: .7}},
	}, nil
}

// command runs a command line and returns what it printed.
func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	env := &cli.Env{
		Stdout: &out, Stderr: &out, Version: "test",
		Open: func(context.Context, eval.Options) (eval.Diagnoser, error) { return stub{}, nil },
		Check: func(context.Context, string, incident.Diagnosis) (eval.Checked, error) {
			return eval.Checked{Claims: 2, Sound: 1}, nil
		},
	}
	var grammar struct {
		Eval cli.Command `cmd:""`
	}
	p, err := kong.New(&grammar, kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Bind(env))
	if err != nil {
		t.Fatal(err)
	}
	k, err := p.Parse(append([]string{"eval"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	err = k.Run()
	return out.String(), err
}

// sherlock makes a published set of one run.
func sherlock(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"index.csv":    "kind,file,cause,abnormal_first_row_1based,abnormal_last_row_1based\nsingle,single/a.csv,Lock Contention,2,3\n",
		"single/a.csv": "Epoch,cpu,is_abnormal\n1,5,0\n2,7,1\n3,9,1\n",
	} {
		name = filepath.Join(root, "dbsherlock", name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestRunOfKnownSets(t *testing.T) {
	root, cache, out := sherlock(t), t.TempDir(), t.TempDir()
	js, page := filepath.Join(out, "r.json"), filepath.Join(out, "r.html")
	args := []string{"run", "--datasets", root, "--cache", cache, "--json", js, "--html", page}
	text, err := command(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "version test, engine stub 1, seed 1") || !strings.Contains(text, "dbsherlock-single") {
		t.Errorf("printed %s", text)
	}
	rep, err := eval.ReadReport(js)
	if err != nil || len(rep.Sets) != 1 || len(rep.Sets[0].Exact.Rows) != 1 || rep.Sets[0].Exact.Rows[0].Sound != 1 {
		t.Fatalf("report %+v, %v", rep, err)
	}
	if b, err := os.ReadFile(page); err != nil || !bytes.HasPrefix(b, []byte("<!doctype html>")) {
		t.Errorf("page: %v", err)
	}
	before := imports(t, cache)
	if _, err := command(t, args...); err != nil || len(before) != 1 || imports(t, cache)[0] != before[0] {
		t.Errorf("the second run imported anew: %v, %v", before, err)
	}
	// A changed source is another import.
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(root, "dbsherlock", "index.csv"), later, later); err != nil {
		t.Fatal(err)
	}
	if _, err := command(t, args...); err != nil || len(imports(t, cache)) != 2 {
		t.Errorf("a changed source was not imported: %v, %v", imports(t, cache), err)
	}
	if text, err = command(t, "compare", js, js); err != nil || !strings.Contains(text, "1 case, 0 better, 0 worse") {
		t.Errorf("compare: %v, %s", err, text)
	}
	if text, err = command(t, "compare", "--json", js, js); err != nil || !strings.HasPrefix(text, "{") {
		t.Errorf("compare --json: %v, %s", err, text)
	}
}

func imports(t *testing.T, cache string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(cache, "dbsherlock-*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestImport(t *testing.T) {
	root, dst := sherlock(t), t.TempDir()
	text, err := command(t, "import", "dbsherlock", filepath.Join(root, "dbsherlock"), dst)
	if err != nil || !strings.HasPrefix(text, "dbsherlock-single: 1 bundles in ") {
		t.Errorf("printed %q, %v", text, err)
	}
}

// TestPlaceOfReport checks that a report that cannot be written is refused
// before the work: what is named as the set is none.
func TestPlaceOfReport(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "no", "such", "file")
	for _, flag := range []string{"--json", "--html"} {
		_, err := command(t, "run", "--cache", t.TempDir(), flag, nowhere, sherlock(t))
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), nowhere) {
			t.Errorf("%s: %v, want the place of the report", flag, err)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{
		{"run", "--datasets", t.TempDir(), "--cache", t.TempDir()},
		{"run", "--cache", t.TempDir(), filepath.Join(t.TempDir(), "none")},
		{"import", "nosuch", t.TempDir(), t.TempDir()},
		{"compare", "a.json", "b.json"},
	} {
		if _, err := command(t, args...); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%q: %v, want kind invalid", args, err)
		}
	}
}

// What no engine of this program can do is not offered.
func TestRunOffersWhatThereIs(t *testing.T) {
	var grammar struct {
		Eval cli.Command `cmd:""`
	}
	p, err := kong.New(&grammar)
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--engine=model"} {
		if _, err := p.Parse([]string{"eval", "run", flag}); err == nil || !strings.Contains(err.Error(), "unknown flag") {
			t.Errorf("%s: %v, want an unknown flag", flag, err)
		}
	}
}
