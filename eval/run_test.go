package eval_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"triagent/eval"
	"triagent/eval/score"
	"triagent/internal/errs"
	"triagent/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// set makes a set of three faulty cases, the answer in their names.
func set(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "answers")
	writeBundle(t, filepath.Join(dir, "cpu-on-alpha"), "cpu-on-alpha", "alpha-0", "1")
	writeBundle(t, filepath.Join(dir, "cpu-on-beta"), "cpu-on-beta", "beta-0", "2")
	writeBundle(t, filepath.Join(dir, "deep", "cpu-on-beta"), "cpu-on-beta-2", "beta-0", "3")
	return dir
}

func TestRunShowsNoAnswer(t *testing.T) {
	s := &spy{}
	r := run(t, s, eval.Config{Sets: []string{set(t)}, Late: time.Minute})
	if len(s.seen) != 9 {
		t.Fatalf("%d diagnoses, want exact, late and drawn of three cases", len(s.seen))
	}
	for _, k := range s.seen {
		for _, f := range k.files {
			if strings.Contains(f, "truth") {
				t.Errorf("%s holds %s", k.path, f)
			}
		}
		if strings.Contains(filepath.Base(k.path), "cpu") || strings.Contains(k.text, "cpu-on") || strings.Contains(k.text, "cpu_saturation") {
			t.Errorf("%s gives the answer away: id %s", k.path, k.in.ID)
		}
		if string(k.in.ID) != filepath.Base(k.path) {
			t.Errorf("id %s, folder %s", k.in.ID, filepath.Base(k.path))
		}
	}
	p := &r.Sets[0].Exact
	for key, want := range map[string]float64{
		"node_ac1": 1, "service_ac1": 1, "type_macro_f1": 1, "strict_recall": 1, "detect_f1": 1, "detect_balanced": 1, "always_f1": 2. / 3,
	} {
		if got := figure(t, p, key); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("%s = %v, want %v", key, got, want)
		}
	}
	if s := r.Sets[0]; s.Faulty != 3 || s.Drawn != 3 || s.Failed != 0 || s.Name != "answers" || len(s.Checksum) != 64 {
		t.Errorf("set = %+v", s)
	}
	if len(p.Beside) != 3 || figureOf(p.Beside[1], "node_ac1") != 1 {
		t.Errorf("beside = %+v, want the z-score right on all", p.Beside)
	}
}

func figureOf(b eval.Beside, key string) float64 {
	for _, f := range b.Figures {
		if f.Key == key {
			return f.Value
		}
	}
	return -1
}

func TestRunIsRepeatable(t *testing.T) {
	dir := set(t)
	strip := func(r *eval.Report) string {
		for _, row := range r.Sets[0].Exact.Rows {
			row.WallMS = 0
		}
		p := &r.Sets[0].Exact
		for i := range p.Figures {
			if p.Figures[i].Key == "wall_ms" {
				p.Figures[i].Value, p.Figures[i].Low, p.Figures[i].High = 0, 0, 0
			}
		}
		return mustJSON(t, r.Sets[0])
	}
	one := strip(run(t, &spy{}, eval.Config{Sets: []string{dir}, Jobs: 1}))
	four := strip(run(t, &spy{}, eval.Config{Sets: []string{dir}, Jobs: 4}))
	if one != four {
		t.Errorf("jobs change the report:\n%s\n%s", one, four)
	}
}

func TestRecordedHealthyCasesAreTheNegatives(t *testing.T) {
	dir := set(t)
	writeBundle(t, filepath.Join(dir, "calm"), "calm", "", "4")
	r := run(t, &spy{}, eval.Config{Sets: []string{dir}})
	if s := r.Sets[0]; s.Drawn != 0 || s.Healthy != 1 {
		t.Errorf("%d healthy, %d drawn; want the recorded one only", s.Healthy, s.Drawn)
	}
}

func TestFailureIsAWrongAnswer(t *testing.T) {
	dir := set(t)
	if err := os.WriteFile(filepath.Join(dir, "deep", "cpu-on-beta", "metrics", "beta-0.csv"), []byte("time,cpu\n1,x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &spy{fail: func(b *telemetry.Bundle) bool { return b.Tables[0].Column("cpu").Values[95] > 50 }}
	r := run(t, s, eval.Config{Sets: []string{dir}, Late: time.Minute})
	if got := r.Sets[0].Failed; got != 3 {
		t.Fatalf("%d failed, want the lost one, what was drawn from it, and the unreadable one", got)
	}
	if got := figure(t, &r.Sets[0].Exact, "node_ac1"); got < .3 || got > .34 {
		t.Errorf("node AC@1 = %v, want 1 of 3", got)
	}
}

func TestLateAlarm(t *testing.T) {
	s := &spy{}
	r := run(t, s, eval.Config{Sets: []string{set(t)}, Late: time.Minute})
	late := 0
	for _, k := range s.seen {
		if k.in.Window.From.Equal(t0.Add(16*time.Minute + 30*time.Second)) {
			late++
			if !k.in.Alert.Time.Equal(k.in.Window.From) || !k.in.Baseline.To.Equal(k.in.Window.From) {
				t.Errorf("alert %v, baseline to %v, want both at %v", k.in.Alert.Time, k.in.Baseline.To, k.in.Window.From)
			}
		}
	}
	if late != 3 || r.Sets[0].Late == nil || figure(t, r.Sets[0].Late, "node_ac1") != 1 {
		t.Errorf("%d late cases, figures %+v", late, r.Sets[0].Late)
	}
	r = run(t, &spy{}, eval.Config{Sets: []string{set(t)}, Late: 140 * time.Second})
	if got := r.Sets[0].Late.LeftOut["less than 15 s of the window left"]; got != 3 {
		t.Errorf("%d left out, want all: 10 s are left", got)
	}
}

func TestRenamedNodesComeBack(t *testing.T) {
	s := &spy{}
	r := run(t, s, eval.Config{Sets: []string{set(t)}, Rename: eval.RenameServices})
	for _, k := range s.seen {
		if strings.Contains(k.text, "alpha") || strings.Contains(strings.Join(k.files, " "), "beta") {
			t.Errorf("names shine through: %q in %s", k.files, k.text)
		}
	}
	if got := figure(t, &r.Sets[0].Exact, "service_ac1"); got != 1 {
		t.Errorf("service AC@1 = %v after putting names back", got)
	}
}

// Where a bundle names no window, the engine may be given the true one, which
// is then none that it found.
func TestGivenWindow(t *testing.T) {
	dir := set(t)
	bare := filepath.Join(dir, "deep", "cpu-on-beta")
	if err := os.WriteFile(filepath.Join(bare, "incident.json"), []byte(`{"version":1,"id":"bare","title":"?","system":"sys"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		how  eval.Windows
		want time.Time
	}{{eval.WindowOwn, time.Time{}}, {eval.WindowGiven, t0.Add(15*time.Minute + 30*time.Second)}} {
		s := &spy{}
		r := run(t, s, eval.Config{Sets: []string{dir}, Cases: []string{"deep/*"}, Window: tt.how})
		if got := s.seen[0].in.Window.From; !got.Equal(tt.want) {
			t.Errorf("window %q: it begins at %v, want %v", tt.how, got, tt.want)
		}
		if iou := r.Sets[0].Exact.Rows[0].IoU; (iou == nil) != (tt.how == eval.WindowGiven) {
			t.Errorf("window %q: IoU %v", tt.how, iou)
		}
	}
}

func TestArchivesAndPatterns(t *testing.T) {
	dir := set(t)
	r := run(t, &spy{}, eval.Config{Sets: []string{dir}, Cases: []string{"deep/*"}, Trials: 2})
	if s := r.Sets[0]; s.Faulty != 1 || len(s.Exact.Rows) != 4 {
		t.Errorf("%d faulty, %d rows; want one case and a drawn one, twice", s.Faulty, len(s.Exact.Rows))
	}
	for _, c := range []eval.Config{{Sets: []string{dir}, Cases: []string{"none"}}, {Sets: []string{t.TempDir()}}, {}, {Sets: []string{dir}, Rename: "x"}} {
		c.Open = (&spy{}).open
		if _, err := eval.Run(t.Context(), c); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%+v: error %v, want kind invalid", c, err)
		}
	}
}

// Two sets are pooled, each case once; one is not, since its figures would be
// told twice.
func TestRunPools(t *testing.T) {
	a, b := set(t), set(t)
	if r := run(t, &spy{}, eval.Config{Sets: []string{a}, Late: time.Minute}); r.Pooled != nil {
		t.Errorf("a single set is pooled: %+v", r.Pooled)
	}
	r := run(t, &spy{}, eval.Config{Sets: []string{a, b}, Late: time.Minute})
	if r.Pooled == nil {
		t.Fatal("two sets are not pooled")
	}
	for key, want := range map[string]int{"node_ac1": 6, "ece": 12} {
		f, ok := score.Find(r.Pooled.Figures, key)
		if !ok || f.N != want {
			t.Errorf("%s rests on %d cases, want %d", key, f.N, want)
		}
	}
	late, _ := score.Find(r.Pooled.Late, "node_ac1")
	same, _ := score.Find(r.Pooled.Same, "node_ac1")
	if late.N == 0 || late.N != same.N {
		t.Errorf("late rests on %d cases, the exact alarm beside it on %d", late.N, same.N)
	}
	if _, ok := score.Find(r.Pooled.Figures, "wall_ms"); ok {
		t.Error("times of different sets are pooled")
	}
}
