package cluster

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sleeper starts a program of a lab that ends by itself after a minute.
func sleeper(t *testing.T, p *Plan, name string) {
	t.Helper()
	dir := filepath.Join(p.Dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("sleep is not installed")
	}
	if err := p.spawn(program{name: name, dir: dir, path: path, args: []string{"60"}}); err != nil {
		t.Fatal(err)
	}
}

func newPlan(t *testing.T) *Plan {
	t.Helper()
	p := &Plan{Dir: t.TempDir()}
	if err := p.fill(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.end(context.Background(), 0); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestEnd(t *testing.T) {
	p, other := newPlan(t), newPlan(t)
	for _, name := range []string{"datanode-3", "datanode-4"} {
		sleeper(t, p, name)
	}
	sleeper(t, other, "datanode-3")
	if err := p.Pause("datanode-3"); err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(t.Context(), "datanode-3"); err != nil { // paused, too
		t.Fatal(err)
	}
	if all, err := p.Running(); err != nil || len(all) != 1 || len(all["datanode-4"]) != 1 {
		t.Errorf("after one was killed: %v, %v", all, err)
	}
	// A program that knows nothing but the folder ends the rest.
	if err := (&Plan{Dir: p.Dir}).end(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if all, err := p.Running(); err != nil || len(all) != 0 {
		t.Errorf("after all were ended: %v, %v", all, err)
	}
	if all, err := other.Running(); err != nil || len(all) != 1 {
		t.Errorf("of another lab: %v, %v", all, err)
	}
	if err := p.Kill(t.Context(), "datanode-3"); err == nil {
		t.Error("what does not run cannot be killed")
	}
	if err := p.Kill(t.Context(), "datanode-9"); err == nil || !strings.Contains(err.Error(), "datanode-5") {
		t.Errorf("an unknown node: %v", err)
	}
}

func TestPlan(t *testing.T) {
	p := newPlan(t)
	seen := make(map[string]bool)
	for _, n := range p.Nodes() {
		for k := range 20 {
			if at := n.At(n.port(k)); seen[at[strings.LastIndexByte(at, ':'):]] {
				t.Errorf("port of %s is another's", at)
			} else {
				seen[at[strings.LastIndexByte(at, ':'):]] = true
			}
		}
		g, err := p.configure(n, "/jars")
		if err != nil {
			t.Fatal(err)
		}
		conf, err := os.ReadFile(filepath.Join(g.dir, "conf", "iotdb-system.properties"))
		if err != nil || strings.Contains(string(conf), "<no value>") || !strings.Contains(string(conf), n.Addr) {
			t.Errorf("%s: %v\n%s", n.Name, err, conf)
		}
	}
	p.Webhook = "http://127.0.0.1:1/hook"
	list, err := p.monitors()
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	conf, err := os.ReadFile(filepath.Join(list[0].dir, "prometheus.yml"))
	if err != nil || !strings.Contains(string(conf), "127.0.0.15:20101") || !strings.Contains(string(conf), p.Alertmanager()) {
		t.Errorf("%v\n%s", err, conf)
	}
	if err := p.save(); err == nil {
		t.Error("a folder that holds something else became a lab")
	}
	q := &Plan{Dir: filepath.Join(p.Dir, "new"), Scrape: 2 * time.Second}
	if err := q.fill(); err != nil {
		t.Fatal(err)
	}
	if err := q.save(); err != nil {
		t.Fatal(err)
	}
	if got, err := Open(q.Dir); err != nil || *got != *q {
		t.Errorf("%+v, %v, want %+v", got, err, q)
	}
	for _, bad := range []Plan{{}, {Dir: "x", Net: "here"}, {Dir: "x", DataNodes: 9}, {Dir: "x", Port: 80}} {
		if err := bad.fill(); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
