package prometheus

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"triagent/connectors/fetch"
	"triagent/incident"
)

func TestParseSelector(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", `{__name__!=""}`},
		{" {} ", `{__name__!=""}`},
		{`{cluster="plant"}`, `{cluster="plant"}`},
		{`cluster = "plant" , env=~"a|b",`, `{cluster="plant",env=~"a|b"}`},
		{`{a!='x"',b!~'yy'}`, `{a!="x\"",b!~"yy"}`},
		{`{a='x\'}`, ""},
		{"{a!=`x`,b!~\"y\"}", `{a!="x",b!~"y"}`},
		{`{a="}) or vector(1) #"}`, `{a="}) or vector(1) #"}`},
		{`{a="x"} or {b="y"}`, ""},
		{`up{a="x"}`, ""},
		{`{a="x" b="y"}`, ""},
		{`{a=~~"x"}`, ""},
		{`{a="x`, ""},
		{`{="x"}`, ""},
		{`{a}`, ""},
	} {
		got, err := parseSelector(tt.text)
		switch {
		case (err != nil) != (tt.want == ""):
			t.Errorf("%s: %v", tt.text, err)
		case err == nil && got.String() != tt.want:
			t.Errorf("%s is %s, want %s", tt.text, got, tt.want)
		}
	}
}

// FuzzSelector looks that whatever is taken is written so that it is read the
// same again.
func FuzzSelector(f *testing.F) {
	f.Add(`{a="x",b!~"y\n"}`)
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseSelector(text)
		if err != nil || len(a) == 0 {
			return
		}
		b, err := parseSelector(a.String())
		if err != nil || !slices.Equal(a, b) {
			t.Errorf("%q becomes %s, and that %s (%v)", text, a, b, err)
		}
	})
}

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		change func(*Config)
		want   string
	}{
		{func(*Config) {}, ""},
		{func(c *Config) { c.URL = "" }, "url"},
		{func(c *Config) { c.Match = "up" }, "match"},
		{func(c *Config) { c.NodeLabel = "a b" }, "node_label"},
		{func(c *Config) { c.ServiceLabel = "-" }, "service_label"},
		{func(c *Config) { c.Step = time.Millisecond }, "step"},
		{func(c *Config) { c.MaxSeries = -1 }, "max_series"},
	} {
		c := Config{Settings: fetch.Settings{URL: "http://127.0.0.1:9090"}}
		tt.change(&c)
		err := c.Validate()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want one about %q", err, tt.want)
		}
	}
}

// TestReadMatrix reads answers as the servers give them.
func TestReadMatrix(t *testing.T) {
	for _, tt := range []struct {
		name, answer, want, err string
		said                    int
	}{
		{"Prometheus", `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"a","x":"1"},"values":[[1795226917.448,"1.5"],[1795226918,"NaN"]]}]}}`, "a 1795226917448000000=1.5 1795226918000000000=NaN", "", 0},
		{"infinite", `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"a"},"values":[[1,"+Inf"],[2,"-Inf"],[3,"1e3"]]}]}}`, "a 1000000000=NaN 2000000000=NaN 3000000000=1000", "", 0},
		{"VictoriaMetrics", `{"status":"success","isPartial":true,"data":{"resultType":"matrix","result":[{"metric":{"__name__":"a"},"values":[ [1.5e9, "1"] ]}]},"stats":{"seriesFetched":"1","executionTimeMsec":2}}`, "a 1500000000000000000=1", "", 1},
		{"Thanos", `{"status":"success","data":{"resultType":"matrix","result":[]},"warnings":["store 1 is down","store 1 is down","store 2 is down"]}`, "", "", 2},
		{"Prometheus 3", `{"status":"success","data":{"resultType":"matrix","result":[]},"infos":["PromQL info: metric might not be a counter"]}`, "", "", 1},
		{"a native histogram", `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"a"},"histograms":[[1,{"count":"4","sum":"2.5","buckets":[[0,"0","1","4"]]}]]}]}}`, "a_sum 1000000000=2.5 a_count 1000000000=4", "", 0},
		{"no result", `{"status":"success","data":{"resultType":"matrix","result":null}}`, "", "", 0},
		{"a vector", `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}`, "", "matrix", 0},
		{"an error", `{"status":"error","errorType":"bad_data","error":"x"}`, "", `status "error"`, 0},
		{"numbers for values", `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,2],[3,"4"]]}]}}`, "", "no pair", 0},
		{"objects for pairs", `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[{"t":1,"v":"2"}]}]}}`, "", "no pair", 0},
		{"words for values", `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"x"]]}]}}`, "", "no number", 0},
		{"backwards", `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[2,"1"],[1,"1"]]}]}}`, "", "order of time", 0},
		{"cut off", `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"]`, "", "EOF", 0},
		{"a list", `[1]`, "", "object", 0},
		{"nothing", `{}`, "", "status", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			n, err := readMatrix(strings.NewReader(tt.answer), func(w wireSeries) error {
				for _, s := range w.series() {
					got = append(got, s.labels["__name__"])
					for i, at := range s.times {
						got = append(got, fmt.Sprintf("%d=%v", at, s.values[i]))
					}
				}
				return nil
			})
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			if text := strings.Join(got, " "); err == nil && (text != tt.want || len(n.why()) != tt.said) {
				t.Errorf("%q and %q, want %q and %d", text, n.why(), tt.want, tt.said)
			}
		})
	}
}

func FuzzReadMatrix(f *testing.F) {
	f.Add(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"a"},"values":[[1.5,"1"]],"histograms":[[1,{"count":"4","sum":"2.5"}]]}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = readMatrix(strings.NewReader(text), func(w wireSeries) error {
			if len(w.Values.times) != len(w.Values.values) || !slices.IsSorted(w.Values.times) {
				t.Errorf("%q gives %v", text, w.Values)
			}
			return nil
		})
	})
}

// labelled makes label sets of series.
func labelled(name string, n int) []map[string]string {
	var out []map[string]string
	for i := range n {
		out = append(out, map[string]string{"__name__": name, "x": fmt.Sprint(i)})
	}
	return out
}

func TestPlan(t *testing.T) {
	sets := slices.Concat(labelled("a_total", 2), labelled("b_seconds_bucket", 50), labelled("b_seconds_sum", 5), labelled("b_seconds_count", 5),
		labelled("c", 30), labelled("d", 30), labelled("up", 1), labelled("go_goroutines", 1))
	p := newPlan(sets, nil, 45, false)
	if p.kept != 43 || p.left != 30 || p.parts != 50 || len(p.omitted) != 1 || p.omitted[0].base != "d" {
		t.Errorf("plan %+v", p)
	}
	if r, ok := p.omission("n1", "{}", 45); !ok || r.In != 73 || r.Out != 43 || !strings.Contains(r.How, "as d:") {
		t.Errorf("omission %+v", r)
	}
	if p := newPlan(sets, nil, 100, true); p.kept != 72 || p.parts != 51 {
		t.Errorf("beside another: %+v", p)
	}
	span := incident.Window{From: time.Unix(0, 0), To: time.Unix(3600, 0)}
	all := newPlan(sets, nil, 100, false)
	if q := all.questions(nil, span, 240, 0); len(q) != 1 || len(q[0].spans) != 1 || strings.Contains(q[0].sel, "go_goroutines") {
		t.Errorf("questions %+v", q)
	}
	q := all.questions(nil, span, 40_000, 0) // 25 series at once
	if len(q) != 4 || len(q[1].spans) != 2 || !strings.Contains(q[1].sel, `__name__=~"c"`) {
		t.Errorf("questions %+v", q)
	}
}

// TestSplit has the parts of a span cover it, and no query on a grid give more
// points than a server allows.
func TestSplit(t *testing.T) {
	span := incident.Window{From: time.Unix(1000, 0), To: time.Unix(1000+86400, 0)}
	for _, tt := range []struct {
		parts, points int
		step          time.Duration
		want          int
	}{{1, 0, 0, 1}, {7, 0, 0, 7}, {1, 86401, time.Second, 8}, {3, 1441, time.Minute, 3}} {
		got := split(span, tt.parts, tt.points, tt.step)
		if got[0].From != span.From || got[len(got)-1].To != span.To || len(got) < tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
		for i, w := range got {
			if i > 0 && w.From != got[i-1].To || tt.step > 0 && w.Duration()/tt.step >= longestPoints {
				t.Errorf("%+v: part %d is %v", tt, i, w)
			}
		}
	}
}

func TestFill(t *testing.T) {
	always := func(int64) bool { return true }
	for _, tt := range []struct {
		name  string
		times []int64
		alive func(int64) bool
		want  []int64
	}{
		{"whole", []int64{5, 15, 25, 35}, always, []int64{5, 15, 25, 35}},
		{"a hole", []int64{5, 35}, always, []int64{5, 15, 25, 35}},
		{"began late", []int64{25, 35}, always, []int64{5, 15, 25, 35}},
		{"ended early", []int64{5, 15}, always, []int64{5, 15, 25, 35}},
		{"the server was down", []int64{5, 35}, func(at int64) bool { return at < 20 }, []int64{5, 15, 35}},
		{"not on the beat", []int64{5, 16, 24, 35}, always, []int64{5, 16, 24, 35}},
		{"never", nil, always, nil},
	} {
		if got := fill(tt.times, 10, tt.alive, 0, 39); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestPlace(t *testing.T) {
	nan := math.NaN()
	got := place([]int64{3, 10, 11, 19, 45}, []float64{1, 2, 3, 4, 5}, []int64{10, 20, 30, 40}, 5)
	if want := []float64{2, 4, nan, nan}; !slices.EqualFunc(got, want, func(a, b float64) bool { return a == b || a != a && b != b }) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestNames has targets become nodes under all names they go by.
func TestNames(t *testing.T) {
	s, err := New(Config{Settings: fetch.Settings{URL: "http://127.0.0.1:9090"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		targets []string // job/instance; one of job "machine" tells of its machine, whose own name is "box"
		want    []string
	}{
		{"alone", []string{"db/h1:9187"}, []string{"h1:9187 h1"}},
		{"with its machine", []string{"db/h1:9187", "machine/h1:9100"}, []string{"h1:9187 h1:9100 box h1"}},
		{"a machine alone", []string{"machine/h1:9100"}, []string{"h1:9100 box h1"}},
		{"two on a host", []string{"a/h1:1", "b/h1:2"}, []string{"h1:1", "h1:2"}},
		{"two and their machine", []string{"a/h1:1", "b/h1:2", "machine/h1:9"}, []string{"h1:1", "h1:2", "h1:9 box h1"}},
		{"on the server's machine", []string{"a/127.0.0.1:1"}, []string{"127.0.0.1:1"}},
		{"told of twice", []string{"a/h1:1", "b/h1:1"}, []string{"h1:1 h1"}},
		{"a name alone", []string{"a/n1"}, []string{"n1"}},
		{"IPv6", []string{"a/[fd00::1]:1"}, []string{"[fd00::1]:1 fd00::1"}},
		{"a URL", []string{"probe/https://h1:8443/health"}, []string{"https://h1:8443/health h1"}},
	} {
		var targets []*target
		machines := make(map[string]string)
		for _, x := range tt.targets {
			job, instance, _ := strings.Cut(x, "/")
			target := s.target(map[string]string{"job": job, "instance": instance})
			if target.machine = job == "machine"; target.machine {
				machines[job+"\xff"+instance] = "box"
			}
			targets = append(targets, target)
		}
		var got []string
		for _, n := range s.nodes(targets, machines) {
			got = append(got, strings.Join(n.Names, " "))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestKind(t *testing.T) {
	stated := types{
		"a_count": "gauge", "b": "counter", "c_seconds": "summary", "d": "unknown", "e_total": "untyped", "f": "counter", "h": "histogram",
	}
	names := map[string]int{"g_sum": 1, "g_count": 1}
	for _, tt := range []struct {
		name string
		kind kind
		base string
	}{
		{"a_count", gauge, "a_count"},
		{"b", counter, "b"},
		{"c_seconds_sum", sum, "c_seconds"},
		{"c_seconds_count", count, "c_seconds"},
		{"d", unsaid, "d"},
		{"e_total", counter, "e"},
		{"f_total", counter, "f"},
		{"f_created", unused, "f"},
		{"g_sum", sum, "g"},
		{"g_count", count, "g"},
		{"h_bucket", unused, "h"},
		{"i_count", gauge, "i_count"},
		{"k_total", counter, "k"},
		{"l_created", gauge, "l_created"},
		{"m", gauge, "m"},
	} {
		if k, base := stated.kind(tt.name, names); k != tt.kind || base != tt.base {
			t.Errorf("%s: %d %s, want %d %s", tt.name, k, base, tt.kind, tt.base)
		}
	}
	for _, tt := range []struct {
		values []float64
		want   bool
	}{
		{[]float64{1, 2, 2, 5}, true},
		{[]float64{1, 9, 0, 5}, true},
		{[]float64{1, 9, 0, 5, 4}, false},
		{[]float64{3, 3, 3}, false},
		{[]float64{1, 1.5}, false},
		{[]float64{1, math.NaN(), 3, 4}, true},
		{nil, false},
	} {
		if got := rises([]*series{{values: tt.values}}); got != tt.want {
			t.Errorf("%v: %v", tt.values, got)
		}
	}
}

func TestPosition(t *testing.T) {
	for name, want := range map[string]bool{
		"searchIndex": true, "raft_applied_index": true, "index": true, "Index": true, "reindex": false, "syncLag": false, "topic_current_offset": true, "indexes": false, "": false,
		"İİindex": false, "İİİ_index": true,
	} {
		if got := isPosition(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	of := func(what string, values ...float64) *series {
		return &series{labels: map[string]string{"__name__": "consensus", "type": what}, values: values}
	}
	list := []*series{of("searchIndex", 5, 6), of("searchIndex", 3, 3), of("syncLag", 1, 2), of("safeIndex", 7, 7)}
	gauges, counters := byPosition(list)
	if !slices.Equal(counters, list[:2]) || !slices.Equal(gauges, list[2:]) {
		t.Errorf("gauges %v, counters %v", gauges, counters)
	}
}
