package prometheus_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/incident"
)

// hour is the telemetry of nodes for an hour at 15 s: a third gauges, counters,
// sums and counts each.
func hour(nodes, metrics int) string {
	var b strings.Builder
	for m := range metrics {
		name := [...]string{"gauge_%d", "events_%d_total", "call_%d_seconds_sum", "call_%d_seconds_count"}[m%4]
		name = fmt.Sprintf(name, m/4)
		for n := range nodes {
			for i := range 240 {
				v := float64((i*37+m*11+n*5)%101) / 7
				if m%4 > 0 {
					v = float64(i*(m+1)) * 1.37
				}
				_, _ = fmt.Fprintf(&b, "%s{job=\"db\",instance=\"10.0.0.%d:9092\",cluster=\"plant\"} %v %d\n", name, n+1, v, began.Unix()+int64(i)*15)
			}
		}
	}
	for n := range nodes {
		for i := range 240 {
			_, _ = fmt.Fprintf(&b, "up{job=\"db\",instance=\"10.0.0.%d:9092\",cluster=\"plant\"} 1 %d\n", n+1, began.Unix()+int64(i)*15)
		}
	}
	b.WriteString("# EOF\n")
	return b.String()
}

// cpu is how many seconds of CPU a server has used.
func (p *real) cpu(t testing.TB) float64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var user, system int64
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		t.Fatal(err)
	}
	return float64(user+system) / 100
}

// BenchmarkCollect is what it takes, and what it costs the server, to collect an
// hour at 15 s of 10 nodes with 300 metrics each.
func BenchmarkCollect(b *testing.B) {
	p := serve(b, "", hour(10, 300))
	s := source(b, p.url)
	ask := connectors.Ask{Span: incident.Window{From: began, To: began.Add(time.Hour - 15*time.Second)}}
	before, asked := p.cpu(b), s.Load()
	b.ResetTimer()
	for b.Loop() {
		to := new(sink)
		if err := s.Collect(b.Context(), ask, to); err != nil {
			b.Fatal(err)
		}
		if len(to.series) != 3010 {
			b.Fatalf("%d series", len(to.series))
		}
	}
	b.StopTimer()
	load := s.Load()
	b.ReportMetric((p.cpu(b)-before)/float64(b.N), "server-cpu-s/op")
	b.ReportMetric(float64(load.Requests-asked.Requests)/float64(b.N), "requests/op")
	b.ReportMetric(float64(load.Bytes-asked.Bytes)/float64(b.N)/1e6, "MB/op")
}
