package prometheus_test

import (
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/connectors/prometheus"
	"triagent/connectors/sourcetest"
	"triagent/incident"
)

// TestSuite runs what every source must keep.
func TestSuite(t *testing.T) {
	p := serve(t, "", hour(3, 24))
	long := serve(t, "", hour(14, 300))
	sourcetest.Run(t, sourcetest.Subject{
		New: func(at fetch.Settings) (connectors.Source, error) {
			return prometheus.New(prometheus.Config{Settings: at})
		},
		Server: p.url,
		Ask:    connectors.Ask{Span: incident.Window{From: began, To: began.Add(time.Hour)}},
		Empty:  connectors.Ask{Span: incident.Window{From: began.AddDate(1, 0, 0), To: began.AddDate(1, 0, 0).Add(time.Hour)}},
		Many:   &sourcetest.Many{Server: long.url, Ask: connectors.Ask{Span: incident.Window{From: began, To: began.Add(time.Hour)}}, Rows: 1_000_000},
		Parts:  true,
	})
}
