package loki_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/connectors/loki"
	"triagent/connectors/sourcetest"
	"triagent/incident"
	"triagent/telemetry"
)

func source(t testing.TB, url string, change ...func(*loki.SourceConfig)) *loki.Source {
	t.Helper()
	c := loki.SourceConfig{Settings: fetch.Settings{URL: url, Rate: 1000, Proxy: "none"}}
	for _, f := range change {
		f(&c)
	}
	s, err := loki.NewSource(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// three are two nodes, one of them with two streams, and a stream of nobody.
func three() []map[string]string {
	return []map[string]string{
		{"instance": "10.0.0.1:9092", "host": "h1", "app": "db", "level": "info"},
		{"host": "h2", "app": "db", "file": "a.log"},
		{"host": "h2", "app": "db", "file": "b.log"},
		{"app": "lonely"},
	}
}

func spanOf(d time.Duration) incident.Window { return incident.Window{From: began, To: began.Add(d)} }

func collect(t testing.TB, s *loki.Source, ask connectors.Ask) sourcetest.Got {
	t.Helper()
	var rec sourcetest.Recorder
	if err := s.Collect(t.Context(), ask, &rec); err != nil {
		t.Fatal(err)
	}
	return rec.Got()
}

func TestSuite(t *testing.T) {
	f := &fake{streams: three()[:3], limit: 5000, stats: true, lines: regular(60, time.Second, func(i int) string { return fmt.Sprintf("line %d", i) })}
	many := &fake{streams: []map[string]string{{"host": "h1"}, {"host": "h2"}}, limit: 5000, stats: true, lines: regular(50_000, time.Millisecond, func(i int) string { return fmt.Sprintf("line %d of some length, as they are", i) })}
	sourcetest.Run(t, sourcetest.Subject{
		New: func(at fetch.Settings) (connectors.Source, error) {
			return loki.NewSource(loki.SourceConfig{Settings: at})
		},
		Server: f.start(t), Parts: true,
		Ask:   connectors.Ask{Span: spanOf(time.Minute)},
		Empty: connectors.Ask{Span: incident.Window{From: began.Add(-time.Hour), To: began.Add(-time.Minute)}},
		Many:  &sourcetest.Many{Server: many.start(t), Ask: connectors.Ask{Span: spanOf(time.Hour)}, Rows: 100_000},
	})
}

func TestDiscover(t *testing.T) {
	f := &fake{streams: three(), limit: 5000, stats: true, lines: regular(10, time.Second, func(int) string { return "x" })}
	found, err := source(t, f.start(t), func(c *loki.SourceConfig) { c.Match = `{app=~".+"}` }).Discover(t.Context(), spanOf(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Nodes) != 2 || fmt.Sprint(found.Nodes[0].Names) != "[10.0.0.1:9092 h1]" || found.Nodes[0].Host != "h1" || found.Nodes[1].Service != "db" {
		t.Errorf("nodes %+v", found.Nodes)
	}
	if len(found.Lacks) != 1 || found.Lacks[0].What != "logs of 1 streams" {
		t.Errorf("lacks %+v", found.Lacks)
	}
	if h := found.Holds[0]; h.Count != 3 || !strings.Contains(h.Note, "about 40 lines") {
		t.Errorf("holds %+v", h)
	}
	found, err = source(t, f.start(t), func(c *loki.SourceConfig) { c.NodeLabels = []string{"nope"} }).Discover(t.Context(), spanOf(time.Minute))
	if err != nil || len(found.Lacks) != 1 || !strings.Contains(found.Lacks[0].Why, "there are app") {
		t.Errorf("found %+v, %v", found, err)
	}
}

// TestEdges has pages of three where many lines are of one moment: each comes
// once, and what cannot be had is told.
func TestEdges(t *testing.T) {
	at := func(n int64) int64 { return began.UnixNano() + n }
	all := []line{
		{at: at(1), text: "a"},
		{at: at(2), text: "b"},
		{at: at(2), text: "b"},
		{at: at(2), text: "c"},
		{at: at(3), text: "d"},
		{at: at(3), text: "e"},
		{at: at(4), text: "f"},
	}
	f := &fake{streams: []map[string]string{{"host": "h1"}}, limit: 4, lines: func(_ int, from, to int64, limit int) []line {
		var out []line
		for _, l := range all {
			if l.at >= from && l.at < to && len(out) < limit {
				out = append(out, l)
			}
		}
		return out
	}}
	text := func(g sourcetest.Got) (s string) {
		for _, l := range g.Lines {
			s += string(l.Body)
		}
		return s
	}
	got := collect(t, source(t, f.start(t)), connectors.Ask{Span: spanOf(time.Second)})
	if text(got) != "abbcdef" || len(got.Missing) > 0 {
		t.Errorf("%q came, missing %v", text(got), got.Missing)
	}
	f.limit = 3 // as many as there are of one moment
	got = collect(t, source(t, f.start(t)), connectors.Ask{Span: spanOf(time.Second)})
	if text(got) != "abbcdef" || len(got.Missing) != 1 {
		t.Errorf("%q came, missing %v", text(got), got.Missing)
	}
}

func TestLines(t *testing.T) {
	texts := []string{
		"2026-11-20 10:00:00,000 [main] ERROR o.a.Disk:12 - no room", "\tat java.lang.Thread.run(Thread.java:1)", `level=warn msg="slow"`,
	}
	f := &fake{streams: three(), limit: 5000, lines: func(stream int, from, to int64, limit int) []line {
		return regular(len(texts), time.Second, func(i int) string { return texts[i] })(stream, from, to, limit)
	}}
	got := collect(t, source(t, f.start(t)), connectors.Ask{Span: spanOf(time.Minute), Nodes: []connectors.Node{{Names: []string{"h1"}}, {Names: []string{"other"}}}})
	if len(got.Lines) != 3 {
		t.Fatalf("%d lines: %+v", len(got.Lines), got.Lines)
	}
	l := got.Lines[1]
	if l.Node != "10.0.0.1:9092" || !l.Raw || l.TraceID != "t0" || l.Level != telemetry.Info || l.Attributes["host"] != "h1" || l.Attributes["instance"] != "" {
		t.Errorf("line %+v", l)
	}
	if l.Query != `{instance="10.0.0.1:9092"}` {
		t.Errorf("query %s", l.Query)
	}
	f.streams[0]["level"] = ""
	if got := collect(t, source(t, f.start(t)), connectors.Ask{Span: spanOf(time.Minute), Nodes: []connectors.Node{{Names: []string{"h1"}}}}); got.Lines[0].Level != telemetry.Warn {
		t.Errorf("level %v", got.Lines[0].Level)
	}
}

// TestThinned has ten times as many lines as are wanted: the latest come whole
// and the others evenly, and the first node has more than the second.
func TestThinned(t *testing.T) {
	f := &fake{
		streams: []map[string]string{{"host": "h1"}, {"host": "h2"}}, limit: 500, stats: true,
		lines: regular(3600*4, 250*time.Millisecond, func(i int) string { return fmt.Sprint(i) }),
	}
	got := collect(t, source(t, f.start(t)), connectors.Ask{
		Span: spanOf(time.Hour), Nodes: []connectors.Node{{Names: []string{"h2"}}, {Names: []string{"h1"}}}, Limit: connectors.Limit{Lines: 4000},
	})
	if len(got.Lines) > 4000 || len(got.Lines) < 3900 {
		t.Errorf("%d lines where 4000 are wanted", len(got.Lines))
	}
	by := make(map[string]map[int]int) // node, and part of the span
	for _, l := range got.Lines {
		if by[l.Node] == nil {
			by[l.Node] = make(map[int]int)
		}
		by[l.Node][int(time.Unix(0, l.Time).Sub(began)/(time.Hour/48))]++
	}
	whole := 3600 * 4 / 48
	if by["h2"][47] != whole || by["h2"][42] != whole || by["h2"][0] < 10 || by["h2"][20] < 10 || by["h1"][47] != whole || by["h1"][0] < 1 {
		t.Errorf("lines by part: %v", by)
	}
	if len(got.Reduced) != 2 {
		t.Errorf("reduced %+v", got.Reduced)
	}
	for _, r := range got.Reduced {
		t.Log(r)
		if r.In != 3600*4 || r.Rest == "" || !strings.Contains(r.How, "whole from 2026-11-20T10:") {
			t.Errorf("reduced %+v", r)
		}
	}
}

func TestSourceConfig(t *testing.T) {
	at := fetch.Settings{URL: "http://127.0.0.1:1"}
	for name, c := range map[string]loki.SourceConfig{
		"no url": {}, "match": {Settings: at, Match: `{a="b"} |= "x"`}, "open": {Settings: at, Match: `{a="b}`}, "label": {Settings: at, NodeLabels: []string{"a-b"}},
		"service": {Settings: at, ServiceLabel: "a b"}, "tenant": {Settings: at, Tenant: "a b"}, "lines": {Settings: at, MaxLines: -1},
	} {
		if _, err := loki.NewSource(c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := loki.NewSource(loki.SourceConfig{Settings: at, Match: "{a=\"b\", c!~`d|e\"`}", Tenant: "ops"}); err != nil {
		t.Error(err)
	}
}
