package loghub

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"triagent/compress"
	"triagent/telemetry"
)

// TestCallSites scores groups on logs without labels: their headers name the line of code that wrote a message, which the miner does not
// see. Two sites may write one text, and one site may hand on the texts of
// others, so even a perfect miner does not reach 1; the floors guard against
// rules that suit Loghub alone.
func TestCallSites(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []string
		least float64 // FGA
		sites int     // at least
	}{
		{"iotdb-raft", glob(t, "iotdb-raft", "iotdb", "logs", "*", "log_*node_all.log"), .58, 200},
		{"iotdb-lab", glob(t, "iotdb-lab", "*", "logs", "*.log.gz"), .62, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := compress.NewMiner(compress.Config{})
			var sites []string
			var ids []int
			for _, f := range tt.files {
				var split telemetry.Splitter
				for line := range bytes.Lines(unpacked(t, f)) {
					h, starts := split.Next(line)
					if !starts || h.LoggerFrom == h.LogTo {
						continue
					}
					end := h.LogTo + max(bytes.IndexByte(line[h.LogTo:], ' '), 0) // with the line number
					sites = append(sites, string(line[h.LoggerFrom:end]))
					ids = append(ids, m.Add(line[h.BodyFrom:h.BodyTo]))
				}
			}
			found := make([]string, len(ids))
			for i, id := range ids {
				found[i] = m.Template(id)
			}
			s := Score(sites, found)
			t.Logf("%d records of %d sites, %d templates: GA %.3f, FGA %.3f", len(ids), distinct(sites), distinct(found), s.GA, s.FGA)
			if s.FGA < tt.least || distinct(sites) < tt.sites {
				t.Errorf("FGA %.3f over %d sites, want at least %.2f over %d", s.FGA, distinct(sites), tt.least, tt.sites)
			}
		})
	}
}

func glob(t *testing.T, name string, pattern ...string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(append([]string{datasets(t, name)}, pattern...)...))
	if err != nil || len(files) == 0 {
		t.Fatalf("no logs in %s: %v", name, err)
	}
	return files
}

func unpacked(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(file) != ".gz" {
		return text
	}
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if text, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return text
}
