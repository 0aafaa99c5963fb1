package loghub

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"triagent/telemetry"
)

func TestScore(t *testing.T) {
	for _, tt := range []struct {
		name         string
		truth, found []string
		want         Scores
	}{
		{"nothing", nil, nil, Scores{}},
		{"all right", []string{"a", "a", "b"}, []string{"a", "a", "b"}, Scores{1, 1, 1, 1}},
		{ // groups right, one text wrong: FTA 2*1/(2+2)
			"text",
			[]string{"a", "a", "b"},
			[]string{"x", "x", "b"},
			Scores{1, 1. / 3, 1, .5},
		},
		{ // a is split in two, b is right: groups 1 of 3 found, 1 of 2 true
			"split",
			[]string{"a", "a", "a", "b"},
			[]string{"a", "a", "x", "b"},
			Scores{.25, .75, 2. / 5, 4. / 5},
		},
		{ // a and b are lumped under the text of a, c is right
			"lump",
			[]string{"a", "b", "c", "c"},
			[]string{"a", "a", "c", "c"},
			Scores{.5, .75, 2. / 5, 2. / 5},
		},
		{"all wrong", []string{"a", "b"}, []string{"c", "c"}, Scores{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Score(tt.truth, tt.found)
			for _, p := range [][2]float64{{got.GA, tt.want.GA}, {got.PA, tt.want.PA}, {got.FGA, tt.want.FGA}, {got.FTA, tt.want.FTA}} {
				if math.Abs(p[0]-p[1]) > 1e-12 {
					t.Fatalf("Score = %+v, want %+v", got, tt.want)
				}
			}
		})
	}
}

// datasets returns the folder of a data set, or skips the test without it.
func datasets(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("TRIAGENT_DATASETS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "datasets")
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no data set %s: set TRIAGENT_DATASETS", name)
	}
	return dir
}

func TestFloors(t *testing.T) {
	r, err := Run(t.Context(), datasets(t, "loghub2k"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", r)
	if r.Mean.GA < .93 || r.Mean.PA < .70 {
		t.Errorf("mean GA %.3f, PA %.3f; want at least .93 and .70", r.Mean.GA, r.Mean.PA)
	}
}

// TestHeaders strips the headers of the raw lines and compares what is left
// with the labelled content, blanks aside.
func TestHeaders(t *testing.T) {
	dir := datasets(t, "loghub2k")
	files, err := filepath.Glob(filepath.Join(dir, "*", "*_2k.log"))
	if err != nil {
		t.Fatal(err)
	}
	right, all := 0, 0
	for _, f := range files {
		ms, err := Read(f + "_structured_corrected.csv")
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		n, ok := 0, 0
		for line := range bytes.Lines(raw) {
			h := telemetry.ParseHead(line)
			body := strings.Join(strings.Fields(string(line[h.BodyFrom:h.BodyTo])), " ")
			if h.HasTime() && body == strings.Join(strings.Fields(ms[n].Content), " ") {
				ok++
			}
			n++
		}
		t.Logf("%s: %d of %d", filepath.Base(f), ok, n)
		right, all = right+ok, all+n
	}
	if float64(right) < .99*float64(all) {
		t.Errorf("message found in %d of %d raw lines", right, all)
	}
}
