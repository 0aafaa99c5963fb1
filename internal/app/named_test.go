package app

import (
	"net/http"
	"testing"
	"time"
)

// TestNoSystemLabel has two alerts about one node, of which the first names no
// system: the incidents are of the declared one, and its nodes are kept once.
func TestNoSystemLabel(t *testing.T) {
	set, err := parseSettings(t.Context(), "t.yaml", []byte(`
hooks: {settle: 50ms}
systems: [{name: plant, kind: iotdb, within: 2s, sources: [{kind: prometheus, url: 'http://127.0.0.1:1', retries: -1}]}]
`))
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, set).admin()
	hooks := r.newToken("hooks")
	alert := func(labels map[string]string, begun time.Time) {
		r.token = hooks
		r.want(http.StatusOK, "POST", "/hooks/alertmanager", map[string]any{"version": "4", "groupKey": labels["alertname"], "alerts": []any{map[string]any{
			"status": "firing", "labels": labels, "startsAt": begun.Format(time.RFC3339Nano),
		}}}, nil)
		r.token = ""
	}
	alert(map[string]string{"alertname": "Slow", "instance": "10.0.0.1:6667"}, time.Now().Add(-3*time.Hour))
	alert(map[string]string{"alertname": "Down", "instance": "10.0.0.1:6667", "cluster": "plant"}, time.Now())
	r.until("all incidents are diagnosed", func() bool {
		list := r.incidents()
		for _, in := range list {
			if in.Progress != "done" {
				return false
			}
		}
		return len(list) > 0
	})
	for _, in := range r.incidents() {
		kept, err := r.svc.store.Incident(t.Context(), in.ID)
		if err != nil {
			t.Fatal(err)
		}
		if kept.System != "plant" {
			t.Errorf("%s is of system %q", in.ID, kept.System)
		}
	}
	nodes, _, err := r.svc.store.Topology(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes) != 1 || nodes[0].System != "plant" {
		t.Errorf("nodes %+v", nodes)
	}
}
