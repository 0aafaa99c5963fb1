package elastic_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/elastic"
	"triagent/connectors/fetch"
	"triagent/connectors/sourcetest"
	"triagent/incident"
)

func TestSuite(t *testing.T) {
	for name, path := range map[string]string{"elasticsearch": "/_pit", "opensearch": "/_search/point_in_time"} {
		t.Run(name, func(t *testing.T) {
			f := &fake{n: 110_000, step: 5 * time.Millisecond, open: path}
			s := sourcetest.Subject{
				New: func(at fetch.Settings) (connectors.Source, error) {
					return elastic.New(elastic.Config{Settings: at})
				},
				Server: f.start(t), Parts: true,
				Ask:   connectors.Ask{Span: spanOf(2 * time.Second)},
				Empty: connectors.Ask{Span: incident.Window{From: began.Add(-time.Hour), To: began.Add(-time.Minute)}},
			}
			if name == "elasticsearch" {
				s.Many = &sourcetest.Many{Ask: connectors.Ask{Span: spanOf(500 * time.Second)}, Rows: 100_000} // a million: TestReal
			}
			sourcetest.Run(t, s)
		})
	}
}

func TestFlavour(t *testing.T) {
	for name, path := range map[string]string{"elasticsearch": "/_pit", "opensearch": "/_search/point_in_time"} {
		for _, flavour := range []string{"", "auto", name} {
			f := &fake{n: 100, step: time.Second, open: path}
			src := source(t, f.start(t), func(c *elastic.Config) { c.Flavour = flavour })
			for range 2 {
				if got := collect(t, src, connectors.Ask{Span: spanOf(time.Minute)}); len(got.Lines) != 60 || f.still() != 0 {
					t.Errorf("%s as %q: %d lines, %d points in time are open", name, flavour, len(got.Lines), f.still())
				}
			}
			if n := src.Load().Requests; name == flavour && n != 12 || n > 13 {
				t.Errorf("%s as %q: %d requests", name, flavour, n)
			}
		}
	}
	f := &fake{n: 100, step: time.Second, open: "/never"}
	src := source(t, f.start(t))
	if err := src.Collect(t.Context(), connectors.Ask{Span: spanOf(time.Minute)}, &sourcetest.Recorder{}); err == nil {
		t.Error("a server without points in time is read")
	}
}

// TestGivesUp leaves no point in time open where the caller or the sink gives up.
func TestGivesUp(t *testing.T) {
	f := &fake{n: 100_000, step: time.Millisecond, open: "/_pit"}
	src := source(t, f.start(t))
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	if err := src.Collect(ctx, connectors.Ask{Span: spanOf(time.Minute)}, &stopping{stop: func() { cancel(why) }}); !errors.Is(err, why) || f.still() != 0 {
		t.Errorf("%v, %d are open", err, f.still())
	}
	if err := src.Collect(t.Context(), connectors.Ask{Span: spanOf(time.Minute)}, &sourcetest.Recorder{Stop: why, After: 7}); !errors.Is(err, why) || f.still() != 0 {
		t.Errorf("%v, %d are open", err, f.still())
	}
}

// TestPartial tells what an answer lacks, in each way in which one says so.
func TestPartial(t *testing.T) {
	for want, tell := range map[string]map[string]any{
		"2 of 5 shards failed or are down, of logs-1: node_x: gone": {"_shards": map[string]any{"total": 5, "failed": 2, "failures": []any{
			map[string]any{"index": "logs-1", "reason": map[string]any{"type": "node_x", "reason": "gone\n"}},
		}}},
		"1 of 3 shards":                  {"_shards": map[string]any{"total": 3, "successful": 2, "failed": 0}},
		"ran out of time":                {"timed_out": true},
		"1 of 2 clusters behind it gave": {"_clusters": map[string]any{"total": 2, "skipped": 1}},
	} {
		f := &fake{n: 100, step: time.Second, open: "/_pit", tell: tell}
		src := source(t, f.start(t))
		got := collect(t, src, connectors.Ask{Span: spanOf(time.Minute)})
		if len(got.Missing) != 3 || !strings.Contains(got.Missing[0].Why, want) { // of the list, and of two nodes
			t.Errorf("missing %+v, want %q", got.Missing, want)
		}
		found, err := src.Discover(t.Context(), spanOf(time.Minute))
		if err != nil || len(found.Lacks) != 1 || !strings.Contains(found.Lacks[0].Why, want) {
			t.Errorf("lacks %+v, %v, want %q", found.Lacks, err, want)
		}
	}
}

func TestConfig(t *testing.T) {
	at := fetch.Settings{URL: "http://127.0.0.1:1"}
	user := at
	user.User, user.Password = "a", "b"
	for name, c := range map[string]elastic.Config{
		"no url": {}, "flavour": {Settings: at, Flavour: "solr"}, "index": {Settings: at, Index: "../_all"}, "slash": {Settings: at, Index: "a/b"},
		"field": {Settings: at, Fields: elastic.Fields{Node: []string{"a b"}}}, "lines": {Settings: at, MaxLines: -1}, "time": {Settings: at, Fields: elastic.Fields{Time: "*"}},
		"long field": {Settings: at, Fields: elastic.Fields{Node: []string{strings.Repeat("é", 201)}}}, "long index": {Settings: at, Index: strings.Repeat("é", 501)},
		"two log-ins": {Settings: user, APIKey: "x"}, "query": {Settings: at, Query: strings.Repeat("x", 10_001)},
	} {
		if _, err := elastic.New(c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := elastic.New(elastic.Config{Settings: at, Index: "<logs-{now/d}>,.ds-logs-*,-logs-old,far:logs-*"}); err == nil {
		t.Error("a slash in the name of an index is taken") // it would end the path
	}
	if _, err := elastic.New(elastic.Config{Settings: at, Index: strings.Repeat("é", 500), Fields: elastic.Fields{Node: []string{strings.Repeat("é", 200)}}}); err != nil {
		t.Error(err)
	}
	if _, err := elastic.New(elastic.Config{Settings: at, Index: ".ds-logs-*,-logs-old,far:logs-*", APIKey: "x"}); err != nil {
		t.Error(err)
	}
}

func TestLimit(t *testing.T) {
	f := &fake{n: 1000, step: time.Second, open: "/_pit"}
	got := collect(t, source(t, f.start(t), func(c *elastic.Config) { c.MaxLines = 100 }), connectors.Ask{Span: spanOf(1000 * time.Second)})
	if n := len(got.Lines); n > 100 || n < 90 || len(got.Reduced) != 2 {
		t.Errorf("%d lines, reduced %+v", n, got.Reduced)
	}
	if r := fmt.Sprint(got.Reduced); !strings.Contains(r, "500") || !strings.Contains(r, "POST /logs-*") {
		t.Errorf("reduced %s", r)
	}
}
