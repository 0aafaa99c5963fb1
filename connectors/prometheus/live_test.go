package prometheus_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/incident"
)

// exporter answers scrapes: a counter that is not named like one, a gauge that
// is named like a part of a distribution, and a histogram. Every other scrape
// one more of each.
func exporter(t *testing.T) *httptest.Server {
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i := n.Add(1)
		_, _ = fmt.Fprintf(w, `# TYPE work_done counter
work_done %d
# TYPE open_count gauge
open_count 7
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} %d
wait_seconds_bucket{le="+Inf"} %d
wait_seconds_sum %v
wait_seconds_count %d
# TYPE limit gauge
limit +Inf
`, i*100, i*10, i*10, float64(i)*.5, i*10)
	}))
	t.Cleanup(s.Close)
	return s
}

// TestScraped has a real server scrape: types come from metadata, a target that
// never answers is said with its reason, and one that ends leaves a gap.
func TestScraped(t *testing.T) {
	db := exporter(t)
	host := strings.TrimPrefix(db.URL, "http://")
	gone := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	p := serve(t, fmt.Sprintf(`
global: {scrape_interval: 1s, external_labels: {site: north}}
scrape_configs:
- {job_name: db, static_configs: [{targets: [%q], labels: {zone: a}}]}
- {job_name: gone, static_configs: [{targets: [%q]}]}
`, host, gone), "")
	s := source(t, p.url)
	from := time.Now().Add(-time.Second)
	var to *sink
	now := func() incident.Window { return incident.Window{From: from, To: time.Now()} }
	until(t, 20*time.Second, "four scrapes of both", func() bool {
		to = collected(t, s, connectors.Ask{Span: now()})
		return count(to, host, "up") >= 4 && count(to, gone, "up") >= 1
	})
	f, err := s.Discover(t.Context(), now())
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Nodes) != 2 || len(f.Lacks) != 1 || !strings.Contains(f.Lacks[0].Why, "connection refused") || f.Holds[0].Count == 0 {
		t.Errorf("found %+v", f)
	}
	for name, want := range map[string]float64{"work_done:per_s": 100, "open_count": 7, "wait:per_s": 10, "wait_seconds:mean_ms": 50} {
		x := to.of(t, host, name)
		if v := x.Values[len(x.Values)-1]; math.Abs(v-want) > want/10 {
			t.Errorf("%s is %v, want %v", name, x.Values, want)
		}
	}
	for _, x := range to.series {
		if strings.Contains(x.Name, "bucket") || x.Name == "limit" {
			t.Errorf("%s of %s: %v", x.Name, x.Node, x.Values)
		}
	}
	db.Close()
	until(t, 20*time.Second, "the end is seen", func() bool {
		to = collected(t, s, connectors.Ask{Span: now()})
		up := to.of(t, host, "up").Values
		return len(up) > 1 && up[len(up)-1] == 0 && up[len(up)-2] == 0
	})
	x := to.of(t, host, "open_count")
	if v := x.Values[len(x.Values)-1]; !math.IsNaN(v) {
		t.Errorf("open_count of a process that has ended is %v", v)
	}
}

// count is how many samples there are of a series.
func count(to *sink, node, name string) int {
	for _, x := range to.series {
		if x.Node == node && x.Name == name {
			return len(x.Values)
		}
	}
	return 0
}
