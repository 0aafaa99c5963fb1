package prometheus_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/connectors/prometheus"
	"triagent/incident"
)

// began is the first scrape of all samples that tests make up.
var began = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// openmetrics writes samples: every series gives its values, one each 15 s, NaN
// for none.
type openmetrics struct{ strings.Builder }

func (o *openmetrics) add(series string, n int, value func(i int) float64) {
	for i := range n {
		if v := value(i); v == v {
			fmt.Fprintf(o, "%s %v %d\n", series, v, began.Add(time.Duration(i)*15*time.Second).Unix())
		}
	}
}

// some is the telemetry of two nodes: h2 is gone after the tenth scrape, and its
// counter begins anew at the fifth.
func some() string {
	var o openmetrics
	for _, h := range []string{"10.0.0.1", "10.0.0.2"} {
		there := func(f func(i int) float64) func(int) float64 {
			return func(i int) float64 {
				if h == "10.0.0.2" && i >= 10 {
					return math.NaN()
				}
				return f(i)
			}
		}
		l := `job="db",instance="` + h + `:9092",cluster="plant"`
		o.add("up{"+l+"}", 20, func(i int) float64 {
			if h == "10.0.0.2" && i >= 10 {
				return 0
			}
			return 1
		})
		o.add("queue_length{"+l+"}", 20, there(func(i int) float64 { return float64(i) }))
		o.add("bytes_in_total{"+l+"}", 20, there(func(i int) float64 {
			if i >= 5 {
				return float64(i-5) * 150
			}
			return float64(i) * 300
		}))
		for _, name := range []string{"insertTablet", "fetch"} {
			k := l + `,name="` + name + `"`
			o.add("entry_seconds_count{"+k+"}", 20, there(func(i int) float64 { return float64(i * 30) }))
			o.add("entry_seconds_sum{"+k+"}", 20, there(func(i int) float64 { return float64(i) * .3 }))
			o.add("entry_seconds{"+k+`,quantile="0.99"}`, 20, there(func(int) float64 { return .02 }))
		}
	}
	return o.String() + "# EOF\n"
}

var span = incident.Window{From: began, To: began.Add(19 * 15 * time.Second)}

func source(t testing.TB, url string, change ...func(*prometheus.Config)) *prometheus.Source {
	t.Helper()
	c := prometheus.Config{Settings: fetch.Settings{URL: url}}
	for _, f := range change {
		f(&c)
	}
	s, err := prometheus.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestCollect(t *testing.T) {
	p := serve(t, "", some())
	s := source(t, p.url)
	found, err := s.Discover(t.Context(), span)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Nodes) != 2 || found.Nodes[0].Names[0] != "10.0.0.1:9092" || found.Nodes[1].Host != "10.0.0.2" || found.Nodes[0].Service != "db" {
		t.Errorf("found %+v", found.Nodes)
	}
	to := new(sink)
	if err := s.Collect(t.Context(), connectors.Ask{Span: span, Nodes: found.Nodes}, to); err != nil {
		t.Fatal(err)
	}
	for _, x := range to.series {
		t.Log(x.Node, x.Name, x.Values, x.Query)
	}
	mean := to.of(t, "10.0.0.1:9092", "entry_seconds{name=insertTablet}:mean_ms")
	if math.Abs(mean.Values[3]-10) > 1e-9 {
		t.Errorf("mean %v", mean.Values)
	}
}
