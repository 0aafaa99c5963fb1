package eval_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"triagent/eval"
	"triagent/internal/errs"
)

// What stands beside the bundles of a set does not keep it from being read, and
// a bundle alone is a set of one.
func TestRunSetsAndBundles(t *testing.T) {
	dir := set(t)
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("three cases\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := run(t, &spy{}, eval.Config{Sets: []string{dir}, Bundled: []string{"cpu-on-beta", "other"}}).Sets[0]
	if s.Cases != 6 || s.Bundled != 4 {
		t.Errorf("%d cases, %d of them bundled, want 6 with the drawn ones, and 4", s.Cases, s.Bundled)
	}
	for _, row := range s.Exact.Rows {
		if row.Bundled != strings.Contains(row.Case, "cpu-on-beta") {
			t.Errorf("case %s: bundled %v", row.Case, row.Bundled)
		}
	}
	one := run(t, &spy{}, eval.Config{Sets: []string{filepath.Join(dir, "cpu-on-alpha")}, Bundled: []string{"cpu-on-beta"}}).Sets[0]
	if one.Name != "cpu-on-alpha" || one.Faulty != 1 || one.Bundled != 0 || one.Exact.Rows[0].Case != "cpu-on-alpha" || one.Failed != 0 {
		t.Errorf("a single bundle: %+v", one)
	}
	t.Chdir(filepath.Join(dir, "cpu-on-beta"))
	if one = run(t, &spy{}, eval.Config{Sets: []string{"."}}).Sets[0]; one.Name != "cpu-on-beta" || one.Faulty != 1 {
		t.Errorf("the bundle that one stands in: %+v", one)
	}
}

func TestRunRefusesWhatIsNoSet(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file:                       "name a bundle, or the folder that holds the bundles",
		dir:                        "no bundle in it",
		filepath.Join(dir, "none"): "does not exist",
	} {
		_, err := eval.LoadSets(t.Context(), path)
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}
