package prometheus_test

import (
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/prometheus"
	"triagent/incident"
)

// TestWatchers leaves out what watches, unless it is wanted or all there is.
func TestWatchers(t *testing.T) {
	var o openmetrics
	one := func(int) float64 { return 1 }
	o.add(`up{job="db",instance="10.0.0.1:9092"}`, 20, one)
	o.add(`load{job="db",instance="10.0.0.1:9092"}`, 20, one)
	for at, info := range map[string]string{"10.0.0.8:9090": "prometheus_build_info", "10.0.0.8:9093": "alertmanager_build_info", "10.0.0.9:8080": "triagent_queue_waiting"} {
		l := `{job="tools",instance="` + at + `"}`
		o.add("up"+l, 20, one)
		o.add(info+l, 20, one)
		o.add("http_requests"+l, 20, func(i int) float64 { return float64(i * i) })
	}
	p := serve(t, "", o.String()+"# EOF\n")
	ask := connectors.Ask{Span: incident.Window{From: began, To: began.Add(5 * time.Minute)}}
	to := collected(t, source(t, p.url), ask)
	for _, x := range to.series {
		if x.Node != "10.0.0.1:9092" {
			t.Errorf("%s of %s was handed over", x.Name, x.Node)
		}
	}
	if len(to.reduced) == 0 || to.reduced[0].In != 4 || to.reduced[0].Out != 1 || !strings.Contains(to.reduced[0].How, "tools 10.0.0.8:9090, tools 10.0.0.8:9093, tools 10.0.0.9:8080") {
		t.Errorf("reduced %+v", to.reduced)
	}
	found, err := source(t, p.url).Discover(t.Context(), ask.Span)
	if err != nil || len(found.Nodes) != 1 || len(found.Holds) != 2 || !strings.Contains(found.Holds[1].Note, "monitoring: true") {
		t.Errorf("found %+v, %v", found, err)
	}
	to = collected(t, source(t, p.url, func(c *prometheus.Config) { c.Monitoring = true }), ask)
	to.of(t, "10.0.0.8:9090", "http_requests")
	to = collected(t, source(t, p.url, func(c *prometheus.Config) { c.Match = `{job="tools"}` }), ask)
	to.of(t, "10.0.0.8:9090", "http_requests")
	to.of(t, "10.0.0.9:8080", "http_requests")
}
