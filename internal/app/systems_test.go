package app

import (
	"strings"
	"testing"

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
	s, err := parseSettings("t.yaml", []byte(good))
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
		{"kind: prometheus\n        url", "kind: promethus\n        url", `"promethus" is no kind of source; there are: `},
		{"kind: prometheus\n        url: http", "kind: prometheus\n        url: gopher", "t.yaml:7:"},
		{"within: 20s", "within: 20h", "t.yaml:5:"},
		{"name: plant", "name: ''", "a name of its own"},
		{"Asia/Shanghai", "Mars/Olympus", "t.yaml:4:"},
		{"password: p", "", "user and password belong together"},
	} {
		_, err := parseSettings("t.yaml", []byte(strings.Replace(good, c.from, c.to, 1)))
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s -> %s: %v, want %s", c.from, c.to, err, c.want)
		}
	}
}
