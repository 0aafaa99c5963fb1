package app

import (
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"triagent/incident"
	"triagent/internal/errs"
)

// TestSystems reads declarations of systems; what is wrong is named with its
// place.
func TestSystems(t *testing.T) {
	good := `systems:
  - name: plant
    kind: iotdb
    log_zone: Asia/Shanghai
    within: 20s
    sources:
      - kind: prometheus
        url: http://127.0.0.1:9090
        match: '{cluster="plant"}'
        timeout: 5s
      - kind: prometheus
        name: other
        url: https://prometheus.example.org/x
        user: u
        password: p
`
	s, err := parseSettings(t.Context(), "t.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	all, err := openSystems(s.Systems, nil)
	if err != nil {
		t.Fatal(err)
	}
	sys := all.of("Plant")
	if sys == nil || sys.Kind != "iotdb" || sys.Zone.String() != "Asia/Shanghai" || len(sys.Sources) != 2 || sys.Sources[0].Name != "prometheus" ||
		sys.Sources[1].Name != "other" || sys.Sources[0].At != "http://127.0.0.1:9090" {
		t.Errorf("%+v", sys)
	}
	if all.of("") != sys || all.of("shop") != nil {
		t.Error("the only system is that of an incident that names none, and not of one that names another")
	}
	if err := all.close(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"timeout: 5s", "timout: 5s", "t.yaml:10:"},
		{"kind: prometheus\n        url", "kind: promethus\n        url", `t.yaml:7:15: systems[0].sources[0].kind: unknown kind "promethus"; did you mean prometheus? (kinds are: `},
		{"kind: prometheus\n        url: http", "kind: prometheus\n        url: gopher", "t.yaml:8:14: systems[0].sources[0].url: "},
		{"within: 20s", "within: 20h", "t.yaml:5:13: systems[0].within"},
		{"kind: iotdb", "kind: postgres", `t.yaml:3:11: systems[0].kind: unknown kind "postgres"; did you mean postgresql? (kinds are: envoy, `},
		{"name: plant", "name: ''", "a name of its own"},
		{"Asia/Shanghai", "Mars/Olympus", "t.yaml:4:"},
		{"password: p", "", "t.yaml:14:15: systems[0].sources[1]: user and password belong together"},
	} {
		_, err := parseSettings(t.Context(), "t.yaml", []byte(strings.Replace(good, c.from, c.to, 1)))
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s -> %s: %v, want %s", c.from, c.to, err, c.want)
		}
	}
}

// TestKinds opens a source of every kind with the least that it needs.
func TestKinds(t *testing.T) {
	least := map[string]string{
		"alertmanager": "url: http://127.0.0.1:9093", "elastic": "url: http://127.0.0.1:9200", "files": "paths: [/var/log/*.log]",
		"iotdb": "urls: ['http://127.0.0.1:18080'], user: u, password: p", "jaeger": "url: http://127.0.0.1:16686",
		"kubernetes": "url: https://127.0.0.1:6443, token: t", "loki": "url: http://127.0.0.1:3100", "otlp": "dir: " + t.TempDir(),
		"postgresql": "hosts: [127.0.0.1], user: u", "prometheus": "url: http://127.0.0.1:9090",
	}
	for _, kind := range kindNames() {
		s, err := parseSettings(t.Context(), "t.yaml", []byte("systems: [{name: s, sources: [{kind: "+kind+", "+least[kind]+"}]}]"))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		all, err := openSystems(s.Systems, nil)
		if err != nil || all.list[0].Sources[0].At == "" {
			t.Errorf("%s: %+v, %v", kind, all, err)
			continue
		}
		if err := all.close(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if _, err := parseSettings(t.Context(), "t.yaml", []byte("systems: [{name: s, sources: [{kind: "+kind+", odd: 1}]}]")); err == nil || !strings.Contains(err.Error(), "t.yaml:1:") {
			t.Errorf("%s: an unknown key: %v", kind, err)
		}
	}
}

// TestReceives has the service take traces in for a source that is sent to.
func TestReceives(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	set, err := parseSettings(t.Context(), "t.yaml", []byte("systems: [{name: shop, sources: [{kind: otlp, dir: '"+t.TempDir()+"', grpc: none, http: '"+at+"'}]}]"))
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, set)
	now := strconv.FormatInt(time.Now().UnixNano(), 10)
	resp, err := http.Post("http://"+at+"/v1/traces", "application/json", strings.NewReader(`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.instance.id","value":{"stringValue":"web-1"}}]},
		"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"pay","kind":2,"startTimeUnixNano":"`+now+`","endTimeUnixNano":"`+now+`"}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("status %d, %v", resp.StatusCode, err)
	}
	inv := r.svc.systems.of("shop").Discover(t.Context(), incident.Window{From: time.Now().Add(-time.Minute), To: time.Now().Add(time.Minute)})
	if len(inv.Topology.Nodes) != 1 || inv.Topology.Nodes[0].ID != "web-1" {
		t.Errorf("nodes %+v, sources %+v", inv.Topology.Nodes, inv.Sources)
	}
	all, err := r.svc.meter.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	spans := 0.0
	for _, family := range all {
		for _, m := range family.GetMetric() {
			if family.GetName() == "triagent_otlp_items_total" {
				spans += m.GetCounter().GetValue()
			}
		}
	}
	if spans != 1 {
		t.Errorf("the metrics tell of %v spans, want 1", spans)
	}
}

// TestUndeclared shows what is said of a system that the settings do not name.
func TestUndeclared(t *testing.T) {
	set, err := parseSettings(t.Context(), "t.yaml", []byte("systems: [{name: shop, kind: mysql, sources: [{kind: prometheus, url: 'http://127.0.0.1:1'}]}]"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := openSystems(set.Systems, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for name, declared := range map[string]bool{"Shop": true, "": true, "mysql": true, "plant": false} {
		if (all.of(name) != nil) != declared {
			t.Errorf("system %q: declared %v", name, !declared)
		}
	}
	found, err := undeclared{all.unknown("plant").Error()}.Discover(t.Context(), incident.Window{})
	if err != nil || len(found.Lacks) != 1 || !strings.Contains(found.Lacks[0].Why, `no system "plant" is declared; there are: shop`) {
		t.Errorf("%+v, %v", found, err)
	}
}
