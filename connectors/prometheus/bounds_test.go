package prometheus_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/prometheus"
	"triagent/incident"
	"triagent/internal/errs"
)

var wholeHour = incident.Window{From: began, To: began.Add(time.Hour - 15*time.Second)}

// TestBounds bounds what is handed over, by series of a node and by samples.
func TestBounds(t *testing.T) {
	p := serve(t, "", hour(3, 40))
	t.Run("series", func(t *testing.T) {
		to := collected(t, source(t, p.url, func(c *prometheus.Config) { c.MaxSeries = 12 }), connectors.Ask{Span: wholeHour})
		if len(to.series) != 3*13 || len(to.reduced) != 3 || to.reduced[0].In != 40 || to.reduced[0].Out != 12 || to.reduced[0].Rest == "" {
			t.Errorf("%d series, reduced %+v", len(to.series), to.reduced)
		}
	})
	t.Run("samples farther apart", func(t *testing.T) {
		to := collected(t, source(t, p.url), connectors.Ask{Span: wholeHour, Limit: connectors.Limit{Samples: 10_000}})
		n := 0
		for _, x := range to.series {
			n += len(x.Values)
		}
		if n > 10_000 || len(to.series) != 3*41 || len(to.reduced) != 1 || len(to.missing) > 0 || to.series[0].Times[1]-to.series[0].Times[0] != int64(time.Minute) {
			t.Errorf("%d samples of %d series, reduced %+v, missing %+v", n, len(to.series), to.reduced, to.missing)
		}
	})
	t.Run("only the first nodes", func(t *testing.T) {
		to := collected(t, source(t, p.url), connectors.Ask{Span: wholeHour, Limit: connectors.Limit{Samples: 1200}})
		if len(to.series) != 2*41 || len(to.missing) != 1 || to.missing[0].What != "metrics of 10.0.0.3:9092" {
			t.Errorf("%d series, missing %+v", len(to.series), to.missing)
		}
	})
	t.Run("error of the sink", func(t *testing.T) {
		full := errors.New("full")
		if err := source(t, p.url).Collect(t.Context(), connectors.Ask{Span: wholeHour}, &sink{fail: full}); !errors.Is(err, full) {
			t.Errorf("error %v", err)
		}
	})
}

// TestLongSpan fetches more points of a series than one query may give.
func TestLongSpan(t *testing.T) {
	var o openmetrics
	for _, name := range []string{"up", "queue_length"} {
		o.add(name+`{job="db",instance="10.0.0.1:9092"}`, 12_100, func(i int) float64 { return float64(i%2 + 1) })
	}
	p := serve(t, "", o.String()+"# EOF\n")
	long := incident.Window{From: began, To: began.Add(12_099 * 15 * time.Second)}
	for _, step := range []time.Duration{0, 15 * time.Second} {
		to := collected(t, source(t, p.url, func(c *prometheus.Config) { c.Step = step }), connectors.Ask{Span: long})
		x := to.of(t, "10.0.0.1:9092", "queue_length")
		if len(x.Values) != 12_100 || len(to.missing) > 0 {
			t.Fatalf("step %v: %d samples, missing %v", step, len(x.Values), to.missing)
		}
		for i, v := range x.Values {
			if v != float64(i%2+1) {
				t.Fatalf("step %v: sample %d is %v", step, i, v)
			}
		}
	}
}

// TestOutage has a server that was down for a while: that is no absence of its
// targets.
func TestOutage(t *testing.T) {
	var o openmetrics
	for _, h := range []string{"10.0.0.1", "10.0.0.2"} {
		o.add(`up{job="db",instance="`+h+`:1"}`, 60, func(i int) float64 {
			if i >= 20 && i < 40 || h == "10.0.0.2" && i >= 50 {
				return nan
			}
			return 1
		})
	}
	p := serve(t, "", o.String()+"# EOF\n")
	to := collected(t, source(t, p.url), connectors.Ask{Span: incident.Window{From: began, To: began.Add(59 * 15 * time.Second)}})
	if len(to.missing) != 1 || !strings.Contains(to.missing[0].What, "10:04:45Z to 2026-11-20T10:10:00Z") {
		t.Errorf("missing %+v", to.missing)
	}
	up := to.of(t, "10.0.0.2:1", "up")
	gone := 0
	for i, at := range up.Times {
		if v := up.Values[i]; v != v && at >= began.Add(50*15*time.Second).UnixNano() {
			gone++
		}
	}
	if gone < 8 || len(up.Times) > 44 {
		t.Errorf("up of the one that is gone: %v at %d times", up.Values, len(up.Times))
	}
}

// like passes requests on to a server and changes some answers.
func like(t *testing.T, to string, change func(w http.ResponseWriter, r *http.Request, rest http.Handler)) string {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { change(w, r, proxy) }))
	t.Cleanup(s.Close)
	return s.URL
}

// TestLikeOnes asks servers that have less than a Prometheus, or say more.
func TestLikeOnes(t *testing.T) {
	p := serve(t, "", some())
	t.Run("no targets, no metadata", func(t *testing.T) {
		at := like(t, p.url, func(w http.ResponseWriter, r *http.Request, rest http.Handler) {
			if strings.HasSuffix(r.URL.Path, "/targets") || strings.HasSuffix(r.URL.Path, "/metadata") {
				http.NotFound(w, r)
				return
			}
			rest.ServeHTTP(w, r)
		})
		s := source(t, at)
		f, err := s.Discover(t.Context(), span)
		if err != nil || len(f.Nodes) != 2 || len(f.Lacks) != 1 {
			t.Errorf("found %+v, %v", f, err)
		}
		if to := collected(t, s, connectors.Ask{Span: span}); len(to.series) != 16 {
			t.Errorf("%d series", len(to.series))
		}
	})
	t.Run("warnings", func(t *testing.T) {
		at := like(t, p.url, func(w http.ResponseWriter, r *http.Request, rest http.Handler) {
			rec := httptest.NewRecorder()
			r.Header.Del("Accept-Encoding")
			rest.ServeHTTP(rec, r)
			body := bytes.Replace(rec.Body.Bytes(), []byte(`{"status":"success",`), []byte(`{"warnings":["store b is down"],"status":"success",`), 1)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(body)
		})
		s := source(t, at)
		to := collected(t, s, connectors.Ask{Span: span})
		said := 0
		for _, m := range to.missing {
			if strings.Contains(m.Why, "store b is down") {
				said++
			}
		}
		if said < 4 || len(to.series) != 16 {
			t.Errorf("missing %+v", to.missing)
		}
		if f, err := s.Discover(t.Context(), span); err != nil || len(f.Lacks) != 2 {
			t.Errorf("found %+v, %v", f, err)
		}
	})
	t.Run("one node is too much", func(t *testing.T) {
		asked := 0
		at := like(t, p.url, func(w http.ResponseWriter, r *http.Request, rest http.Handler) {
			if strings.Contains(r.URL.Query().Get("query"), `instance="10.0.0.2:9092"`) {
				asked++
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnprocessableEntity)
				_, _ = io.WriteString(w, `{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory"}`)
				return
			}
			rest.ServeHTTP(w, r)
		})
		to := collected(t, source(t, at), connectors.Ask{Span: span})
		if len(to.series) != 8+1 || len(to.missing) != 1 || !strings.Contains(to.missing[0].Why, "too many samples") || asked != 3 {
			t.Errorf("%d series, missing %+v after %d requests", len(to.series), to.missing, asked)
		}
	})
	t.Run("all is refused", func(t *testing.T) {
		at := like(t, p.url, func(w http.ResponseWriter, r *http.Request, rest http.Handler) {
			if strings.Contains(r.URL.Path, "/query") {
				http.Error(w, "no", http.StatusForbidden)
				return
			}
			rest.ServeHTTP(w, r)
		})
		if err := source(t, at).Collect(t.Context(), connectors.Ask{Span: span}, new(sink)); errs.KindOf(err) != errs.Denied {
			t.Errorf("error %v", err)
		}
	})
}

// TestPushed has nodes that nothing scrapes: there is no up, and every series has
// times of its own.
func TestPushed(t *testing.T) {
	var b strings.Builder
	for i := range 20 {
		for j, pod := range []string{"shop-0", "shop-1"} {
			at := began.Add(time.Duration(i)*30*time.Second + time.Duration(j)*7*time.Second)
			writeSample(&b, `requests_total{pod="`+pod+`",namespace="a"}`, float64(i*60), at)
		}
	}
	p := serve(t, "", b.String()+"# EOF\n")
	s := source(t, p.url, func(c *prometheus.Config) { c.NodeLabel, c.ServiceLabel, c.Match = "pod", "app", `{namespace="a"}` })
	window := incident.Window{From: began, To: began.Add(10 * time.Minute)}
	f, err := s.Discover(t.Context(), window)
	if err != nil || len(f.Nodes) != 2 || f.Nodes[0].Names[0] != "shop-0" {
		t.Fatalf("found %+v, %v", f, err)
	}
	x := collected(t, s, connectors.Ask{Span: window, Nodes: f.Nodes[1:]}).of(t, "shop-1", "requests:per_s")
	if len(x.Values) != 22 || x.Values[5] != 2 || (x.Times[1]-x.Times[0]) != int64(30*time.Second) {
		t.Errorf("%v at %v", x.Values, x.Times)
	}
	none, err := source(t, p.url, func(c *prometheus.Config) { c.NodeLabel = "vm" }).Discover(t.Context(), window)
	if err != nil || len(none.Nodes) != 0 || len(none.Lacks) != 1 || !strings.Contains(none.Lacks[0].Remedy, "node_label") {
		t.Errorf("found %+v, %v", none, err)
	}
}

// TestCounts asks for fewer samples than there are of targets that the server
// has counted.
func TestCounts(t *testing.T) {
	var o openmetrics
	o.WriteString(strings.TrimSuffix(hour(3, 40), "# EOF\n"))
	for _, h := range []string{"1", "2", "3"} {
		o.add(`scrape_samples_post_metric_relabeling{job="db",instance="10.0.0.`+h+`:9092",cluster="plant"}`, 240, func(int) float64 { return 40 })
	}
	p := serve(t, "", o.String()+"# EOF\n")
	to := collected(t, source(t, p.url), connectors.Ask{Span: wholeHour, Limit: connectors.Limit{Samples: 10_000}})
	n := 0
	for _, x := range to.series {
		n += len(x.Values)
	}
	if n > 10_000 || len(to.series) != 3*42 || len(to.missing) > 0 || len(to.reduced) != 1 || to.series[0].Times[1]-to.series[0].Times[0] != int64(time.Minute) {
		t.Errorf("%d samples of %d series, reduced %+v, missing %+v", n, len(to.series), to.reduced, to.missing)
	}
}

// TestRelabelled has a target whose labels change under way: it stays one.
func TestRelabelled(t *testing.T) {
	var o openmetrics
	for _, name := range []string{"up", "queue_length"} {
		for k, version := range []string{"2", "1"} {
			o.add(name+`{job="db",instance="10.0.0.1:9092",version="`+version+`"}`, 20, func(i int) float64 {
				if (i >= 8) == (k == 1) {
					return nan
				}
				return 1
			})
		}
	}
	p := serve(t, "", o.String()+"# EOF\n")
	s := source(t, p.url)
	f, err := s.Discover(t.Context(), span)
	if err != nil || len(f.Nodes) != 1 || len(f.Lacks) != 0 {
		t.Errorf("found %+v, %v", f, err)
	}
	to := collected(t, s, connectors.Ask{Span: span})
	up := to.of(t, "10.0.0.1:9092", "up")
	if len(up.Values) != 20 || up.Values[7] != 1 || up.Values[8] != 1 || up.Query != `{job="db",instance="10.0.0.1:9092",__name__="up"}` {
		t.Errorf("up %v by %s", up.Values, up.Query)
	}
	if before := to.of(t, "10.0.0.1:9092", "queue_length{version=1}"); before.Values[7] != 1 || before.Values[8] == 1 {
		t.Errorf("%v", before.Values)
	}
}
