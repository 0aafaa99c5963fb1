package show_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"triagent/eval"
	"triagent/eval/score"
	"triagent/eval/show"
	"triagent/incident"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func iou(v float64) *float64 { return &v }

// report is a small run with every sort of row: right, half right, wrong,
// failed, healthy and false alarm. A name tries to be markup.
func report() *eval.Report {
	const odd = `<script>alert("x")</script>`
	truth := []score.Cause{{Node: "db-1", Service: "db", Fault: "cpu_saturation"}}
	cause := func(node incident.NodeID, fault incident.Fault, p float64) []score.Cause {
		return []score.Cause{{Node: node, Service: "db", Fault: fault, Probability: p}}
	}
	rows := []*score.Row{
		{Case: "a", Split: "1", Truth: truth, Causes: cause("db-1", "cpu_saturation", .9), Verdict: incident.Confirmed, Confidence: .9, Alarm: true, IoU: iou(.8), Claims: 4, Sound: 4, Nodes: 3, WallMS: 10},
		{Case: "b", Split: "2", Truth: truth, Causes: cause("db-1", odd, .7), Verdict: incident.Likely, Confidence: .7, Alarm: true, IoU: iou(.4), Claims: 4, Sound: 3, Nodes: 3, WallMS: 20},
		{Case: odd, Split: "3", Truth: truth, Causes: cause("db-2", "io_saturation", .4), Verdict: incident.Inconclusive, Confidence: .4, Alarm: true, Nodes: 3, WallMS: 30},
		{Case: "d", Split: "4", Truth: truth, Error: "lost", Nodes: 3},
		{Case: "e", Split: "5", Healthy: true, Verdict: incident.Healthy, Confidence: .8, Hours: .1, WallMS: 5},
		{Case: "f", Split: "6", Healthy: true, Drawn: true, Alarm: true, Causes: cause("db-1", "cpu_saturation", .6), Confidence: .6, Hours: .1, WallMS: 5},
	}
	p := eval.Part{
		Figures: score.Figures(rows, 1), Confusion: score.Confuse(rows), Reliability: score.Bins(rows), Rows: rows,
		Beside: []eval.Beside{{Name: "random choice", Figures: score.PlaceFigures(rows[:3], 1)}, {Name: "largest z-score"}},
	}
	late := eval.Part{Figures: score.Figures(rows[:2], 1), Same: score.Figures(rows[:2], 1), LeftOut: map[string]int{"no window or no onset known": 2}}
	return &eval.Report{
		Version: 1, Program: "0.0.1", Engine: eval.EngineID{Name: "builtin", Version: "1"}, Seed: 1, Seconds: 2,
		Started:  time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Settings: eval.Settings{LateSeconds: 60, Trials: 1, Memory: "set"},
		Sets: []eval.SetReport{
			{Name: "lab", Checksum: "0123456789abcdef", Notes: "made " + odd, Cases: 6, Faulty: 4, Healthy: 2, Drawn: 1, Failed: 1, Exact: p, Late: &late},
			{Name: "bare", Checksum: "ff", Cases: 1, Faulty: 1, Exact: eval.Part{Rows: rows[:1], Figures: score.Figures(rows[:1], 1)}},
		},
		Pooled: &eval.Pooled{Figures: score.PlaceFigures(rows, 1), Late: score.PlaceFigures(rows[:2], 1), Same: score.PlaceFigures(rows[:2], 1)},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got\n%s", file, got)
	}
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	if err := show.Text(&b, report()); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.txt", b.Bytes())
	r := report()
	r.Sets[0].Name = "a\x1b[2J\x9b"
	b.Reset()
	if err := show.Text(&b, r); err != nil || bytes.ContainsAny(b.Bytes(), "\x1b\u009b") {
		t.Errorf("control characters reach the terminal: %v", err)
	}
}

func TestHTML(t *testing.T) {
	var b bytes.Buffer
	if err := show.HTML(&b, report()); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if strings.Contains(page, "<script") {
		t.Error("a name became markup")
	}
	if m := regexp.MustCompile(`(?i)(https?:)?//[a-z]|url\(|<link|@import`).FindString(page); m != "" {
		t.Errorf("the page needs something else: %q", m)
	}
	for _, want := range []string{"prefers-color-scheme:dark", `aria-label="confusion matrix"`, `aria-label="reliability"`, `class="late"`, `class="naive"`, "no answer: lost", `<tr class="part">`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in the page", want)
		}
	}
	// Every chart is well-formed by itself.
	for _, chart := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1) {
		d := xml.NewDecoder(strings.NewReader(chart))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("chart: %v in %s", err, chart)
			}
		}
	}
}

func TestCompare(t *testing.T) {
	before, after := report(), report()
	after.Sets[0].Exact.Rows[0].Causes[0].Node = "db-9"                                                          // worse
	after.Sets[0].Exact.Rows[2].Causes = []score.Cause{{Node: "db-1", Fault: "cpu_saturation", Probability: .5}} // better
	after.Sets[0].Exact.Rows = after.Sets[0].Exact.Rows[:5]                                                      // one is missing
	c, err := eval.Compare(before, after, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := c.Sets[0]
	if s.Better != 1 || s.Worse != 1 || s.P != 1 || len(s.Missing) != 1 || s.Cases != 5 {
		t.Errorf("comparison = %+v", s)
	}
	var b bytes.Buffer
	if err := show.Compare(&b, c); err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.txt", b.Bytes())
	after.Sets = after.Sets[:0]
	if _, err := eval.Compare(before, after, 1); err == nil {
		t.Error("runs without a common set were compared")
	}
}

// The tables of harder cases and of healthy windows.
func TestRobust(t *testing.T) {
	r := report()
	s := &r.Sets[0]
	rows := s.Exact.Rows
	s.Perturbed = []eval.Perturbed{{Name: "drop-logs", Changed: 5, Figures: score.Figures(rows[:4], 1), Sure: score.Assurance{Wrong: 2, Misplaced: 1, Healthy: 2, Alarms: 1}}}
	var b bytes.Buffer
	if err := show.Text(&b, r); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !regexp.MustCompile(`drop-logs +5 of 6 .* 2 \(1\) +1 of 2`).MatchString(text) {
		t.Errorf("no line of the perturbation in %s", text)
	}
	b.Reset()
	r.Settings.HealthyWindows = 5
	s.NoWindows = map[string]int{"too short": 3}
	s.Exact.Rows = rows[4:]
	rows[5].Because, rows[5].Doubt = "metric cpu.use up 9", "CPU of x is up"
	r.Sets = r.Sets[:1]
	if err := show.Text(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`all +2 +2 +360 s +1 +0\.500 +0\.095 to 0\.905 +0`, `3 cases give none: too short`, `f: cpu_saturation on db-1,  ?0\.60: metric cpu\.use up 9 \(doubtful: CPU of x is up\)`, `cleaned: .* +1 +1 +360 s +0 +0\.000`} {
		if !regexp.MustCompile(want).MatchString(b.String()) {
			t.Errorf("no %q in %s", want, b.String())
		}
	}
}
