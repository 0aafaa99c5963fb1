package iotdb_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/connectors/iotdb"
	"triagent/connectors/sourcetest"
	"triagent/incident"
	"triagent/lab/iotdb/cluster"
	"triagent/lab/iotdb/clustertest"
)

// then is when the users' series of the suite begin.
var then = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)

// asRoot lets requests in at the cluster.
type asRoot struct{ http.RoundTripper }

func (a asRoot) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth("root", "root")
	return a.RoundTripper.RoundTrip(r)
}

// fill writes series of rows, one a second, of devices below a database.
func fill(t testing.TB, p *cluster.Plan, database string, devices, series, rows int) {
	t.Helper()
	for d := range devices {
		for from := 0; from < rows; from += 1000 {
			w := &cluster.Tablet{Device: fmt.Sprintf("%s.n%d", database, d)}
			for i := from; i < min(from+1000, rows); i++ {
				w.Timestamps = append(w.Timestamps, then.Add(time.Duration(i)*time.Second).UnixMilli())
			}
			for k := range series {
				w.Measurements, w.Types = append(w.Measurements, fmt.Sprintf("s%d", k)), append(w.Types, "DOUBLE")
				column := make([]float64, len(w.Timestamps))
				for i := range column {
					column[i] = float64(from + i + k)
				}
				w.Values = append(w.Values, column)
			}
			if err := p.Insert(t.Context(), w); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func subject(server, database string, span time.Duration) sourcetest.Subject {
	return sourcetest.Subject{
		New: func(at fetch.Settings) (connectors.Source, error) {
			return iotdb.New(iotdb.Config{Settings: at, Series: []iotdb.Pattern{{Path: database + ".*.*", Node: `\.(n\d+)\.`, Step: time.Second}}})
		},
		Server: server,
		Ask:    connectors.Ask{Span: incident.Window{From: then, To: then.Add(span)}},
		Empty:  connectors.Ask{Span: incident.Window{From: then.Add(-48 * time.Hour), To: then.Add(-48*time.Hour + span)}},
	}
}

// TestSuite runs the suite for sources against recorded answers.
func TestSuite(t *testing.T) {
	server := sourcetest.Cassette(t, sourcetest.Tape{File: "testdata/suite.json", Live: func(t testing.TB) (string, http.RoundTripper) {
		p := clustertest.Open(t)
		fill(t, p, "root.suite", 3, 2, 300)
		return p.REST()[0], asRoot{http.DefaultTransport}
	}})
	sourcetest.Run(t, subject(server, "root.suite", 5*time.Minute))
}

// TestSuiteLive runs it against a real cluster, with a million rows.
func TestSuiteLive(t *testing.T) {
	p := clustertest.Open(t)
	fill(t, p, "root.suite", 3, 2, 300)
	fill(t, p, "root.many", 1, 100, 10_000)
	s := subject(p.REST()[0], "root.suite", 5*time.Minute)
	s.Transport = asRoot{http.DefaultTransport}
	s.Many = &sourcetest.Many{Ask: subject("", "", 10_000*time.Second).Ask, Rows: 1_000_000}
	s.New = func(at fetch.Settings) (connectors.Source, error) {
		return iotdb.New(iotdb.Config{Settings: at, Series: []iotdb.Pattern{
			{Path: "root.suite.*.*", Node: `\.(n\d+)\.`, Step: time.Second},
			{Path: "root.many.*.*", Node: `\.(n\d+)\.`, Step: time.Second},
		}})
	}
	sourcetest.Run(t, s)
}
