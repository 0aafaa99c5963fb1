package prometheus_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
			writeSample(o, series, v, began.Add(time.Duration(i)*15*time.Second))
		}
	}
}

func writeSample(to io.Writer, series string, v float64, at time.Time) {
	_, _ = fmt.Fprintf(to, "%s %v %d\n", series, v, at.Unix())
}

var nan = math.NaN()

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
		for k := range 3 {
			o.add(fmt.Sprintf(`cpu_seconds_total{%s,cpu="%d",mode="user"}`, l, k), 20, there(func(i int) float64 { return float64(i * k * 5) }))
		}
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

// collected is what a source hands over for all its nodes.
func collected(t testing.TB, s *prometheus.Source, ask connectors.Ask) *sink {
	t.Helper()
	to := new(sink)
	if err := s.Collect(t.Context(), ask, to); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestCollect(t *testing.T) {
	p := serve(t, "", some())
	s := source(t, p.url)
	found, err := s.Discover(t.Context(), span)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Nodes) != 2 || !slices.Equal(found.Nodes[0].Names, []string{"10.0.0.1:9092", "10.0.0.1"}) || found.Nodes[1].Host != "10.0.0.2" || found.Nodes[0].Service != "db" {
		t.Errorf("nodes %+v", found.Nodes)
	}
	if len(found.Lacks) != 1 || found.Lacks[0].What != "metrics of 10.0.0.2:9092 (db)" {
		t.Errorf("lacks %+v", found.Lacks)
	}
	to := collected(t, s, connectors.Ask{Span: span, Nodes: found.Nodes})
	if len(to.series) != 2*8 {
		t.Errorf("%d series", len(to.series))
	}
	const c = 1 / 3. // the mean of cores that are busy 0, 1/3 and 2/3 of the time
	for _, tt := range []struct {
		node, name string
		want       []float64
	}{
		{"10.0.0.1:9092", "queue_length", []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}},
		{"10.0.0.2:9092", "queue_length", []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan}},
		{"10.0.0.2:9092", "up", []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		{"10.0.0.2:9092", "bytes_in:per_s", []float64{nan, 20, 20, 20, 20, 0, 10, 10, 10, 10, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan}},
		{"10.0.0.2:9092", "cpu_seconds{mode=user}:per_s", []float64{nan, c, c, c, c, c, c, c, c, c, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan}},
		{"10.0.0.2:9092", "entry{name=fetch}:per_s", []float64{nan, 2, 2, 2, 2, 2, 2, 2, 2, 2, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan}},
		{"10.0.0.2:9092", "entry_seconds{name=insertTablet}:mean_ms", []float64{nan, 10, 10, 10, 10, 10, 10, 10, 10, 10, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan}},
	} {
		got := to.of(t, tt.node, tt.name)
		if !slices.EqualFunc(got.Values, tt.want, near) {
			t.Errorf("%s of %s:\n%v, want\n%v", tt.name, tt.node, got.Values, tt.want)
		}
		if got.Times[0] != began.UnixNano() || got.Times[19] != span.To.UnixNano() {
			t.Errorf("%s: times %v", tt.name, got.Times)
		}
	}
	if len(to.reduced) != 2 || to.reduced[0].In-to.reduced[0].Out != 4 || to.reduced[1].In != 6 || to.reduced[1].Out != 2 {
		t.Errorf("reduced %+v: two quantiles and three cores of each node", to.reduced)
	}
	if len(to.clocks) != 1 || len(to.missing) != 0 {
		t.Errorf("clocks %v, missing %v", to.clocks, to.missing)
	}
}

func near(a, b float64) bool {
	return a == b || a != a && b != b || math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))
}

// TestQueries asks the server the query of every series: it gives the same
// numbers at the same times. Where there is none, a plain series gives the last
// one for five minutes more, and a rate once more.
func TestQueries(t *testing.T) {
	p := serve(t, "", some())
	for _, tt := range []struct {
		name string
		step time.Duration
	}{{"as scraped", 0}, {"every 45 s", 45 * time.Second}} {
		t.Run(tt.name, func(t *testing.T) {
			s := source(t, p.url, func(c *prometheus.Config) { c.Step = tt.step })
			for _, x := range collected(t, s, connectors.Ask{Span: span}).series {
				every := cmp.Or(tt.step, 15*time.Second)
				want := p.evaluate(t, x.Query, time.Unix(0, x.Times[0]), time.Unix(0, x.Times[len(x.Times)-1]), every)
				for i, at := range x.Times {
					v, ok := want[at]
					switch got := x.Values[i]; {
					case got == got && (!ok || !near(v, got)):
						t.Errorf("%s of %s at %d is %v, and %v by %s", x.Name, x.Node, i, got, v, x.Query)
					case got != got && ok && v == v && (tt.step > 0 || strings.Contains(x.Name, ":")) && (i == 0 || math.IsNaN(x.Values[i-1])):
						t.Errorf("%s of %s at %d is missing, and %v by %s", x.Name, x.Node, i, v, x.Query)
					}
				}
			}
		})
	}
}

// evaluate asks a query on a grid and returns its one series by time.
func (p *real) evaluate(t *testing.T, query string, from, to time.Time, step time.Duration) map[int64]float64 {
	t.Helper()
	resp, err := http.PostForm(p.url+"/api/v1/query_range", url.Values{
		"query": {query}, "start": {strconv.FormatInt(from.Unix(), 10)}, "end": {strconv.FormatInt(to.Unix(), 10)}, "step": {strconv.Itoa(int(step.Seconds()))},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Error string
		Data  struct {
			Result []struct{ Values [][2]any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || len(answer.Data.Result) != 1 {
		t.Fatalf("%s: %v %s, %d series", query, err, answer.Error, len(answer.Data.Result))
	}
	out := make(map[int64]float64)
	for _, pair := range answer.Data.Result[0].Values {
		v, err := strconv.ParseFloat(pair[1].(string), 64)
		if err != nil {
			t.Fatal(err)
		}
		out[int64(pair[0].(float64))*1e9] = v
	}
	return out
}
