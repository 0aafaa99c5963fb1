package compress

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"triagent/telemetry"
)

// dataset returns the files of a data set that match pattern, or skips.
func dataset(tb testing.TB, pattern ...string) []string {
	tb.Helper()
	root := os.Getenv("TRIAGENT_DATASETS")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "datasets")
	}
	files, err := filepath.Glob(filepath.Join(append([]string{root}, pattern...)...))
	if err != nil || len(files) == 0 {
		tb.Skipf("no data set %s: set TRIAGENT_DATASETS", pattern[0])
	}
	return files
}

// TestRecount mines real logs and finds each record again by its template, as
// one who checks a count does.
func TestRecount(t *testing.T) {
	files := dataset(t, "iotdb-lab", "*", "logs", "datanode-1.log.gz")
	m := NewMiner(Config{})
	var ids []int
	var bodies [][]byte
	for _, f := range files[:min(len(files), 40)] {
		l, err := openLines(FileInput(f, nil), defaultLine)
		if err != nil {
			t.Fatal(err)
		}
		var split telemetry.Splitter
		c := &chunk{}
		for {
			ok, err := l.chunk(c)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			for line := range bytes.Lines(c.text) {
				if h, starts := split.Next(line); starts {
					body := append([]byte(nil), line[h.BodyFrom:h.BodyTo]...)
					ids, bodies = append(ids, m.Add(body)), append(bodies, body)
				}
			}
		}
		l.Close()
	}
	matchers := map[int]*Matcher{}
	for i, id := range ids {
		root := m.Root(id)
		if matchers[root] == nil {
			matchers[root] = NewMatcher(m.Template(root))
		}
		if !matchers[root].Match(bodies[i]) {
			t.Errorf("%q is no instance of its template %q", bodies[i], m.Template(root))
		}
	}
	s := m.Stats()
	t.Logf("%d records, %d templates, %d shapes", s.Records, s.Templates, s.Shapes)
	if s.Templates > 600 || len(ids) == 0 {
		t.Errorf("%d templates of %d records", s.Templates, len(ids))
	}
}
