package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"triagent/lab/servers"
	"triagent/telemetry"
)

// TestCollected declares a system with a real Prometheus: an alert about one of
// its nodes is diagnosed from what Prometheus remembers, and a source that does
// not answer is named.
func TestCollected(t *testing.T) {
	var targets []string
	for range 3 {
		begun := time.Now()
		node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = fmt.Fprintf(w, "# TYPE requests_total counter\nrequests_total %d\n", time.Since(begun).Milliseconds())
		}))
		t.Cleanup(node.Close)
		targets = append(targets, strings.TrimPrefix(node.URL, "http://"))
	}
	prometheus := servers.Start(t, servers.Prometheus, servers.Options{Config: fmt.Sprintf(`
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: shop
    static_configs: [{targets: [%s]}]
`, strings.Join(targets, ", "))})
	settings := fmt.Sprintf(`
hooks: {settle: 200ms}
systems:
  - name: shop
    kind: mysql
    within: 10s
    sources:
      - {kind: prometheus, url: '%s'}
      - {kind: prometheus, name: gone, url: 'http://127.0.0.1:1', retries: -1}
`, prometheus.URL)
	set, err := parseSettings(t.Context(), "t.yaml", []byte(settings))
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, set).admin()
	r.until("Prometheus has scraped a while", func() bool {
		answer, err := http.Get(prometheus.URL + "/api/v1/query?query=min(count_over_time(up[1m]))")
		if err != nil {
			t.Fatal(err)
		}
		var body struct {
			Data struct {
				Result []struct{ Value [2]any }
			}
		}
		defer func() { _ = answer.Body.Close() }()
		if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
		return len(body.Data.Result) == 1 && fmt.Sprint(body.Data.Result[0].Value[1]) >= "4"
	})
	r.token = r.newToken("hooks")
	r.want(http.StatusOK, "POST", "/hooks/alertmanager", map[string]any{"version": "4", "groupKey": "g", "alerts": []any{map[string]any{
		"status": "firing", "labels": map[string]string{"alertname": "Slow", "instance": targets[1], "cluster": "shop"}, "startsAt": time.Now().Format(time.RFC3339Nano),
	}}}, nil)
	r.token = ""
	var in wireIncident
	r.until("the incident is diagnosed", func() bool {
		if list := r.incidents(); len(list) == 1 {
			in = list[0]
		}
		return in.Progress == "done"
	})
	kept, err := r.svc.store.Incident(t.Context(), in.ID)
	if err != nil {
		t.Fatal(err)
	}
	path, err := r.svc.store.BundlePath(kept.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	b, err := telemetry.Open(t.Context(), path, telemetry.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Tables) != 3 || string(b.Incident.Alert.Node) != targets[1] || b.Tables[0].Column("requests:per_s") == nil || len(b.Alerts) != 1 {
		t.Errorf("%d tables, alert %+v, %d alerts", len(b.Tables), b.Incident.Alert, len(b.Alerts))
	}
	if s := b.Collected.Sources; len(s) != 3 || s[0].Failed != "" || !strings.Contains(s[1].Failed, "nothing listens there") {
		t.Errorf("sources %+v", s)
	}
	var d struct{ Missing []struct{ What, Why string } }
	r.want(http.StatusOK, "GET", "/incidents/"+in.ID+"/diagnosis", nil, &d)
	if said := fmt.Sprint(d.Missing); !strings.Contains(said, "everything of gone") || strings.Contains(said, "{metrics not in the bundle}") {
		t.Errorf("missing %v", d.Missing)
	}
}
