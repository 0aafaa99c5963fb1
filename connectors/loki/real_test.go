package loki_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/connectors/loki"
	"triagent/connectors/sourcetest"
	"triagent/incident"
	"triagent/lab/servers"
	"triagent/telemetry"
)

// real is a Loki with lines from a moment on. Queries of what is older than three
// hours do not look at what was not written to chunks yet.
type real struct {
	url  string
	base time.Time
}

func (r *real) span(from, to time.Duration) incident.Window {
	return incident.Window{From: r.base.Add(from), To: r.base.Add(to)}
}

// TestRealSource reads from a Loki what it was given.
func TestRealSource(t *testing.T) {
	r := &real{servers.Start(t, servers.Loki, servers.Options{}).URL, time.Now().Add(-2 * time.Hour).Truncate(time.Second)}
	var few []pushed
	for i := range 200 {
		few = append(few, pushed{
			labels: map[string]string{"instance": fmt.Sprintf("10.0.0.%d:9092", i%2), "app": "db", "level": "info"},
			at:     r.base.Add(time.Duration(i) * 100 * time.Millisecond), text: fmt.Sprintf("line %d", i), meta: map[string]string{"trace_id": fmt.Sprintf("t%d", i)},
		})
	}
	give(t, r.url, few)
	t.Run("lines", r.lines)
	t.Run("edge", r.edge)
	t.Run("suite", r.suite)
}

func (r *real) lines(t *testing.T) {
	src := source(t, r.url)
	found, err := src.Discover(t.Context(), r.span(0, time.Minute))
	if err != nil || len(found.Nodes) != 2 || found.Nodes[0].Host != "10.0.0.0" || found.Nodes[0].Service != "db" {
		t.Errorf("found %+v, %v", found, err)
	}
	t.Log(found.Holds)
	got := collect(t, src, connectors.Ask{Span: r.span(0, time.Minute), Nodes: []connectors.Node{{Names: []string{"10.0.0.1:9092"}}}})
	if len(got.Lines) != 100 || got.Lines[0].TraceID != "t1" || got.Lines[0].Level != telemetry.Info || got.Lines[0].Attributes["app"] != "db" {
		t.Errorf("%d lines: %+v", len(got.Lines), got.Lines[:min(1, len(got.Lines))])
	}
}

// edge has many lines of one moment, of two streams, on the edges of pages.
func (r *real) edge(t *testing.T) {
	var edge []pushed
	for i := range 12_000 {
		edge = append(edge, pushed{labels: map[string]string{"host": "edge", "file": fmt.Sprint(i % 2)}, at: r.base.Add(5*time.Minute + time.Duration(i/3000)), text: fmt.Sprint(i)})
	}
	give(t, r.url, edge)
	src := source(t, r.url)
	got := collect(t, src, connectors.Ask{Span: r.span(5*time.Minute, 6*time.Minute)})
	seen := make(map[string]int)
	for _, l := range got.Lines {
		seen[string(l.Body)]++
	}
	if len(seen) != 12_000 || len(got.Lines) != 12_000 {
		t.Errorf("%d of 12000 lines, %d different, missing %v", len(got.Lines), len(seen), got.Missing)
	}
}

func (r *real) suite(t *testing.T) {
	begun := time.Now()
	var many []pushed
	for i := range 1_000_000 {
		many = append(many, pushed{
			labels: map[string]string{"host": fmt.Sprintf("h%d", i%4)}, at: r.base.Add(10*time.Minute + time.Duration(i)*time.Millisecond),
			text: fmt.Sprintf("line %d of some length, as they are", i),
		})
		if len(many) == 20_000 {
			give(t, r.url, many)
			many = many[:0]
		}
	}
	t.Logf("1,000,000 lines pushed in %v", time.Since(begun).Round(time.Second))
	sourcetest.Run(t, sourcetest.Subject{
		New: func(at fetch.Settings) (connectors.Source, error) {
			return loki.NewSource(loki.SourceConfig{Settings: at})
		},
		Server: r.url, Parts: true,
		Ask:   connectors.Ask{Span: r.span(0, time.Minute)},
		Empty: connectors.Ask{Span: r.span(-40*time.Minute, -30*time.Minute)},
		Many:  &sourcetest.Many{Ask: connectors.Ask{Span: r.span(10*time.Minute, 40*time.Minute)}, Within: 10 * time.Minute},
	})
}

// pushed is a line on its way to a Loki.
type pushed struct {
	labels map[string]string
	at     time.Time
	text   string
	meta   map[string]string
}

func give(t testing.TB, url string, lines []pushed) {
	t.Helper()
	type stream struct {
		Stream map[string]string `json:"stream"`
		Values [][]any           `json:"values"`
	}
	by := make(map[string]*stream)
	var all []*stream
	for _, l := range lines {
		key := fmt.Sprint(l.labels)
		if by[key] == nil {
			by[key] = &stream{Stream: l.labels}
			all = append(all, by[key])
		}
		value := []any{fmt.Sprint(l.at.UnixNano()), l.text}
		if l.meta != nil {
			value = append(value, l.meta)
		}
		by[key].Values = append(by[key].Values, value)
	}
	body, err := json.Marshal(map[string]any{"streams": all})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.TrimRight(url, "/")+"/loki/api/v1/push", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if said, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("push: %s, %v, %.500s", resp.Status, err, said)
	}
}
