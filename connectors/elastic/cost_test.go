package elastic_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/elastic"
	"triagent/connectors/sourcetest"
	"triagent/incident"
)

// cost measures what a million documents cost the server, with settings as they
// come.
func cost(t *testing.T, s *server) {
	src := source(t, s.URL, func(c *elastic.Config) { c.Index, c.Rate = "logs-many", 0 })
	for _, most := range []int64{0, 100_000} {
		begun, cpu, load := time.Now(), s.cpu(), src.Load()
		rec := sourcetest.Recorder{Light: true}
		err := src.Collect(t.Context(), connectors.Ask{
			Span: incident.Window{From: began.Add(time.Hour), To: began.Add(2 * time.Hour)}, Limit: connectors.Limit{Lines: most},
		}, &rec)
		if err != nil {
			t.Error(err)
		}
		now := src.Load()
		t.Logf("at most %d: %d documents in %v, %d requests, %d MB, %.1f s of CPU of the server", most, rec.Tally().Lines,
			time.Since(begun).Round(100*time.Millisecond), now.Requests-load.Requests, (now.Bytes-load.Bytes)>>20, s.cpu()-cpu)
	}
	begun, cpu := time.Now(), s.cpu()
	if _, err := src.Discover(t.Context(), incident.Window{From: began.Add(time.Hour), To: began.Add(2 * time.Hour)}); err != nil {
		t.Error(err)
	}
	t.Logf("Discover in %v, %.2f s of CPU of the server", time.Since(begun).Round(time.Millisecond), s.cpu()-cpu)
}

// cpu is how many seconds of CPU the server has taken, with its children.
func (s *server) cpu() float64 {
	ticks := 0
	for pids := s.Pids(); len(pids) > 0; pids = pids[1:] {
		all, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pids[0])) // none elsewhere than on Linux
		if err != nil {
			s.t.Fatal(err)
		}
		for _, file := range all {
			children, _ := os.ReadFile(file) // it may have ended
			for _, c := range strings.Fields(string(children)) {
				if n, err := strconv.Atoi(c); err == nil {
					pids = append(pids, n)
				}
			}
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pids[0]))
		if err != nil {
			continue
		}
		_, after, _ := strings.Cut(string(stat), ") ")
		for _, f := range strings.Fields(after)[11:13] {
			if n, err := strconv.Atoi(f); err == nil {
				ticks += n
			}
		}
	}
	return float64(ticks) / 100
}
