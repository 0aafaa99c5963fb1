package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/store"
)

// TestOutage has a source that does not answer become an incident that says which
// source of which system, since when, why, what is missing and what to do, in both
// languages, and end when it answers again.
func TestOutage(t *testing.T) {
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(prometheus.Close)
	set, err := parseSettings(t.Context(), "plant.yaml", []byte("hooks: {settle: 100ms}\nlang: zh\nsystems: [{name: plant, sources: [{kind: prometheus, retries: -1, url: '"+prometheus.URL+"'}]}]"))
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, set).admin()
	out := make(map[string]*outage)
	for range tellAfter {
		r.svc.lookAt(t.Context(), r.svc.systems.list[0], out)
	}
	list := r.incidents()
	if len(list) != 1 {
		t.Fatalf("%d incidents", len(list))
	}
	inc, err := r.svc.store.Incident(t.Context(), list[0].ID)
	if err != nil || inc.Title != "系统 plant 的数据源 prometheus 没有应答" {
		t.Errorf("title %q, %v", inc.Title, err)
	}
	alerts, _, err := r.svc.store.Alerts(t.Context(), store.AlertFilter{Incident: inc.ID})
	if err != nil || len(alerts) != 1 {
		t.Fatalf("%+v, %v", alerts, err)
	}
	notes, _ := json.Marshal(alerts[0].Annotations)
	for _, want := range []string{
		"Source prometheus of system plant does not answer", prometheus.URL, "has not answered since 20", "the last error: ", "diagnoses of plant lack its metrics",
		"run: triagent check connectors --config plant.yaml --system plant", "拒绝访问", "将缺少：指标",
	} {
		if !strings.Contains(string(notes), want) {
			t.Errorf("%s is not said in %s", want, notes)
		}
	}
	if strings.Contains(string(notes), "%!") {
		t.Errorf("words: %s", notes)
	}
	o := out["plant/prometheus"]
	if _, err := r.svc.intake.Take(t.Context(), []connectors.Alert{o.alert(r.svc.set, time.Now())}); err != nil {
		t.Fatal(err)
	}
	r.until("it answers again", func() bool {
		inc, err = r.svc.store.Incident(t.Context(), inc.ID)
		return err == nil && inc.Status == store.Resolved
	})
}

// TestGives has words for every kind of source.
func TestGives(t *testing.T) {
	for _, kind := range kindNames() {
		if gives[kind][0] == "" || gives[kind][1] == "" {
			t.Errorf("nothing says what %s gives", kind)
		}
	}
}
