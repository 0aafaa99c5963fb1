package elastic_test

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
	"triagent/connectors/elastic"
	"triagent/connectors/fetch"
	"triagent/connectors/sourcetest"
	"triagent/incident"
	"triagent/lab/servers"
)

var began = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func spanOf(d time.Duration) incident.Window { return incident.Window{From: began, To: began.Add(d)} }

// server is a real one.
type server struct {
	*servers.Server
	t testing.TB
}

func start(t *testing.T, kind servers.Kind, version string) *server {
	t.Helper()
	return &server{servers.Start(t, kind, servers.Options{Version: version}), t}
}

// call asks the server and returns its answer.
func (s *server) call(method, path, body string) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode/100 != 2 {
		s.t.Fatalf("%s %s: %s, %v, %.500s", method, path, resp.Status, err, b)
	}
	return string(b)
}

// put indexes documents, ten thousand at once.
func (s *server) put(index string, n int, doc func(i int) string) {
	s.t.Helper()
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "{\"create\":{}}\n%s\n", doc(i))
		if (i+1)%10_000 == 0 || i == n-1 {
			if said := s.call("POST", "/"+index+"/_bulk?filter_path=errors,items.*.error", b.String()); !strings.Contains(said, `"errors":false`) {
				s.t.Fatalf("%.500s", said)
			}
			b.Reset()
		}
	}
	s.call("POST", "/"+index+"/_refresh", "")
}

// open is how many points in time and scrolls are open.
func (s *server) open() int {
	s.t.Helper()
	var stats struct {
		Nodes map[string]struct {
			Indices struct {
				Search struct {
					Open int `json:"open_contexts"`
				} `json:"search"`
			} `json:"indices"`
		} `json:"nodes"`
	}
	if err := json.Unmarshal([]byte(s.call("GET", "/_nodes/stats/indices/search", "")), &stats); err != nil {
		s.t.Fatal(err)
	}
	n := 0
	for _, x := range stats.Nodes {
		n += x.Indices.Search.Open
	}
	return n
}

func source(t testing.TB, url string, change ...func(*elastic.Config)) *elastic.Source {
	t.Helper()
	c := elastic.Config{Settings: fetch.Settings{URL: url, Rate: 1000, Proxy: "none"}}
	for _, f := range change {
		f(&c)
	}
	s, err := elastic.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func collect(t testing.TB, s *elastic.Source, ask connectors.Ask) sourcetest.Got {
	t.Helper()
	var rec sourcetest.Recorder
	if err := s.Collect(t.Context(), ask, &rec); err != nil {
		t.Fatal(err)
	}
	return rec.Got()
}

func stamp(d time.Duration) string { return began.Add(d).Format("2006-01-02T15:04:05.000Z") }
