package elastic_test

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/elastic"
	"triagent/connectors/fetch"
	"triagent/connectors/sourcetest"
	"triagent/incident"
	"triagent/lab/servers"
)

// TestReal runs all against each of the servers, one after another: each takes
// most of a gigabyte.
func TestReal(t *testing.T) {
	for _, tt := range []struct {
		kind    servers.Kind
		version string
	}{{servers.Elasticsearch, ""}, {servers.OpenSearch, "2.19.4"}, {servers.OpenSearch, "3.8.0"}} {
		t.Run(string(tt.kind)+tt.version, func(t *testing.T) {
			s := start(t, tt.kind, tt.version)
			for _, c := range []struct {
				name string
				run  func(*testing.T, *server)
			}{
				{"mappings", mappings}, {"ties", ties}, {"units", units}, {"thinned", thinned}, {"narrow", narrow}, {"red", red}, {"suite", suite}, {"closed", closed}, {"cost", cost},
			} {
				t.Run(c.name, func(t *testing.T) { c.run(t, &server{s.Server, t}) })
			}
		})
	}
}

// mappings has documents that say the same in many ways.
func mappings(t *testing.T, s *server) {
	s.call("PUT", "/logs-a", `{"mappings":{"properties":{"@timestamp":{"type":"date"},"host":{"properties":{"name":{"type":"keyword"},"hostname":{"type":"keyword"},"ip":{"type":"ip"}}},"service":{"properties":{"name":{"type":"keyword"}}}}}}`)
	s.call("PUT", "/logs-b", `{"mappings":{"properties":{"@timestamp":{"type":"date"},"host":{"type":"text","fields":{"keyword":{"type":"keyword"}}}}}}`)
	s.call("PUT", "/logs-c", `{"mappings":{"properties":{"@timestamp":{"type":"date"},"hostname":{"type":"text"}}}}`)
	docs := map[string][]string{
		"logs-a": {
			`{"@timestamp":"%s","host":{"name":"db1","hostname":"db1.plant","ip":["10.0.0.1","127.0.0.1","fe80::1"]},"service":{"name":"db"},"log":{"level":"WARN"},"trace":{"id":"abc"},"span.id":"def","message":"nested","n":7,"tags":["a","b"]}`,
			`{"@timestamp":"%s","host.name":"db2","log.level":"error","message":"flat","error":{"stack_trace":"java.io.IOException: x\n\tat a.b.C(D.java:1)"}}`,
			`{"@timestamp":"%s","host":[{"name":"db2"}],"level":50,"message":["one","two"]}`,
			`{"@timestamp":"%s","host":{"hostname":"db3"},"message":"2026-11-20 10:00:00,000 [main] ERROR o.a.Disk:12 - no room"}`,
			`{"@timestamp":"%s","message":"of nobody"}`,
		},
		"logs-b": {`{"@timestamp":"%s","host":"web 1","msg":"plain","level":"info"}`, `{"@timestamp":"%s","host":"web 1","code":500}`},
		"logs-c": {`{"@timestamp":"%s","hostname":"edge-1","log":"from fluentd"}`},
	}
	for index, list := range docs {
		s.put(index, len(list), func(i int) string { return fmt.Sprintf(list[i], stamp(time.Duration(i)*time.Second)) })
	}
	src := source(t, s.URL, func(c *elastic.Config) { c.Index = "logs-a,logs-b,logs-c,logs-nowhere" })
	found, err := src.Discover(t.Context(), spanOf(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range found.Nodes {
		names = append(names, strings.Join(n.Names, "+"))
	}
	if fmt.Sprint(names) != "[db1+10.0.0.1+db1.plant db2 db3 web 1]" || found.Nodes[0].Service != "db" || len(found.Lacks) != 1 {
		t.Errorf("found %q, %+v", names, found)
	}
	got := collect(t, src, connectors.Ask{Span: spanOf(time.Minute)})
	var lines []string
	for _, l := range got.Lines {
		lines = append(lines, fmt.Sprintf("%s %s %v %s", l.Node, l.Level, l.Raw, strings.ReplaceAll(string(l.Body), "\n", "|")))
	}
	sort.Strings(lines)
	want := `db1 WARN false nested
db2 ERROR false flat|java.io.IOException: x|	at a.b.C(D.java:1)
db2 ERROR false one, two
db3 ERROR true 2026-11-20 10:00:00,000 [main] ERROR o.a.Disk:12 - no room
edge-1  false from fluentd
web 1  false {"@timestamp":"2026-11-20T10:00:01.000Z","code":500,"host":"web 1"}
web 1 INFO false plain`
	if text := strings.Join(lines, "\n"); text != want {
		t.Errorf("lines:\n%s\nwant:\n%s", text, want)
	}
	if len(got.Missing) != 1 || !strings.Contains(got.Missing[0].What, "1 log documents") {
		t.Errorf("missing %+v", got.Missing)
	}
	for _, l := range got.Lines {
		if l.Node == "db1" && (l.TraceID != "abc" || l.SpanID != "def" || l.Attributes["n"] != "7" || l.Attributes["tags"] != "a, b" || l.Time != began.UnixNano()) {
			t.Errorf("line %+v", l)
		}
	}
	// Names that only documents know are looked for in them.
	got = collect(t, src, connectors.Ask{Span: spanOf(time.Minute), Nodes: []connectors.Node{{Names: []string{"edge-1"}}, {Names: []string{"db1", "10.0.0.1"}}}})
	if len(got.Lines) != 2 {
		t.Errorf("%d lines of two nodes", len(got.Lines))
	}
	s.call("DELETE", "/logs-a,logs-b,logs-c", "")
}

// ties has many documents of one moment in several shards and indices, over the
// edges of pages.
func ties(t *testing.T, s *server) {
	const n = 12_000
	for _, index := range []string{"logs-t1", "logs-t2"} {
		s.call("PUT", "/"+index, `{"settings":{"number_of_shards":3},"mappings":{"properties":{"@timestamp":{"type":"date"},"host.name":{"type":"keyword"}}}}`)
		s.put(index, n, func(i int) string {
			return fmt.Sprintf(`{"@timestamp":"%s","host.name":"h1","message":"%s %d"}`, stamp(time.Duration(i/4000)*time.Second), index, i)
		})
	}
	got := collect(t, source(t, s.URL, func(c *elastic.Config) { c.Index = "logs-t*" }), connectors.Ask{Span: spanOf(time.Minute)})
	seen := make(map[string]bool)
	for _, l := range got.Lines {
		if seen[string(l.Body)] {
			t.Errorf("%s comes twice", l.Body)
		}
		seen[string(l.Body)] = true
	}
	if len(seen) != 2*n || !sort.SliceIsSorted(got.Lines, func(i, j int) bool { return got.Lines[i].Time < got.Lines[j].Time }) {
		t.Errorf("%d of %d documents came, or not in order", len(seen), 2*n)
	}
	s.call("DELETE", "/logs-t1,logs-t2", "")
}

// units has times in milliseconds in one index and in nanoseconds in another.
func units(t *testing.T, s *server) {
	for index, kind := range map[string]string{"logs-ms": "date", "logs-ns": "date_nanos"} {
		s.call("PUT", "/"+index, `{"mappings":{"properties":{"@timestamp":{"type":"`+kind+`"},"host.name":{"type":"keyword"}}}}`)
		s.put(index, 6000, func(i int) string {
			at := began.Add(time.Duration(i) * time.Millisecond).Format("2006-01-02T15:04:05.000")
			if kind == "date_nanos" {
				at += "000001"
			}
			return fmt.Sprintf(`{"@timestamp":"%sZ","host.name":"h1","message":"%s %d"}`, at, index, i)
		})
	}
	for index, want := range map[string]int{"logs-ms": 6000, "logs-ns": 6000, "logs-ms,logs-ns": 12000} {
		got := collect(t, source(t, s.URL, func(c *elastic.Config) { c.Index = index }), connectors.Ask{Span: spanOf(time.Minute)})
		if len(got.Lines) != want {
			t.Fatalf("%s: %d of %d documents came", index, len(got.Lines), want)
		}
		if l := got.Lines[want-1]; strings.HasSuffix(index, "ns") && l.Time != began.Add(5999*time.Millisecond+1).UnixNano() {
			t.Errorf("%s: the last is of %v", index, time.Unix(0, l.Time).UTC())
		}
	}
	s.call("DELETE", "/logs-ms,logs-ns", "")
}

// thinned has ten times as many documents as are wanted.
func thinned(t *testing.T, s *server) {
	s.call("PUT", "/logs-x", `{"mappings":{"properties":{"@timestamp":{"type":"date"},"host.name":{"type":"keyword"}}}}`)
	s.put("logs-x", 20_000, func(i int) string {
		return fmt.Sprintf(`{"@timestamp":"%s","host.name":"h%d","message":"%d"}`, stamp(time.Duration(i/2)*360*time.Millisecond), 1+i%2, i)
	})
	got := collect(t, source(t, s.URL, func(c *elastic.Config) { c.Index = "logs-x" }), connectors.Ask{
		Span: spanOf(time.Hour), Nodes: []connectors.Node{{Names: []string{"h2"}}, {Names: []string{"h1"}}}, Limit: connectors.Limit{Lines: 2000},
	})
	by := make(map[string]map[int]int) // node, and part of the span
	for _, l := range got.Lines {
		if by[l.Node] == nil {
			by[l.Node] = make(map[int]int)
		}
		by[l.Node][int(time.Unix(0, l.Time).Sub(began)/(time.Hour/48))]++
	}
	if n := len(got.Lines); n > 2000 || n < 1900 || by["h2"][47] < 208 || by["h2"][0] < 5 || by["h1"][47] < 208 || by["h1"][0] < 1 || len(got.Reduced) != 2 {
		t.Errorf("%d lines, by part %v, reduced %+v", n, by, got.Reduced)
	}
	for _, r := range got.Reduced {
		if r.In != 10_000 || !strings.Contains(r.How, "whole from 2026-11-20T10:") {
			t.Errorf("reduced %+v", r)
		}
	}
	s.call("DELETE", "/logs-x", "")
}

// narrow has indices that give fewer documents at once than are asked for, one
// and then all of them.
func narrow(t *testing.T, s *server) {
	for index, window := range map[string]int{"logs-wide": 10_000, "logs-narrow": 100} {
		s.call("PUT", "/"+index, fmt.Sprintf(`{"settings":{"max_result_window":%d},"mappings":{"properties":{"@timestamp":{"type":"date"},"host.name":{"type":"keyword"}}}}`, window))
		s.put(index, 250, func(i int) string {
			return fmt.Sprintf(`{"@timestamp":"%s","host.name":"h1","message":"x"}`, stamp(time.Duration(i)*time.Millisecond))
		})
	}
	for index, want := range map[string]int{"logs-narrow": 250, "logs-wide,logs-narrow": 500} {
		got := collect(t, source(t, s.URL, func(c *elastic.Config) { c.Index = index }), connectors.Ask{Span: spanOf(time.Minute)})
		if len(got.Lines) != want || len(got.Missing) > 0 {
			t.Errorf("%s: %d lines, want %d, missing %+v", index, len(got.Lines), want, got.Missing)
		}
	}
	s.call("DELETE", "/logs-wide,logs-narrow", "")
}

// red has an index none of whose shards is there: the others are read.
func red(t *testing.T, s *server) {
	s.call("PUT", "/logs-green", `{"mappings":{"properties":{"@timestamp":{"type":"date"},"host.name":{"type":"keyword"}}}}`)
	s.put("logs-green", 10, func(int) string { return fmt.Sprintf(`{"@timestamp":"%s","host.name":"h1","message":"x"}`, stamp(0)) })
	s.call("PUT", "/logs-red?wait_for_active_shards=0", `{"settings":{"index.routing.allocation.require._name":"nowhere"},"mappings":{"properties":{"@timestamp":{"type":"date"},"host.name":{"type":"keyword"}}}}`)
	src := source(t, s.URL, func(c *elastic.Config) { c.Index, c.Retries = "logs-green,logs-red", -1 })
	got := collect(t, src, connectors.Ask{Span: spanOf(time.Minute)})
	if len(got.Lines) != 10 || len(got.Missing) == 0 {
		t.Errorf("%d lines, missing %+v", len(got.Lines), got.Missing)
	}
	t.Log(got.Missing)
	found, err := src.Discover(t.Context(), spanOf(time.Minute))
	if err != nil || len(found.Nodes) != 1 || len(found.Lacks) == 0 {
		t.Errorf("found %+v, %v", found, err)
	}
	s.call("DELETE", "/logs-green,logs-red", "")
}

func suite(t *testing.T, s *server) {
	s.call("PUT", "/logs-s", `{"mappings":{"properties":{"@timestamp":{"type":"date"},"host.name":{"type":"keyword"}}}}`)
	s.put("logs-s", 400, func(i int) string {
		return fmt.Sprintf(`{"@timestamp":"%s","host":{"name":"h%d"},"log":{"level":"info"},"message":"line %d"}`, stamp(time.Duration(i)*100*time.Millisecond), i%2, i)
	})
	begun := time.Now()
	s.call("PUT", "/logs-many", `{"settings":{"number_of_shards":2,"number_of_replicas":0,"refresh_interval":"-1"},"mappings":{"properties":{"@timestamp":{"type":"date"},"host.name":{"type":"keyword"},"message":{"type":"text","index":false}}}}`)
	s.put("logs-many", 1_000_000, func(i int) string {
		return fmt.Sprintf(`{"@timestamp":"%s","host.name":"h%d","message":"line %d of some length, as they are"}`, stamp(time.Hour+time.Duration(i)*time.Millisecond), i%4, i)
	})
	t.Logf("1,000,000 documents put in %v", time.Since(begun).Round(time.Second))
	sourcetest.Run(t, sourcetest.Subject{
		New: func(at fetch.Settings) (connectors.Source, error) {
			return elastic.New(elastic.Config{Settings: at, Index: "logs-s,logs-many"})
		},
		Server: s.URL, Parts: true,
		Ask:   connectors.Ask{Span: spanOf(time.Minute)},
		Empty: connectors.Ask{Span: incident.Window{From: began.Add(-time.Hour), To: began.Add(-time.Minute)}},
		Many:  &sourcetest.Many{Ask: connectors.Ask{Span: incident.Window{From: began.Add(time.Hour), To: began.Add(2 * time.Hour)}}, Within: 10 * time.Minute},
	})
}

// closed shows that no point in time is left open, also where a caller gives up
// in the middle.
func closed(t *testing.T, s *server) {
	src := source(t, s.URL, func(c *elastic.Config) { c.Index = "logs-many" })
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	err := src.Collect(ctx, connectors.Ask{Span: incident.Window{From: began.Add(time.Hour), To: began.Add(2 * time.Hour)}}, &stopping{stop: func() { cancel(why) }})
	if !errors.Is(err, why) {
		t.Errorf("it ends with %v", err)
	}
	// What the suite broke off while it was being opened lives on for a minute.
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for end := time.Now().Add(3 * time.Minute); s.open() > 0; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%d are open", s.open())
		}
	}
	_ = collect(t, src, connectors.Ask{Span: spanOf(time.Minute)})
	if n := s.open(); n > 0 {
		t.Errorf("%d are open after a call that went well", n)
	}
}

// stopping calls stop at the first line.
type stopping struct {
	sourcetest.Recorder
	stop func()
}

func (s *stopping) Line(connectors.Line) error {
	s.stop()
	return nil
}
