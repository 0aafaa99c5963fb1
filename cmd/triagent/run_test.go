package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/vbauerster/mpb/v8"
	"go.uber.org/goleak"

	"triagent/agents/casebook"
	"triagent/evidence/brief"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is an engine whose answer lies in the name of the bundle.
type fake struct {
	mu     sync.Mutex
	closed bool
	jobs   int
	wait   func(path string) // called before an answer; may be nil
	cancel context.CancelFunc
}

func (f *fake) Diagnose(ctx context.Context, path string, l incident.Listener) (incident.Diagnosis, error) {
	if f.wait != nil {
		f.wait(path)
	}
	var d incident.Diagnosis
	tell := func(e incident.Event) { d.Fold(e); l(e) }
	name := filepath.Base(path)
	switch {
	case strings.HasPrefix(name, "bad"):
		return d, errs.At("metrics/a.csv", 7, 3, "%q is no number", "x")
	case strings.HasPrefix(name, "broken"):
		return d, errors.New("it broke")
	case strings.HasPrefix(name, "stop"):
		f.cancel()
		<-ctx.Done()
		return d, context.Cause(ctx)
	}
	tell(incident.Opened{Incident: incident.Incident{ID: incident.ID("id-" + name)}, Engine: incident.Engine{Name: "fake"}})
	for _, s := range []incident.Stage{incident.Map, incident.Judge} {
		tell(incident.StageStarted{Stage: s})
		tell(incident.StageEnded{Stage: s})
	}
	if strings.HasPrefix(name, "late") {
		return d, errors.New("it broke late")
	}
	tell(incident.CauseRanked{Cause: incident.Cause{Rank: 1, Node: "n1", Fault: "disk_full", Probability: 0.7}})
	tell(incident.Concluded{Verdict: incident.Likely, Confidence: 0.7, Summary: incident.Say("literal", "text", name)})
	return d, nil
}

func (f *fake) Brief(_ context.Context, _ string, d *incident.Diagnosis, tokens int) (brief.Brief, error) {
	return brief.Make(d, brief.More{}, tokens), nil
}

func (f *fake) Word(lang, key string) (string, bool) {
	return lang + " disk full", key == "fault.disk_full"
}

func (f *fake) Remember(context.Context, string) ([]casebook.Case, error) { return nil, nil }

func (f *fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

// call runs the program on the fake engine.
func call(t *testing.T, f *fake, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.cancel = cancel
	var out, err bytes.Buffer
	code = run(ctx, args, world{
		stdin: strings.NewReader("a 1\na 2\n"), stdout: &out, stderr: &err, env: func(string) string { return "" },
		open: func(_ context.Context, c engineConfig) (diagnoser, error) {
			f.jobs = c.Jobs
			return f, nil
		},
	})
	return code, out.String(), err.String()
}

func TestExitStatus(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   string
		code   int
		stderr string // part of it; "" if it is empty
	}{
		{"done", "diagnose a", 0, ""},
		{"several done", "diagnose a b --jobs 3", 0, ""},
		{"bad input", "diagnose bad", 2, `bad: metrics/a.csv:7:3: "x" is no number`},
		{"failure", "diagnose broken", 1, "broken: it broke"},
		{"some failed", "diagnose a bad b", 3, "1 of 3 bundles failed"},
		{"all failed", "diagnose bad broken", 1, "2 of 2 bundles failed"},
		{"interrupted", "diagnose a stop b", 130, "interrupted"},
		{"interrupted alone", "diagnose stop", 130, "interrupted"},
		{"no command", "", 2, "expected one of"},
		{"no bundle", "diagnose", 2, "no bundle given"},
		{"bundled and own", "diagnose --bundled a", 2, "--bundled takes no bundle"},
		{"no such flag", "diagnose --nosuch a", 2, "unknown flag --nosuch"},
		{"no such format", "diagnose --format pdf a", 2, `--format must be one of`},
		{"no such engine", "diagnose --engine model a", 2, `--engine must be one of "builtin","auto" but got "model"`},
		{"jobs below zero", "diagnose --jobs=-1 a", 2, "--jobs is -1"},
		{"no room for tokens", "diagnose --format evidence --tokens 10 a", 2, "--tokens is 10"},
		{"output in no folder", "diagnose --out /no/such/folder/x a", 2, "/no/such/folder"},
		{"output is a folder", "diagnose --out . a", 2, "is a folder"},
		{"help", "diagnose --help", 0, ""},
		{"version", "version", 0, ""},
		{"templates", "templates -", 0, ""},
		{"templates of nothing", "templates no-such.log", 2, "no-such.log"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{}
			code, _, stderr := call(t, f, strings.Fields(tt.args)...)
			if code != tt.code {
				t.Errorf("status %d, want %d; %s", code, tt.code, stderr)
			}
			if (tt.stderr == "") != (stderr == "") || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("standard error is %q, want %q in it", stderr, tt.stderr)
			}
			if code == exitUsage && strings.Count(stderr, "\n") != 1 {
				t.Errorf("more than one message: %q", stderr)
			}
		})
	}
}

func TestJSONLines(t *testing.T) {
	// The first bundle answers last: the order is that of the arguments.
	others := make(chan struct{}, 3)
	f := &fake{wait: func(path string) {
		if path != "a" {
			others <- struct{}{}
			return
		}
		for range 3 {
			<-others
		}
	}}
	code, out, _ := call(t, f, "diagnose", "--format=json", "--jobs=4", "a", "bad.tar.gz", "late", "b")
	if code != exitSome {
		t.Errorf("status %d", code)
	}
	want := []string{
		`{"version":1,"incident":"id-a","verdict":"likely","confidence":0.7,`,
		`{"version":1,"incident":"bad","error":{"kind":"invalid","file":"metrics/a.csv","line":7,"column":3,"message":"\"x\" is no number"}}`,
		`{"version":1,"incident":"id-late","error":{"kind":"internal","file":"","line":0,"column":0,"message":"it broke late"}}`,
		`{"version":1,"incident":"id-b","verdict":"likely",`,
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d: %s", len(lines), len(want), out)
	}
	for i, l := range lines {
		if !strings.HasPrefix(l, want[i]) {
			t.Errorf("line %d is %s, want %s", i+1, l, want[i])
		}
	}
	if !f.closed {
		t.Error("the engine was not closed")
	}
}

// TestSameBytes checks that the result does not depend on how many are
// diagnosed at once.
func TestEvidenceForm(t *testing.T) {
	code, out, _ := call(t, &fake{}, "diagnose", "--format", "evidence", "a", "bad", "b")
	if code != exitSome || !strings.HasPrefix(out, "incident id-a") || !strings.Contains(out, "incident id-b") || strings.Contains(out, "bad") {
		t.Errorf("exit %d, %s", code, out)
	}
}

func TestSameBytes(t *testing.T) {
	for _, format := range []string{"text", "json", "markdown", "html", "table"} {
		_, one, _ := call(t, &fake{}, "diagnose", "--jobs=1", "--format="+format, "a", "b", "bad", "c")
		_, four, _ := call(t, &fake{}, "diagnose", "--jobs=4", "--format="+format, "a", "b", "bad", "c")
		if one != four || one == "" {
			t.Errorf("%s: %q and %q", format, one, four)
		}
	}
}

func TestSingleFailure(t *testing.T) {
	for format, want := range map[string]string{"json": `{"version":1,"incident":"bad","error":`, "text": "", "markdown": "", "html": ""} {
		if _, out, _ := call(t, &fake{}, "diagnose", "--format="+format, "bad"); !strings.HasPrefix(out, want) || want == "" && out != "" {
			t.Errorf("%s: %q", format, out)
		}
	}
}

func TestOutFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "out.json")
	only := func(want ...string) {
		t.Helper()
		var got []string
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the folder holds %q, want %q", got, want)
		}
	}
	if code, _, _ := call(t, &fake{}, "diagnose", "--format=json", "--out="+file, "--jobs=1", "a", "stop"); code != exitInterrupted {
		t.Errorf("status %d", code)
	}
	only()
	if code, _, _ := call(t, &fake{}, "diagnose", "--out="+file, "bad"); code != exitUsage {
		t.Errorf("status %d", code)
	}
	only()
	code, out, _ := call(t, &fake{}, "diagnose", "--format=json", "--out="+file, "a", "b")
	if code != exitDone || out != "" {
		t.Errorf("status %d, standard output %q", code, out)
	}
	only("out.json")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
		if _, err := report.Decode(l); err != nil {
			t.Errorf("line %d: %v", i+1, err)
		}
	}
}

func TestReports(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "reports")
	code, out, _ := call(t, &fake{}, "diagnose", "--format=table", "--reports="+dir, "a", "x/a", "..", "bad")
	if code != exitSome || !strings.Contains(out, "HTML reports: "+filepath.Join(dir, "index.html")) {
		t.Errorf("status %d, %s", code, out)
	}
	index, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"id-a.html", "id-a-2.html", "id-...html", "bad.html"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
		if !bytes.Contains(index, []byte(`href="`+name+`"`)) {
			t.Errorf("the index does not lead to %s", name)
		}
	}
}

func TestFolderNames(t *testing.T) {
	f := &folder{taken: map[string]bool{"index.html": true}}
	for _, tt := range []struct{ id, want string }{
		{"a", "a.html"},
		{"A", "A-2.html"},
		{"../../etc/passwd", "_.._etc_passwd.html"},
		{"index", "index-2.html"},
		{"", "incident.html"},
		{"...", "incident-2.html"},
		{strings.Repeat("x", 300), "incident-3.html"},
		{"日志", "__.html"},
	} {
		if got := f.name(tt.id); got != tt.want {
			t.Errorf("name(%q) = %q, want %q", tt.id, got, tt.want)
		}
	}
}

func TestBundled(t *testing.T) {
	code, out, stderr := call(t, &fake{}, "diagnose", "--bundled", "--format=table", "--lang=zh")
	if code != exitDone || stderr != "" {
		t.Fatalf("status %d: %s", code, stderr)
	}
	if !strings.Contains(out, "记录的故障") || !strings.Contains(out, "iotdb-lab-") {
		t.Errorf("no recorded faults in %s", out)
	}
}

func TestPlainProgress(t *testing.T) {
	_, _, stderr := call(t, &fake{}, "diagnose", "--progress=plain", "a")
	if !strings.Contains(stderr, "judge") || !strings.Contains(stderr, "en disk full") {
		t.Errorf("steps are missing: %q", stderr)
	}
}

func TestJobs(t *testing.T) {
	for _, tt := range []struct{ jobs, bundles, atOnce, agents int }{
		{1, 1, 1, 1}, {1, 5, 1, 1}, {4, 1, 1, 4}, {4, 2, 2, 2}, {4, 8, 4, 1}, {3, 2, 2, 1},
	} {
		if atOnce, agents := split(tt.jobs, tt.bundles); atOnce != tt.atOnce || agents != tt.agents {
			t.Errorf("split(%d, %d) = %d, %d", tt.jobs, tt.bundles, atOnce, agents)
		}
	}
	f := &fake{}
	call(t, f, "diagnose", "--jobs=3", "a")
	if f.jobs != 3 {
		t.Errorf("%d agents at once", f.jobs)
	}
}

// TestBar draws the bar on a buffer: it must come to its end, whatever order
// things happen in.
func TestBar(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out, report.Options{}, 2, mpb.WithAutoRefresh())
	l := b.listener(0)
	for range 9 { // more stages than are known of
		l(incident.StageEnded{Stage: incident.Map})
	}
	b.message("something failed")
	b.finished(0)
	b.end() // before the second is done: interrupted
	if !strings.Contains(out.String(), "something failed") {
		t.Errorf("no message in %q", out.String())
	}
}

// TestFailIsInert checks that a message cannot command the terminal.
func TestFailIsInert(t *testing.T) {
	var out bytes.Buffer
	fail(&out, errors.New("no\x1b[31m\u009b1m\u202e \u2066node\x7f 日志\n"), exitFailed)
	if got, want := out.String(), "triagent: no[31m1m node 日志\n\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
